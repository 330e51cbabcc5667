"""Counts over whole tables, of nobody by name."""

from sqlalchemy import Connection, func, not_, select

from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeState
from gatepost.storage.notice_schema import OPEN, notices
from gatepost.storage.schema import revisions


def by_stage(conn: Connection) -> dict[str, int]:
    """How many policy revisions are in each stage that any is in."""
    rows = conn.execute(select(revisions.c.stage, func.count()).group_by(revisions.c.stage))
    return {row[0]: row[1] for row in rows}


def paused(conn: Connection) -> int:
    """How many policy revisions are paused."""
    return _count(conn, revisions.c.paused_at.is_not(None))


def held(conn: Connection) -> int:
    """How many policy revisions block nobody because their quorum was lost."""
    return _count(conn, revisions.c.held)


def by_state(conn: Connection) -> dict[str, int]:
    """How many notices are in each state that any is in."""
    rows = conn.execute(select(notices.c.state, func.count()).group_by(notices.c.state))
    return {row[0]: row[1] for row in rows}


def waiting_since(conn: Connection, at: Instant) -> Instant | None:
    """Since when the oldest notice waits that might be sent; None if none does. What is paused does not count."""
    since = func.max(notices.c.created_at, notices.c.not_before)
    halted = select(revisions.c.policy).where(revisions.c.paused_at.is_not(None))
    waiting = (OPEN, notices.c.state != NoticeState.SENDING.value, notices.c.not_before <= at)
    query = select(func.min(since)).where(*waiting, not_(notices.c.policy.in_(halted)))
    return conn.execute(query).scalar()


def _count(conn: Connection, condition: object) -> int:
    return int(conn.execute(select(func.count()).select_from(revisions).where(condition)).scalar_one())  # type: ignore[arg-type]
