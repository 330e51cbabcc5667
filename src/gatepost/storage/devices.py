"""Devices, and what reports said of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, delete, false, func, insert, null, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.app import mark
from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility, fingerprint_named
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Person
from gatepost.core.fleet.sort import Devices, Sort
from gatepost.core.instant import Instant
from gatepost.storage import sitemeta
from gatepost.storage.among import among
from gatepost.storage.door_schema import identities
from gatepost.storage.people import PERSON, person_of
from gatepost.storage.schema import devices, people, present

_FORMS = {form.value: form for form in Form}
_PLATFORMS = {platform.value: platform for platform in Platform}
_OWNERSHIP = {ownership.value: ownership for ownership in Ownership}
_VISIBILITY = {visibility.value: visibility for visibility in Visibility}


class Known(NamedTuple):
    """A device with what is known of it."""

    device: Device
    evidence: Evidence
    retired: bool


class Member(NamedTuple):
    """One device of the fleet with its person, the unit that level 1 is computed from."""

    person: Person
    device: Device
    evidence: Evidence


class Counted(NamedTuple):
    """So many devices in use that are alike. `fresh`: their last report is no older than was asked."""

    platform: str
    form: str
    ownership: str
    managed: bool
    visibility: Visibility
    reported: bool
    fresh: bool
    number: int


_DEVICE = tuple(
    devices.c[name] for name in ("ref", "id", "owner", "form", "platform", "ownership", "shared", "managed", "eas_id")
)
_EVIDENCE = tuple(devices.c[name] for name in ("reported_at", "visibility", "matched_under"))
_KNOWN = (*_DEVICE, *_EVIDENCE, devices.c.retired)
"""Rows are read by place, because by name takes three times as long."""


def _device_of(row: Sequence[Any]) -> Device:
    ref, id_, owner, form, platform, ownership, shared, managed, eas_id = row
    return Device(
        ref,
        id_,
        owner,
        _FORMS[form],
        _PLATFORMS[platform],
        _OWNERSHIP[ownership],
        bool(shared),
        bool(managed),
        eas_id,
    )


def _evidence_of(row: Sequence[Any], seen: Mapping[str, Visibility]) -> Evidence:
    reported_at, visibility, matched_under = row
    return Evidence(reported_at, _VISIBILITY[visibility], matched_under, seen)


def _known_of(row: Sequence[Any], seen: Mapping[str, dict[str, Visibility]]) -> Known:
    return Known(_device_of(row[:9]), _evidence_of(row[9:12], seen.get(row[0], {})), bool(row[12]))


def save(conn: Connection, known: Sequence[Known]) -> None:
    """Insert or replace these devices with their evidence."""
    if not known:
        return
    sitemeta.advance(conn, sitemeta.INVENTORY)
    rows = [_row(item) for item in known]
    statement = upsert(devices)
    changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in rows[0] if name != "ref"}
    changed["retired_at"] = case((statement.excluded.retired, devices.c.retired_at), else_=null())
    conn.execute(statement.on_conflict_do_update(index_elements=[devices.c.ref], set_=changed), rows)
    conn.execute(delete(present).where(among(present.c.device, (item.device.ref for item in known))))
    seen = [
        {"device": item.device.ref, "app": app, "identifier": spelled, "visibility": int(visibility)}
        for item in known
        for found, visibility in item.evidence.present.items()
        for app, _, spelled in [found.partition(" ")]
    ]
    if seen:
        conn.execute(insert(present), seen)


def _row(item: Known) -> dict[str, object]:
    device, evidence = item.device, item.evidence
    return {
        "ref": device.ref,
        "id": device.id,
        "owner": device.owner,
        "form": device.form.value,
        "platform": device.platform.value,
        "ownership": device.ownership.value,
        "shared": device.shared,
        "managed": device.managed,
        "eas_id": device.eas_id,
        "eas_key": device.eas_id.casefold(),
        "reported_at": evidence.reported_at,
        "visibility": int(evidence.visibility),
        "matched_under": evidence.matched_under,
        "retired": item.retired,
    }


def everything(conn: Connection) -> Iterator[Known]:
    """All devices, also retired ones."""
    seen = _present(conn)
    for row in conn.execute(select(*_KNOWN).execution_options(yield_per=2000)):
        yield _known_of(row, seen)


def by_id(conn: Connection, ids: Iterable[str]) -> dict[str, Known]:
    """These devices, also retired ones, by inventory id."""
    rows = conn.execute(select(*_KNOWN).where(among(devices.c.id, ids))).all()
    seen = _present(conn, [row[0] for row in rows])
    return {row[1]: _known_of(row, seen) for row in rows}


def with_eas_keys(conn: Connection, keys: Iterable[str]) -> list[Known]:
    """The devices, also retired ones, that have these (case-folded) ActiveSync ids."""
    rows = conn.execute(select(*_KNOWN).where(among(devices.c.eas_key, keys))).all()
    seen = _present(conn, [row[0] for row in rows])
    return [_known_of(row, seen) for row in rows]


def find(conn: Connection, name: str) -> Device | None:
    """A device that is not retired, by inventory id, by ActiveSync id (the one reported last) or by a certificate's
    fingerprint."""
    has = select(identities.c.device).where(
        identities.c.kind == "certificate", identities.c.key == fingerprint_named(name)
    )
    for condition in (devices.c.id == name, devices.c.eas_key == name.casefold(), devices.c.ref.in_(has)):
        query = select(*_DEVICE).where(condition, ~devices.c.retired, devices.c.id != "")
        if row := conn.execute(
            query.order_by(devices.c.reported_at.desc().nulls_last(), devices.c.ref.desc()).limit(1)
        ).first():
            return _device_of(row)
    return None


def unenrol(conn: Connection, refs: Iterable[str]) -> None:
    """These are in no device manager any more; what is known of them stays, so that silence opens no door (I-4)."""
    wanted = list(refs)
    if not wanted:
        return
    conn.execute(update(devices).where(among(devices.c.ref, wanted)).values(managed=False))
    sitemeta.advance(conn, sitemeta.INVENTORY)


def check_out(conn: Connection, ref: str, at: Instant) -> None:
    """A device is out of use from now on: nothing is present on it, and no door knows it."""
    sitemeta.advance(conn, sitemeta.INVENTORY)
    conn.execute(delete(present).where(present.c.device == ref))
    conn.execute(update(devices).where(devices.c.ref == ref).values(retired=True, retired_at=at))


def forget(conn: Connection, refs: Iterable[str]) -> int:
    """Delete these devices with all that was known of them. How many there were."""
    return conn.execute(delete(devices).where(among(devices.c.ref, refs))).rowcount


def forget_app(conn: Connection, app: str, but: Iterable[str] = ()) -> None:
    """Erase every finding of an app by identifiers that are not looked for any more. `but`: those that still are."""
    sitemeta.advance(conn, sitemeta.INVENTORY)
    conn.execute(delete(present).where(present.c.app == app, present.c.identifier.not_in(list(but))))


def members(conn: Connection, refs: Iterable[str]) -> Iterator[Member]:
    """Those of these devices that are in use, each with its person (without logins; perhaps somebody who left)."""
    wanted = list(refs)
    seen = _present(conn, wanted)
    joined = devices.join(people, people.c.ref == devices.c.owner)
    condition = (~devices.c.retired, among(devices.c.ref, wanted))
    query = select(*_DEVICE, *_EVIDENCE, *PERSON).select_from(joined).where(*condition)
    person: Person | None = None
    # Rows come by owner, so one person at a time is enough.
    for row in conn.execute(query.order_by(devices.c.owner).execution_options(yield_per=2000)):
        if person is None or person.ref != row[2]:
            person = person_of(row[12:])
        yield Member(person, _device_of(row[:9]), _evidence_of(row[9:12], seen.get(row[0], {})))


def in_columns(conn: Connection) -> Iterator[Devices]:
    """Every device in use, some at a time, in any order."""
    kind = tuple(devices.c[name] for name in ("form", "platform", "ownership", "shared", "managed"))
    query = select(devices.c.ref, devices.c.owner, *_EVIDENCE, *kind).where(~devices.c.retired)
    sorts = _Sorts()
    for part in conn.execute(query.execution_options(yield_per=20_000)).partitions():
        refs, owners, reported_at, visibility, matched_under, *kinds = zip(*part, strict=True)
        yield Devices(
            refs, owners, [sorts[one] for one in zip(*kinds, strict=True)], reported_at, visibility, matched_under
        )


class _Sorts(dict[tuple[Any, ...], Sort]):
    """By the columns of a device's kind: one object for all of that sort."""

    def __missing__(self, row: tuple[Any, ...]) -> Sort:
        form, platform, ownership, shared, managed = row
        sort = Sort(_FORMS[form], _PLATFORMS[platform], _OWNERSHIP[ownership], bool(shared), bool(managed))
        self[row] = sort
        return sort


