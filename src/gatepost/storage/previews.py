"""Which scopes were previewed lately: of no person, and by nobody."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.storage.schema import previews


def remembered(conn: Connection, since: Instant) -> list[str]:
    """The scopes (as text) that were answered at or after an instant, in a fixed order."""
    query = select(previews.c.scope).where(previews.c.at >= since).order_by(previews.c.scope)
    return [row.scope for row in conn.execute(query)]


def remember(conn: Connection, scope: str, at: Instant, forget_before: Instant) -> None:
    """This scope is answered now; what is older than the other instant is forgotten."""
    statement = upsert(previews).values(scope=scope, at=at)
    conn.execute(statement.on_conflict_do_update(index_elements=[previews.c.scope], set_={"at": at}))
    conn.execute(delete(previews).where(previews.c.at < forget_before))
