"""People and their logins."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.person import Kind, Person
from gatepost.core.fleet.sort import Character, People
from gatepost.core.instant import Instant
from gatepost.storage import sitemeta
from gatepost.storage.among import among
from gatepost.storage.schema import logins, people

CHUNK = 500

_KINDS = {kind.value: kind for kind in Kind}


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """A JSON array of strings; most repeat many times over a fleet."""
    return tuple(json.loads(text))


@lru_cache(maxsize=65536)
def _set(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


PERSON = tuple(
    people.c[name]
    for name in (
        "ref",
        "id",
        "name",
        "kind",
        "country",
        "time_zone",
        "locale",
        "emails",
        "groups",
        "sponsor",
        "working",
    )
)
"""What `person_of` takes, in this order."""


def person_of(row: Sequence[Any], known_logins: tuple[str, ...] = ()) -> Person:
    """A person from the columns of PERSON; by place, because by name takes three times as long."""
    ref, id_, name, kind, country, time_zone, locale, emails, groups, sponsor, working = row
    return Person(
        ref,
        id_,
        name,
        _KINDS[kind],
        country,
        time_zone,
        locale,
        words(emails),
        known_logins,
        _set(groups),
        sponsor,
        bool(working),
    )


def save(conn: Connection, persons: Sequence[Person]) -> None:
    """Insert or replace these people and their logins; whoever works here has not left."""
    if not persons:
        return
    sitemeta.advance(conn, sitemeta.INVENTORY)
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
    changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in rows[0] if name != "ref"}
    changed["left_at"] = case((statement.excluded.working, null()), else_=people.c.left_at)
    conn.execute(statement.on_conflict_do_update(index_elements=[people.c.ref], set_=changed), rows)
    _part_with(conn, {p.ref: p.logins for p in persons})
    if pairs := [{"login": login, "person": p.ref} for p in persons for login in p.logins]:
        conn.execute(insert(logins), pairs)


def retire(conn: Connection, refs: Sequence[str], at: Instant) -> None:
    """These left now; their logins are free for others."""
    if refs:
        sitemeta.advance(conn, sitemeta.INVENTORY)
    conn.execute(update(people).where(among(people.c.ref, refs)).values(working=False, left_at=at))
    _part_with(conn, dict.fromkeys(refs, ()))


def _part_with(conn: Connection, kept: Mapping[str, Sequence[str]]) -> None:
    """Take all logins from these people, and remember those that they do not keep: what doors saw under them is
    theirs, and is exported and erased with them."""
    owned = _logins(conn, select(logins).where(among(logins.c.person, kept)))
    lost = {ref: names for ref, had in owned.items() if (names := set(had) - set(kept[ref]))}
    rows = conn.execute(select(people.c.ref, people.c.former_logins).where(among(people.c.ref, lost)))
    former = [{"of": ref, "names": json.dumps(sorted(lost[ref].union(words(known))))} for ref, known in rows]
    if former:
        statement = update(people).where(people.c.ref == bindparam("of")).values(former_logins=bindparam("names"))
        conn.execute(statement, former)
    conn.execute(delete(logins).where(among(logins.c.person, kept)))


def former_logins(conn: Connection, ref: str) -> tuple[str, ...]:
    """Logins that this person had and that nobody has now."""
    known = conn.execute(select(people.c.former_logins).where(people.c.ref == ref)).scalar()
    former = words(known or "[]")
    taken = owners_of(conn, former)
    return tuple(login for login in former if login not in taken)


def readdress(conn: Connection, refs: Iterable[str], at: Instant) -> None:
    """These have another first mail address from now on."""
    conn.execute(update(people).where(among(people.c.ref, refs)).values(address_at=at))


def readdressed_at(conn: Connection, refs: Iterable[str]) -> dict[str, Instant]:
    """Since when each of these has their first mail address; 0 where it never changed."""
    query = select(people.c.ref, people.c.address_at).where(among(people.c.ref, refs))
    return {row.ref: row.address_at for row in conn.execute(query)}


def everybody(conn: Connection) -> Iterator[Person]:
    """All people, also those who left, with their logins."""
    owned = _logins(conn, select(logins))
    for row in conn.execute(select(*PERSON).execution_options(yield_per=2000)):
        yield person_of(row, owned.get(row[0], ()))


def at_work(conn: Connection) -> Iterator[People]:
    """Everybody who works here, some at a time."""
    columns = (people.c[name] for name in ("ref", "time_zone", "locale", "emails", "kind", "country", "groups"))
    query = select(*columns).where(people.c.working).execution_options(yield_per=20_000)
    characters = _Characters()
    for part in conn.execute(query).partitions():
        refs, zones, locales, emails, *kinds = zip(*part, strict=True)
        has_mail = [written != "[]" for written in emails]
        yield People(refs, [characters[one] for one in zip(*kinds, strict=True)], zones, locales, has_mail)


class _Characters(dict[tuple[str, str, str], Character]):
    """By the columns of a person's: one object for all who are alike."""

    def __missing__(self, row: tuple[str, str, str]) -> Character:
        kind, country, groups = row
        character = self[row] = Character(_KINDS[kind], country, _set(groups))
        return character


