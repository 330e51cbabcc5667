"""What of the outbox has gone out: how much, when, and what the mail server said."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from gatepost.core.instant import Instant
from gatepost.core.notice.notice import REACHED, NoticeKind, NoticeState
from gatepost.storage.notice_schema import OPEN, SETTLED, notices
from gatepost.storage.notices import ANNOUNCEMENT


class Sent(NamedTuple):
    """Of the notices of one kind about a revision: how many are in each state, and when the mail server answered to the
    first and to the last."""

    states: Mapping[str, int]
    first_at: Instant | None
    last_at: Instant | None


NOTHING = Sent({}, None, None)


def of_kind(conn: Connection, policy: str, revision: int, kind: NoticeKind) -> Sent:
    about = and_(notices.c.policy == policy, notices.c.revision == revision, notices.c.kind == kind.value)
    when = (func.min(notices.c.settled_at), func.max(notices.c.settled_at))
    rows = conn.execute(select(notices.c.state, func.count(), *when).where(about).group_by(notices.c.state)).all()
    first, last = ([row[place] for row in rows if row[place] is not None] for place in (2, 3))
    return Sent({row[0]: row[1] for row in rows}, min(first, default=None), max(last, default=None))


def since_then(conn: Connection, since: Instant, kinds: Sequence[NoticeKind] = ()) -> int:
    """How many mails the server took, or may have taken, after an instant, of some kinds or of all."""
    taken = and_(SETTLED, notices.c.settled_at > since, notices.c.state.in_([state.value for state in REACHED]))
    unsure = and_(OPEN, notices.c.state == NoticeState.UNCERTAIN.value)
    found = 0
    for condition in (taken, unsure):
        query = select(func.count()).select_from(notices).where(condition)
        if kinds:
            # Not as a bare column: SQLite would rather go through all that were ever sent of these kinds.
            query = query.where(notices.c.kind.concat("").in_([kind.value for kind in kinds]))
        found += int(conn.execute(query).scalar_one())
    return found


def first_batch(conn: Connection, policy: str, revision: int, size: int) -> tuple[int, Instant | None]:
    """How many of a revision's first `size` announcements have left the queue, and when the last of them was settled.

    The instant is None until all of them are.
    """
    of_it = and_(ANNOUNCEMENT, notices.c.policy == policy, notices.c.revision == revision)
    gone = notices.c.state.not_in([NoticeState.QUEUED.value, NoticeState.WITHDRAWN.value])
    query = select(notices.c.settled_at).where(of_it, gone, notices.c.settled_at.is_not(None))
    settled = [row.settled_at for row in conn.execute(query.order_by(notices.c.settled_at).limit(size))]
    if len(settled) == size:
        return size, settled[-1]
    in_doubt = and_(of_it, OPEN, notices.c.state.in_([NoticeState.SENDING.value, NoticeState.UNCERTAIN.value]))
    query = select(notices.c.id).where(in_doubt).limit(size - len(settled))
    return len(settled) + len(conn.execute(query).all()), None