def all_present(conn: Connection) -> Iterator[tuple[str, str]]:
    """Each device with the mark of each app that is present on it."""
    for device, app, spelled in conn.execute(select(present.c.device, present.c.app, present.c.identifier)):
        yield device, mark(app, spelled)


def _present(conn: Connection, refs: list[str] | None = None) -> dict[str, dict[str, Visibility]]:
    query = select(present.c.device, present.c.app, present.c.identifier, present.c.visibility)
    if refs is not None:
        query = query.where(among(present.c.device, refs))
    found: dict[str, dict[str, Visibility]] = {}
    for device, app, spelled, visibility in conn.execute(query):
        found.setdefault(device, {})[mark(app, spelled)] = _VISIBILITY[visibility]
    return found


def refs_of(conn: Connection, owners: Iterable[str]) -> list[str]:
    """The devices in use of these people."""
    query = select(devices.c.ref).where(among(devices.c.owner, owners), ~devices.c.retired)
    return [row[0] for row in conn.execute(query)]


def counted(conn: Connection, since: Instant) -> list[Counted]:
    """The devices in use by kind and by what is seen of them; fresh is what was reported at this instant or later."""
    reported, fresh = devices.c.reported_at.is_not(None), func.coalesce(devices.c.reported_at >= since, false())
    kinds = [devices.c[name] for name in ("platform", "form", "ownership", "managed", "visibility")]
    query = select(*kinds, reported, fresh, func.count()).where(~devices.c.retired)
    rows = conn.execute(query.group_by(*kinds, reported, fresh))
    return [_counted(tuple(row)) for row in rows]


def _counted(row: Sequence[Any]) -> Counted:
    platform, form, ownership, managed, visibility, has, fresh, number = row
    return Counted(platform, form, ownership, bool(managed), Visibility(visibility), bool(has), bool(fresh), number)


def in_use(conn: Connection) -> dict[str, str]:
    """Every device in use, with its ActiveSync id case-folded, "" if it has none."""
    query = select(devices.c.ref, devices.c.eas_key).where(~devices.c.retired)
    return {row.ref: row.eas_key for row in conn.execute(query)}


def behind(conn: Connection, eas_keys: Iterable[str]) -> dict[str, str]:
    """For each ActiveSync id (case-folded) the device in use that it stands for: the one reported last."""
    found: dict[str, tuple[int, str]] = {}
    query = select(devices.c.eas_key, devices.c.ref, devices.c.reported_at)
    for key, ref, reported_at in conn.execute(query.where(among(devices.c.eas_key, eas_keys), ~devices.c.retired)):
        candidate = (reported_at or 0, ref)
        found[key] = max(found.get(key, candidate), candidate)
    return {key: ref for key, (_at, ref) in found.items()}


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(devices).where(~devices.c.retired)).scalar_one())
