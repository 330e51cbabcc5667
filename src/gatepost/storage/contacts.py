"""When devices were first at a door after their people had been told of a rule: from then on grace counts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.storage.among import among
from gatepost.storage.door_schema import contacts, identities, sightings
from gatepost.storage.schema import audience, devices, due

RECOGNISED = ("clear", "warned", "blocked")
"""The reasons of a door that knew the device and its person."""


class Contact(NamedTuple):
    rule: int
    device: str
    at: Instant


def of(conn: Connection, rules: Iterable[int], refs: Iterable[str]) -> dict[tuple[int, str], Instant]:
    """By rule and device."""
    if not (wanted := list(rules)):
        return {}
    query = select(contacts).where(among(contacts.c.device, refs), contacts.c.rule.in_(wanted))
    return {(rule, device): at for rule, device, at in conn.execute(query)}


def put(conn: Connection, found: Sequence[Contact]) -> None:
    """Write down; an earlier telling that was undone takes its contact with it."""
    if found:
        statement = upsert(contacts)
        key = [contacts.c.rule, contacts.c.device]
        newer = statement.on_conflict_do_update(index_elements=key, set_={"at": statement.excluded.at})
        conn.execute(newer, [contact._asdict() for contact in found])


def last_seen(conn: Connection, refs: Iterable[str]) -> dict[str, Instant]:
    """When each of these devices was last recognised at any door; those that never were are missing."""
    found: dict[str, Instant] = {}
    wanted = list(refs)
    by_eas = select(devices.c.ref, sightings.c.last_at).join(
        sightings, and_(sightings.c.kind == "activesync", sightings.c.identity == devices.c.eas_key)
    )
    by_other = select(identities.c.device, sightings.c.last_at).join(
        sightings, and_(sightings.c.kind == identities.c.kind, sightings.c.identity == identities.c.key)
    )
    for query, ref in ((by_eas.where(devices.c.eas_key != ""), devices.c.ref), (by_other, identities.c.device)):
        for device, at in conn.execute(query.where(among(ref, wanted), sightings.c.reason.in_(RECOGNISED))):
            found[device] = max(at, found.get(device, at))
    return found


def awaited(conn: Connection, refs: Iterable[str], since: Instant) -> list[tuple[int, str, Instant]]:
    """Rule, device and telling, for those of these devices that are due under a rule of which their person was told
    (since an instant), and that were not at a door from then on."""
    joined = (
        due.join(devices, devices.c.ref == due.c.device)
        .join(audience, and_(audience.c.rule == due.c.rule, audience.c.person == devices.c.owner))
        .outerjoin(contacts, and_(contacts.c.rule == due.c.rule, contacts.c.device == due.c.device))
    )
    waits = or_(contacts.c.at.is_(None), contacts.c.at < audience.c.told_at)
    query = select(due.c.rule, due.c.device, audience.c.told_at).select_from(joined)
    found = conn.execute(query.where(among(due.c.device, refs), audience.c.told_at >= since, waits))
    return [(rule, device, told_at) for rule, device, told_at in found]


def with_identity(conn: Connection, refs: Iterable[str]) -> set[str]:
    """Which of these have a mail identity by which a door could see them."""
    wanted = list(refs)
    by_eas = select(devices.c.ref).where(among(devices.c.ref, wanted), devices.c.eas_key != "")
    by_other = select(identities.c.device).where(among(identities.c.device, wanted))
    return {row[0] for query in (by_eas, by_other) for row in conn.execute(query)}
