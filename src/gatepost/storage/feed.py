"""The change stream that doors follow: the newest value of each key, and the position at which it last changed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.storage import sitemeta
from gatepost.storage.door_schema import door_asks, door_modes, doors, entries

Key = bytes
Value = bytes | None


def publish(conn: Connection, changes: Mapping[Key, Value]) -> int:
    """Write these entries at one new position; None is a deletion (kept, so that doors hear of it)."""
    position = sitemeta.advance(conn, sitemeta.POSITION)
    if changes:
        statement = upsert(entries)
        statement = statement.on_conflict_do_update(
            index_elements=[entries.c.key],
            set_={"value": statement.excluded.value, "position": statement.excluded.position},
        )
        conn.execute(statement, [{"key": k, "value": v, "position": position} for k, v in changes.items()])
    return position


def position(conn: Connection) -> int:
    return sitemeta.number(conn, sitemeta.POSITION)


def after(conn: Connection, position: int, limit: int) -> tuple[int, list[tuple[Key, Value]]]:
    """Entries changed after a position, in order, whole positions at a time as far as `limit` allows.

    Gives the position of the last one given; at least one whole position is always given, however large.
    """
    newest = sitemeta.number(conn, sitemeta.POSITION)
    columns = (entries.c.position, entries.c.key, entries.c.value)
    query = select(*columns).where(entries.c.position > position).order_by(entries.c.position)
    found = conn.execute(query.limit(limit + 1)).all()
    if len(found) <= limit:
        return newest, [(row.key, row.value) for row in found]
    last = found[-1].position
    if last > found[0].position:
        return last - 1, [(row.key, row.value) for row in found if row.position < last]
    whole = conn.execute(select(*columns).where(entries.c.position == last)).all()
    return last, [(row.key, row.value) for row in whole]


def value(conn: Connection, key: Key) -> Value:
    return conn.execute(select(entries.c.value).where(entries.c.key == key)).scalar()


def position_of(conn: Connection, key: Key) -> int | None:
    """The position at which an entry last changed; None if it never was, or every door knows that it is gone."""
    return conn.execute(select(entries.c.position).where(entries.c.key == key)).scalar()


def values(conn: Connection, keys: Iterable[Key]) -> dict[Key, Value]:
    """The values of many keys; a key that was never published is missing."""
    wanted = list(keys)
    found: dict[Key, Value] = {}
    for start in range(0, len(wanted), 500):
        query = select(entries.c.key, entries.c.value).where(entries.c.key.in_(wanted[start : start + 500]))
        found.update((row.key, row.value) for row in conn.execute(query))
    return found


def published(conn: Connection, *kinds: bytes) -> set[Key]:
    """The keys that begin like this and have a value."""
    begin = func.substr(entries.c.key, 1, len(kinds[0]))
    query = select(entries.c.key).where(begin.in_(kinds), entries.c.value.is_not(None))
    return {row.key for row in conn.execute(query)}


def forget_heard(conn: Connection) -> None:
    """Forget what was taken away and every door knows to be: such keys name people too."""
    reached = slowest(conn)
    gone = (entries.c.value.is_(None), entries.c.position <= (position(conn) if reached is None else reached))
    newest = conn.execute(select(func.max(entries.c.position)).where(*gone)).scalar()
    if newest is not None:
        conn.execute(delete(entries).where(*gone))
        sitemeta.put(conn, sitemeta.GONE_UNTIL, str(newest))


def confirm(conn: Connection, name: str, position: int, at: int, problem: str, rules: int, erasures: int = 0) -> None:
    """A door says up to which position it knows devices, and rules, and up to which erasure its files are clean."""
    row = {"name": name, "position": position, "contact_at": at, "problem": problem}
    row |= {"rules": rules, "erasures": erasures}
    statement = upsert(doors).values(row | {"first_at": at})
    conn.execute(statement.on_conflict_do_update(index_elements=[doors.c.name], set_=row))


class KnownDoor(NamedTuple):
    """What is known of a door. `position`: up to which it knows the devices; `rules`: up to which it goes by what
    people decided. `opened_at`: since when it stands open, by its machine's clock; None if it does not. `dropped`: how
    much it saw that had no place among the sightings. `erasures`: up to which its files are clean."""

    name: str
    position: int
    contact_at: int
    problem: str
    first_at: int
    opened_at: int | None
    opened_by: str
    opened_because: str
    dropped: int
    erasures: int
    rules: int


def known_doors(conn: Connection) -> dict[str, KnownDoor]:
    """Every door that ever reported, by name."""
    columns = [doors.c[field] for field in KnownDoor._fields]
    return {row.name: KnownDoor(*row) for row in conn.execute(select(*columns).order_by(doors.c.name))}


def modes(conn: Connection) -> dict[str, tuple[str, int]]:
    """Of each door whose mode somebody set: observe or enforce, and since when."""
    rows = conn.execute(select(door_modes.c.door, door_modes.c.mode, door_modes.c.at))
    return {row.door: (row.mode, row.at) for row in rows}


class Ask(NamedTuple):
    """Somebody wants a door to refuse before its time. `entry`: of the ledger."""

    door: str
    by: str
    at: int
    entry: int
    because_hash: str


def asked(conn: Connection, door: str) -> Ask | None:
    """What waits for a second person's yes at this door."""
    columns = (door_asks.c[name] for name in ("door", "asked_by", "asked_at", "asked_index", "because_hash"))
    row = conn.execute(select(*columns).where(door_asks.c.door == door)).first()
    return Ask(*row) if row else None


def set_open(conn: Connection, name: str, at: int | None, by: str = "", because: str = "") -> None:
    """Since when a door that has reported stands open, by whom and why; None: it does not."""
    row = {"opened_at": at, "opened_by": by, "opened_because": because}
    conn.execute(update(doors).where(doors.c.name == name).values(row))


def count_dropped(conn: Connection, name: str, number: int) -> None:
    """So much that a door saw had no place among its sightings."""
    conn.execute(update(doors).where(doors.c.name == name).values(dropped=doors.c.dropped + number))


def slowest(conn: Connection) -> int | None:
    """The position up to which every door knows the devices; None without doors."""
    return conn.execute(select(func.min(doors.c.position))).scalar()


def slowest_to_decide(conn: Connection) -> int | None:
    """The position up to which every door goes by what people decided; None without doors."""
    return conn.execute(select(func.min(doors.c.rules))).scalar()


def forget_door(conn: Connection, name: str) -> bool:
    return conn.execute(delete(doors).where(doors.c.name == name)).rowcount > 0
