"""Policy revisions that are over and whose audience is still to be told so."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

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
    conn.execute(insert(closing).values(one._asdict()))


def owed(conn: Connection) -> list[Closing]:
    return [Closing(*row) for row in conn.execute(select(closing).order_by(closing.c.at))]


def done(conn: Connection, one: Closing) -> None:
    conn.execute(delete(closing).where(closing.c.policy == one.policy, closing.c.revision == one.revision))
