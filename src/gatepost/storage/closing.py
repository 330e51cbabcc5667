"""Policy revisions that are over, or go on after a pause, and whose audience is still to be told so."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.storage.schema import closing


class Closing(NamedTuple):
    """`kind`: of the notice that says so. `position`: of the change stream, at which the doors are open. `at`: when."""

    policy: str
    revision: int
    kind: str
    position: int
    at: Instant


def owe(conn: Connection, one: Closing) -> None:
    """What was owed before is not owed any more: the newest word is the one that counts."""
    statement = upsert(closing).values(one._asdict())
    key = [closing.c.policy, closing.c.revision]
    conn.execute(statement.on_conflict_do_update(index_elements=key, set_=one._asdict()))


def owed(conn: Connection) -> list[Closing]:
    return [Closing(*row) for row in conn.execute(select(closing).order_by(closing.c.at))]


def done_for(conn: Connection, policy: str, revision: int) -> None:
    """Nothing is owed of this revision any more: another one speaks in its place."""
    conn.execute(delete(closing).where(closing.c.policy == policy, closing.c.revision == revision))


def done(conn: Connection, one: Closing) -> None:
    """Unless something else is owed by now."""
    about = (closing.c.policy == one.policy, closing.c.revision == one.revision)
    conn.execute(delete(closing).where(*about, closing.c.kind == one.kind, closing.c.at == one.at))
