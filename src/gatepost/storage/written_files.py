"""Files outside the database that name people, where and as what they were written."""

from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.storage.schema import written_files

Sort = Literal["backup", "export"]


class Written(NamedTuple):
    """`path`: absolute. `size`, `modified_ns`: as it was written, to know it again. `person`: of an export, whose (a
    pseudonym); "" of a backup, which holds everybody."""

    path: str
    kind: Sort
    at: Instant
    size: int
    modified_ns: int
    person: str = ""


def add(conn: Connection, one: Written) -> None:
    """In place of what stood at that path before."""
    statement = upsert(written_files).values(one._asdict())
    conn.execute(statement.on_conflict_do_update(index_elements=[written_files.c.path], set_=one._asdict()))


def everything(conn: Connection, kind: Sort, *, before: Instant | None = None, person: str = "") -> list[Written]:
    """Of one kind, oldest first: all, those written before an instant, or those of one person."""
    query = select(written_files).where(written_files.c.kind == kind)
    if before is not None:
        query = query.where(written_files.c.at < before)
    if person:
        query = query.where(written_files.c.person == person)
    return [Written(*row) for row in conn.execute(query.order_by(written_files.c.at, written_files.c.path))]


def forget(conn: Connection, path: str) -> bool:
    """Whether it was there."""
    return conn.execute(delete(written_files).where(written_files.c.path == path)).rowcount > 0
