"""People and their logins."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.person import Kind, Person
from gatepost.storage.schema import logins, people

CHUNK = 500


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """A JSON array of strings; most repeat many times over a fleet."""
    return tuple(json.loads(text))


@lru_cache(maxsize=65536)
def _set(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def person_of(row: Row[tuple[object, ...]], known_logins: tuple[str, ...] = ()) -> Person:
    return Person(
        ref=row.ref,
        id=row.id,
        name=row.name,
        kind=Kind(row.kind),
        country=row.country,
        time_zone=row.time_zone,
        locale=row.locale,
        emails=words(row.emails),
        logins=known_logins,
        groups=_set(row.groups),
        sponsor=row.sponsor,
        working=bool(row.working),
    )


def save(conn: Connection, persons: Sequence[Person]) -> None:
    """Insert or replace these people and their logins."""
    if not persons:
        return
    rows = [
        {
            "ref": p.ref,
            "id": p.id,
            "name": p.name,
            "kind": p.kind.value,
            "country": p.country,
            "time_zone": p.time_zone,
            "locale": p.locale,
            "email": p.emails[0].casefold() if p.emails else "",
            "emails": json.dumps(p.emails),
            "groups": json.dumps(sorted(p.groups)),
            "sponsor": p.sponsor,
            "working": p.working,
        }
        for p in persons
    ]
    statement = upsert(people)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "ref"}
    conn.execute(statement.on_conflict_do_update(index_elements=[people.c.ref], set_=changed), rows)
    for refs in chunks([p.ref for p in persons]):
        conn.execute(delete(logins).where(logins.c.person.in_(refs)))
    if pairs := [{"login": login, "person": p.ref} for p in persons for login in p.logins]:
        conn.execute(insert(logins), pairs)


def retire(conn: Connection, refs: Iterable[str]) -> None:
    for part in chunks(list(refs)):
        conn.execute(update(people).where(people.c.ref.in_(part)).values(working=False))


def everybody(conn: Connection) -> Iterator[Person]:
    """All people, also those who left, with their logins."""
    owned = logins_by_person(conn)
    for row in conn.execute(select(people).execution_options(yield_per=2000)):
        yield person_of(row, owned.get(row.ref, ()))


def load(conn: Connection, refs: Iterable[str]) -> dict[str, Person]:
    """These people by ref, with their logins."""
    found: dict[str, Person] = {}
    for part in chunks(list(refs)):
        owned: dict[str, list[str]] = {}
        for row in conn.execute(select(logins).where(logins.c.person.in_(part)).order_by(logins.c.login)):
            owned.setdefault(row.person, []).append(row.login)
        for row in conn.execute(select(people).where(people.c.ref.in_(part))):
            found[row.ref] = person_of(row, tuple(owned.get(row.ref, ())))
    return found


def logins_by_person(conn: Connection) -> dict[str, tuple[str, ...]]:
    owned: dict[str, tuple[str, ...]] = {}
    for row in conn.execute(select(logins).order_by(logins.c.login)):
        owned[row.person] = (*owned.get(row.person, ()), row.login)
    return owned


def find(conn: Connection, name: str) -> Person | None:
    """Somebody by id, mail address or login; an id is tried first."""
    folded = name.casefold()
    for query in (
        select(people.c.ref).where(people.c.id == name),
        select(people.c.ref).where(people.c.email == folded, people.c.email != ""),
        select(logins.c.person).where(logins.c.login == folded),
    ):
        if ref := conn.execute(query).scalar():
            return load(conn, [ref])[ref]
    return None


def count(conn: Connection) -> int:
    """How many people there are who have not left."""
    return int(conn.execute(select(func.count()).select_from(people).where(people.c.working)).scalar_one())


def zones(conn: Connection) -> list[str]:
    return [row.time_zone for row in conn.execute(select(people.c.time_zone).distinct().order_by(people.c.time_zone))]


def chunks(refs: list[str]) -> Iterator[list[str]]:
    """Parts short enough for one IN list."""
    for start in range(0, len(refs), CHUNK):
        yield refs[start : start + CHUNK]
