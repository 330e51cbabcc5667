"""Import of devices and single reports. Identifiers of apps that are not active are dropped first."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gatepost.actions.activation import matcher
from gatepost.actions.certificates import Certificates, give_up
from gatepost.actions.change import Change, changing, new_ref
from gatepost.actions.device_passwords import revoke_all
from gatepost.actions.import_people import Imported, Progress, too_many
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh, refresh_many
from gatepost.actions.who import ADMIN, OPERATOR, acting
from gatepost.core.fleet.app import app_of
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.finding import NOTHING, after_report
from gatepost.core.instant import ALWAYS, NEVER
from gatepost.core.ledger.events import AttestationVoided, CheckedOut, DevicesImported
from gatepost.core.policy.verdict import Outcome
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import instant_text
from gatepost.documents.devices_file import DeviceRow, read_device_report, read_devices
from gatepost.storage import audience, devices, exceptions, identities, people, sitemeta
from gatepost.storage.devices import Known

LISTED = "seen-"
"""How the ids of devices begin that only a mail server knows."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A single report that was taken in. `fresh`: false if it was older than what is known, and so said nothing."""

    device: str
    fresh: bool
    outcome: str


class Owners:
    """People by id, mail address and login."""

    def __init__(self, conn: Connection) -> None:
        self._ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for person in people.everybody(conn):
            self._ids[person.id] = person.ref
            for name in (*person.logins, *(email.casefold() for email in person.emails)):
                self._names.setdefault(name, person.ref)

    def find(self, name: str) -> str | None:
        return self._ids.get(name) or self._names.get(name.casefold())


class Intake:
    """Turns rows into known devices: the same for a file of 200,000 and for one report."""

    def __init__(self, change: Change, certificates: Certificates) -> None:
        self.change, self.certificates = change, certificates
        self.matcher = matcher(change.conn)
        self.revision = sitemeta.number(change.conn, sitemeta.CATALOGUE_REVISION)
        self.latest = change.now + change.site.settings.fleet.report_ahead

    def take(self, row: DeviceRow, owner: str | None, known: Known | None) -> Known | Refusal:
        """The device as it is known after this row."""
        if owner is None:
            return Refusal(Code.NO_SUCH_PERSON, "nobody is known by this owner; import people first")
        if row.reported_at is not None and row.reported_at > self.latest:
            at = instant_text(row.reported_at)
            return Refusal(
                Code.REPORT_AHEAD, f"reported_at {at} lies ahead of this site's clock; check the source's clock"
            )
        if (
            known is not None
            and not known.retired
            and known.device.owner != owner
            and not (row.shared and known.device.shared)
        ):
            return Refusal(
                Code.TWO_OWNERS,
                f"{row.id} belongs to somebody else already; check it out first, or mark it shared in both rows",
            )
        if known and not known.retired and (row.reported_at or NEVER) < (known.evidence.reported_at or ALWAYS):
            # Older than the last: it says nothing, but that a device manager has the device.
            return known._replace(device=replace(known.device, managed=True))
        device = Device(
            ref=known.device.ref if known else new_ref("d"),
            id=row.id,
            owner=known.device.owner if known and row.shared and not known.retired else owner,
            form=row.form,
            platform=row.platform,
            ownership=row.ownership,
            shared=row.shared,
            eas_id=row.eas_id,
        )
        if refused := self.certificates.take(device.ref, row.id, row.certificates):
            return refused
        evidence = known.evidence if known and not known.retired else NOTHING
        if row.reported_at is not None:
            apps = self.matcher.match(row.platform, row.apps)
            evidence = after_report(evidence, row.reported_at, row.visibility, self.revision, apps)
        elif evidence.reported_at is None:
            evidence = evidence._replace(visibility=row.visibility)
        return Known(device, evidence, retired=False)

    def says_new(self, item: Known, known: Known | None) -> bool:
        """Whether anything of the device is other than it was."""
        return item != known or item.device.ref in self.certificates.changed

    def write(self, changed: list[tuple[Known | None, Known]]) -> None:
        """Save, void attestations that a present contradicts, and bring standings up to date."""
        now = [item for _, item in changed]
        devices.save(self.change.conn, now)
        self.certificates.write(self.change)
        seen = {item.device.ref: {*map(app_of, item.evidence.present)} for item in now if item.evidence.present}
        for statement in exceptions.attestations_of(self.change.conn, seen):
            if statement.app in seen[statement.device]:
                self.change.record(AttestationVoided(statement.attestation, "present"))
        given_up = {
            was.device.eas_id.casefold()
            for was, item in changed
            if was and was.device.eas_id and was.device.eas_id.casefold() != item.device.eas_id.casefold()
        }
        refresh_many(self.change, (item.device.ref for item in now), given_up)


