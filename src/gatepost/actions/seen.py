"""What doors saw, read against the inventory: whose each is, and what can be seen of the device."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.core.fleet.device import Device, Visibility
from gatepost.core.fleet.person import Person
from gatepost.doors.activesync import login_candidates
from gatepost.storage import devices, identities, people, sightings
from gatepost.storage.devices import Member
from gatepost.storage.sightings import Seen


class Sort(StrEnum):
    """visible, hidden: in a device manager, whose source sees every app, or does not. unmanaged: in none.

    unidentified: no device was named, or one that stands for many. foreign: somebody else's device. stranger: nobody
    has that login.
    """

    VISIBLE = "visible"
    HIDDEN = "hidden"
    UNMANAGED = "unmanaged"
    UNIDENTIFIED = "unidentified"
    FOREIGN = "foreign"
    STRANGER = "stranger"


DEVICES = (Sort.VISIBLE, Sort.HIDDEN, Sort.UNMANAGED)


class Placed(NamedTuple):
    """A sighting with whose it is (None: nobody's) and the device that it was, if the inventory has it.

    `unit`: what is counted once, however many rows tell of it: a device, else a login, else both.
    """

    seen: Seen
    sort: Sort
    person: Person | None
    device: Device | None
    unit: str


def placed(conn: Connection, door: str | None = None) -> Iterator[Placed]:
    """Everything that one door saw, or all did, of people who have not left."""
    rows = list(sightings.everything(conn, door))
    owners = _owners(conn, rows)
    named = people.load(conn, set(owners.values()))
    found = _devices(conn, rows)
    for row in rows:
        person = named.get(owners.get(row.login, ""))
        if person is None or person.working:
            yield _placed(row, person, found.get((row.kind, row.identity)))


def _placed(row: Seen, person: Person | None, member: Member | None) -> Placed:
    device = member.device if member else None
    if person is None:
        return Placed(row, Sort.STRANGER, None, None, row.login)
    if device is not None and not device.shared and device.owner != person.ref:
        return Placed(row, Sort.FOREIGN, person, None, f"{person.ref} {device.ref}")
    if member is not None and device is not None:
        return Placed(row, _sort(member), person, device, device.ref)
    if row.kind in ("activesync", "certificate") and row.reason != "foreign":
        return Placed(row, Sort.UNMANAGED, person, None, f"{person.ref} {row.kind} {row.identity}")
    return Placed(row, Sort.UNIDENTIFIED, person, None, person.ref)


def _sort(member: Member) -> Sort:
    if not member.device.managed:
        return Sort.UNMANAGED
    evidence = member.evidence
    seen = evidence.reported_at is not None and evidence.visibility is Visibility.FULL
    return Sort.VISIBLE if seen else Sort.HIDDEN


def _owners(conn: Connection, rows: Iterable[Seen]) -> dict[str, str]:
    """Whose each login is; a login of somebody who came into the inventory later is looked for by its forms."""
    forms = {row.login: login_candidates(row.login) for row in rows}
    owners = people.owners_of(conn, {form for names in forms.values() for form in names})
    found = {login: next((owners[form] for form in names if form in owners), "") for login, names in forms.items()}
    return {login: owner for login, owner in found.items() if owner}


def _devices(conn: Connection, rows: list[Seen]) -> dict[tuple[str, str], Member]:
    """The device in use behind each identity that the inventory knows."""
    by_eas = devices.behind(conn, {row.identity for row in rows if row.kind == "activesync"})
    refs = {("activesync", key): ref for key, ref in by_eas.items()}
    others = {(row.kind, row.identity) for row in rows if row.kind not in ("activesync", "")}
    refs.update(identities.behind(conn, others))
    members = {member.device.ref: member for member in devices.members(conn, set(refs.values()))}
    return {key: members[ref] for key, ref in refs.items() if ref in members}
