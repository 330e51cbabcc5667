"""The ledger's rows (append-only by trigger), its head, its checkpoints, and what leaves name by hash."""

import json
from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.storage.schema import checkpoints, ledger, ledger_head, proposals, texts


class Row(NamedTuple):
    """One entry: its number, when, by whom (a ref or "system"), the event's name, and the stored canonical bytes."""

    idx: int
    at: int
    by: str
    event: str
    leaf: bytes


def head(conn: Connection) -> tuple[int, bytes]:
    """The number of entries, and the Merkle frontier's bytes."""
    row = conn.execute(select(ledger_head.c.size, ledger_head.c.frontier)).first()
    return (row.size, row.frontier) if row else (0, b"")


def append(conn: Connection, row: Row) -> None:
    conn.execute(insert(ledger).values(idx=row.idx, at=row.at, by=row.by, event=row.event, leaf=row.leaf))


def set_head(conn: Connection, size: int, frontier: bytes) -> None:
    changed = conn.execute(update(ledger_head).values(size=size, frontier=frontier)).rowcount
    if not changed:
        conn.execute(insert(ledger_head).values(one=1, size=size, frontier=frontier))


def rows(conn: Connection, start: int = 0, events: tuple[str, ...] = (), naming: str = "") -> Iterator[Row]:
    """The entries from an index on, oldest first. `naming`: only those in which a pseudonym stands."""
    query = select(ledger).where(ledger.c.idx >= start).order_by(ledger.c.idx)
    if events:
        query = query.where(ledger.c.event.in_(events))
    if naming:
        query = query.where(func.instr(ledger.c.leaf, naming.encode("ascii")) > 0)
    for row in conn.execute(query.execution_options(yield_per=1000)):
        yield Row(*row)


def entry(conn: Connection, index: int) -> Row | None:
    """The entry of a number, if there is one."""
    row = conn.execute(select(ledger).where(ledger.c.idx == index)).first()
    return Row(*row) if row else None


def latest(conn: Connection, after: int, before: int | None = None) -> int:
    """The latest instant of any entry after this one, and before another; 0 without one."""
    query = select(func.max(ledger.c.at)).where(ledger.c.idx > after)
    if before is not None:
        query = query.where(ledger.c.idx < before)
    return int(conn.execute(query).scalar() or 0)


def newest(
    conn: Connection,
    before: int | None,
    limit: int,
    event: str = "",
    policy: str = "",
    by: str = "",
    besides: Collection[str] = (),
) -> list[Row]:
    """Entries, the newest first: those before an index, of one event or all, about one policy or all, by one actor (a
    pseudonym or "system") or all. `besides`: none of these events."""
    query = select(ledger).order_by(ledger.c.idx.desc()).limit(limit)
    if besides:
        query = query.where(ledger.c.event.not_in(besides))
    if before is not None:
        query = query.where(ledger.c.idx < before)
    if event:
        query = query.where(ledger.c.event == event)
    if by:
        query = query.where(ledger.c.by == by)
    if policy:
        query = query.where(_about(policy))
    return [Row(*row) for row in conn.execute(query)]


def tally(conn: Connection, event: str, policy: str) -> int:
    """How many entries of one event are about one policy."""
    query = select(func.count()).select_from(ledger).where(ledger.c.event == event, _about(policy))
    return int(conn.execute(query).scalar_one())


def about_policy(conn: Connection, policy: str, events: tuple[str, ...]) -> list[Row]:
    """The entries of these events about a policy, oldest first."""
    query = select(ledger).where(ledger.c.event.in_(events), _about(policy)).order_by(ledger.c.idx)
    return [Row(*row) for row in conn.execute(query)]


def _about(policy: str) -> ColumnElement[bool]:
    """In canonical JSON (RFC 8785) this is how a policy is named, and nothing else is written so."""
    return func.instr(ledger.c.leaf, f'"policy":{json.dumps(policy)}'.encode()) > 0


def count(conn: Connection) -> int:
    """The number of stored entries, counted (the head says what it should be)."""
    return int(conn.execute(select(func.count()).select_from(ledger)).scalar_one())


def add_checkpoint(conn: Connection, size: int, note: str, at: int) -> None:
    conn.execute(upsert(checkpoints).values(size=size, note=note, at=at).on_conflict_do_nothing())


def notes(conn: Connection) -> list[str]:
    """Every checkpoint issued, smallest first."""
    return [row.note for row in conn.execute(select(checkpoints).order_by(checkpoints.c.size))]


def put_proposal(conn: Connection, digest: str, data: bytes) -> None:
    conn.execute(upsert(proposals).values(hash=digest, bytes=data).on_conflict_do_nothing())


def proposal(conn: Connection, digest: str) -> bytes | None:
    return conn.execute(select(proposals.c.bytes).where(proposals.c.hash == digest)).scalar()


def put_text(conn: Connection, digest: str, salt: bytes, words: str, at: int) -> None:
    conn.execute(insert(texts).values(hash=digest, salt=salt, text=words, at=at))


def words_of(conn: Connection, digest: str) -> str:
    """The text behind a salted hash; "" once it was erased."""
    return conn.execute(select(texts.c.text).where(texts.c.hash == digest)).scalar() or ""