def report(site: Site, by: str | None, data: bytes) -> Reported | Refusal | tuple[Problem, ...]:
    """Take in one report: the fast way in for a single device."""
    row = read_device_report(data)
    if not isinstance(row, DeviceRow):
        return row
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        owner = people.find(change.conn, row.owner)
        known = _known(change.conn, row, owner.ref if owner else None)
        held = identities.certificates(change.conn, row.certificates or (), known.device.ref if known else "")
        taken = Intake(change, Certificates(held))
        item = taken.take(row, owner.ref if owner else None, known)
        if isinstance(item, Refusal):
            return item
        if taken.says_new(item, known):
            taken.write([(known, item)])
        fresh = row.reported_at is None or item.evidence.reported_at == row.reported_at
        outcome = audience.outcomes_of(change.conn, [item.device.ref]).get(item.device.ref, Outcome.ALLOW)
        return Reported(row.id, fresh, outcome.word)


def import_devices(
    site: Site,
    by: str | None,
    data: bytes,
    name: str,
    *,
    complete: bool = False,
    progress: Progress = lambda _rows: None,
) -> Imported | Refusal:
    """Take in a file of devices. With `complete`, missing ones are no longer managed; what is known of them stays."""
    rows = _read(data, name, progress)  # before the change: there is one writer, and a file may be long
    with changing(site) as change:
        actor = acting(change, by, ADMIN, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        known = {item.device.id: item for item in devices.everything(change.conn)}
        unmanaged = _unmanaged(known.values())
        result, seen, changed = Imported(), set[str](), list[tuple[Known | None, Known]]()
        certificates = Certificates(identities.certificates(change.conn))
        owners, taken = Owners(change.conn), Intake(change, certificates)
        for row in rows:
            if isinstance(row, Problem):
                result.rejected.append(row)
                continue
            problem = _take(row, name, owners, taken, known, unmanaged, seen, changed, result)
            if problem:
                result.rejected.append(problem)
        gone = _missing(known, seen) if complete else []
        managed = sum(item.device.managed and not item.retired for item in known.values())
        limit = site.settings.fleet.complete_limit_percent
        if len(gone) * 100 > limit * managed:
            return too_many(len(gone), managed, limit, "devices")
        result.retired = len(gone)
        change.record(
            DevicesImported(
                digest(data), result.added, result.changed, result.unchanged, result.retired, len(result.rejected)
            )
        )
        devices.unenrol(change.conn, gone)
        taken.write(changed)
    catch_up(site)
    return result


def _read(data: bytes, name: str, progress: Progress) -> list[DeviceRow | Problem]:
    rows = []
    for row in read_devices(io.BytesIO(data), name):
        rows.append(row)
        if len(rows) % 5000 == 0:
            progress(len(rows))
    return rows


def _take(
    row: DeviceRow,
    name: str,
    owners: Owners,
    taken: Intake,
    known: Mapping[str, Known],
    unmanaged: dict[tuple[str | None, str], Known],
    seen: set[str],
    changed: list[tuple[Known | None, Known]],
    result: Imported,
) -> Problem | None:
    if row.id in seen:
        return Problem(name, row.line, 0, "id", f"{row.id} stands in this file twice; the first row counts")
    owner = owners.find(row.owner)
    was = known.get(row.id) or unmanaged.pop((owner, row.eas_id.casefold()), None)
    item = taken.take(row, owner, was)
    if isinstance(item, Refusal):
        return Problem(name, row.line, 0, "", item.text)
    seen.add(row.id)
    if not taken.says_new(item, was):
        result.unchanged += 1
        return None
    changed.append((was, item))
    if was is None:
        result.added += 1
    else:
        result.changed += 1
    return None


def _known(conn: Connection, row: DeviceRow, owner: str | None) -> Known | None:
    """The device of this id; else the one that only a mail server knew until now."""
    known = devices.by_id(conn, [row.id]).get(row.id)
    if known or not row.eas_id:
        return known
    return _unmanaged(devices.with_eas_keys(conn, [row.eas_id.casefold()])).get((owner, row.eas_id.casefold()))


def _unmanaged(known: Iterable[Known]) -> dict[tuple[str | None, str], Known]:
    """By owner and ActiveSync id the devices that only a mail server knew: a row that names one takes it over."""
    return {
        (item.device.owner, item.device.eas_id.casefold()): item
        for item in known
        if item.device.id.startswith(LISTED) and not item.retired and not item.device.managed
    }


def _missing(known: Mapping[str, Known], seen: set[str]) -> list[str]:
    return [
        item.device.ref for id_, item in known.items() if id_ not in seen and item.device.managed and not item.retired
    ]


def check_out(site: Site, by: str | None, device_id: str, reason: str) -> dict[str, object] | Refusal:
    """An operator confirms that a device is out of use: what was present on it ends, and no door knows it any more."""
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        device = devices.find(change.conn, device_id)
        if device is None:
            return Refusal(Code.NO_SUCH_DEVICE, f"No device is known as {device_id}.")
        change.record(CheckedOut(device.ref, change.words(reason)))
        revoke_all(change, device.ref)
        give_up(change, device.ref)
        devices.check_out(change.conn, device.ref, change.now)
        refresh(change, [device.ref], [device.eas_id.casefold()])
        return {"device": device.id, "checked_out": True}