def owners_of(conn: Connection, names: Iterable[str]) -> dict[str, str]:
    """Whose each of these (case-folded) logins is, by ref; nobody's are missing."""
    rows = conn.execute(select(logins.c.login, logins.c.person).where(among(logins.c.login, names)))
    return {row.login: row.person for row in rows}


def load(conn: Connection, refs: Iterable[str]) -> dict[str, Person]:
    """These people by ref, with their logins."""
    wanted = list(refs)
    owned = _logins(conn, select(logins).where(among(logins.c.person, wanted)))
    rows = conn.execute(select(*PERSON).where(among(people.c.ref, wanted)))
    return {row[0]: person_of(row, owned.get(row[0], ())) for row in rows}


def _logins(conn: Connection, query: Select[Any]) -> dict[str, tuple[str, ...]]:
    """Logins by person, in order."""
    owned: dict[str, tuple[str, ...]] = {}
    for login, person in conn.execute(query.order_by(logins.c.login)):
        owned[person] = (*owned.get(person, ()), login)
    return owned


def find(conn: Connection, name: str) -> Person | None:
    """Somebody by id, mail address or login; an id is tried first.

    Of several with one address, somebody who has not left.
    """
    folded = name.casefold()
    for query in (
        select(people.c.ref).where(people.c.id == name),
        select(people.c.ref).where(people.c.email == folded, people.c.email != "").order_by(people.c.working.desc()),
        select(logins.c.person).where(logins.c.login == folded),
    ):
        if ref := conn.execute(query).scalar():
            return load(conn, [ref])[ref]
    return None


def named_like(conn: Connection, words: str, most: int) -> list[Person]:
    """At most so many people in whose id, name or address the words stand, by id; in Latin letters of either case."""
    columns = (people.c.id, people.c.name, people.c.email)
    likes = or_(*(column.icontains(words, autoescape=True) for column in columns))
    found = [row.ref for row in conn.execute(select(people.c.ref).where(likes).order_by(people.c.id).limit(most))]
    loaded = load(conn, found)
    return [loaded[ref] for ref in found]


def count(conn: Connection) -> int:
    """How many people there are who have not left."""
    return int(conn.execute(select(func.count()).select_from(people).where(people.c.working)).scalar_one())


def zones(conn: Connection) -> list[str]:
    return [row.time_zone for row in conn.execute(select(people.c.time_zone).distinct().order_by(people.c.time_zone))]


def chunks(refs: list[str]) -> Iterator[list[str]]:
    """Parts short enough for one IN list."""
    for start in range(0, len(refs), CHUNK):
        yield refs[start : start + CHUNK]
