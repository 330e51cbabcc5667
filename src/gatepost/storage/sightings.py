"""What doors saw: one row a door, login and identity, however often it came. Personal data, kept for a while."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, literal_column, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.person import Person
from gatepost.core.instant import Instant
from gatepost.storage.among import among
from gatepost.storage.contacts import RECOGNISED
from gatepost.storage.door_schema import identities, sightings
from gatepost.storage.people import PERSON, person_of
from gatepost.storage.schema import devices, logins, people


class Seen(NamedTuple):
    """`login`: as in the inventory where it is in it, else as it was sent; `stranger`: it was not, when last seen.

    `kind`: activesync, certificate, password, or "" where nothing named a device. `identity`: case-folded. `reason`:
    why the door answered as it did the last time; `would`: what enforce mode answers for that.
    """

    door: str
    login: str
    kind: str
    identity: str
    device_type: str
    user_agent: str
    first_at: Instant
    last_at: Instant
    reason: str
    would: str
    stranger: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return self.login, self.kind, self.identity


_COLUMNS = tuple(sightings.c[name] for name in Seen._fields)


def keep(conn: Connection, seen: Sequence[Seen]) -> None:
    """Insert, or bring up to date; when somebody was seen first stays."""
    if not seen:
        return
    statement = upsert(sightings)
    new = statement.excluded
    newest = {name: new[name] for name in ("device_type", "user_agent", "reason", "would", "stranger")}
    changed = newest | {"last_at": func.max(new.last_at, sightings.c.last_at)}
    key = [sightings.c.door, sightings.c.login, sightings.c.kind, sightings.c.identity]
    conn.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), [one._asdict() for one in seen])


def strangers(conn: Connection, door: str) -> set[tuple[str, str, str]]:
    """The keys of what a door saw of logins that nobody has."""
    query = select(sightings.c.login, sightings.c.kind, sightings.c.identity)
    return {tuple(row) for row in conn.execute(query.where(sightings.c.door == door, sightings.c.stranger))}


def thin_out(conn: Connection, door: str, logins: Iterable[str], most: int) -> int:
    """Of each of these logins keep so many: what the door recognised first, then the newest. How many went."""
    own = sightings.c.door == door
    crowded = select(sightings.c.login).where(own, among(sightings.c.login, logins)).group_by(sightings.c.login)
    gone = 0
    for (login,) in conn.execute(crowded.having(func.count() > most)).all():
        row: ColumnElement[int] = literal_column("rowid")
        best_first = (sightings.c.reason.not_in(RECOGNISED), sightings.c.last_at.desc())
        kept = select(row).select_from(sightings).where(own, sightings.c.login == login).order_by(*best_first)
        gone += conn.execute(
            delete(sightings).where(own, sightings.c.login == login, row.not_in(kept.limit(most)))
        ).rowcount
    return gone


def everything(conn: Connection, door: str | None = None) -> Iterator[Seen]:
    """Of all doors, or of one."""
    query = select(*_COLUMNS)
    if door is not None:
        query = query.where(sightings.c.door == door)
    for row in conn.execute(query.order_by(sightings.c.door, sightings.c.login).execution_options(yield_per=2000)):
        yield Seen(*row)


class Sighted(NamedTuple):
    """Somebody who works here with something that is in no inventory."""

    person: Person
    kind: str
    identity: str
    device_type: str
    user_agent: str


def of_no_device(conn: Connection) -> Iterator[Sighted]:
    """What people opened mail with that no device in use is known by, once a person and identity."""
    said = tuple(sightings.c[name] for name in ("kind", "identity", "device_type", "user_agent"))
    joined = sightings.join(logins, logins.c.login == sightings.c.login).join(people, people.c.ref == logins.c.person)
    same_eas = exists().where(devices.c.eas_key == sightings.c.identity, ~devices.c.retired)
    same_other = exists().where(identities.c.kind == sightings.c.kind, identities.c.key == sightings.c.identity)
    unknown = or_(
        and_(sightings.c.kind == "activesync", ~same_eas), and_(sightings.c.kind == "certificate", ~same_other)
    )
    query = select(*said, *PERSON).select_from(joined).where(people.c.working, unknown, sightings.c.reason != "foreign")
    once = query.group_by(people.c.ref, sightings.c.kind, sightings.c.identity).order_by(people.c.ref)
    for row in conn.execute(once.execution_options(yield_per=2000)):
        yield Sighted(person_of(row[4:]), *row[:4])


def said_by(conn: Connection, eas_keys: Iterable[str]) -> dict[str, tuple[str, str]]:
    """What the clients with these ActiveSync ids call themselves at doors: device type and user agent."""
    query = select(sightings.c.identity, sightings.c.device_type, sightings.c.user_agent)
    query = query.where(sightings.c.kind == "activesync", among(sightings.c.identity, eas_keys))
    return {key: (kind, agent) for key, kind, agent in conn.execute(query.order_by(sightings.c.last_at))}


def forget_door(conn: Connection, door: str) -> None:
    conn.execute(delete(sightings).where(sightings.c.door == door))
