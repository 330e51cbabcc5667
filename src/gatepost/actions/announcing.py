"""Announcements are put in the outbox after the change that announces, a part at a time: there is one writer, and a
retraction must not have to wait until 40,000 mails are put together.

Doors know the rule from the announcement on. Nobody is blocked by it who was not told, so what is queued later shuts
out nobody (I-10). What a crash leaves, the worker queues.
"""

from collections.abc import Iterable

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.site import Site
from gatepost.core.change.stage import LIVE
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.storage import audience, policies
from gatepost.storage.notices import Notice

PART = 2000


def queue_some(site: Site) -> bool:
    """One part of the announcements that are owed. Whether there was any."""
    with looking(site) as conn:
        if not audience.owed(conn, 1):
            return False
    with changing(site) as change:
        part = audience.owed(change.conn, PART)
        enqueue(change, _announcements(change, part))
        audience.owe_no_more(change.conn, part)
    return True


def _announcements(change: Change, part: Iterable[tuple[int, str]]) -> Iterable[Notice]:
    """One each, in the thread that it begins. Of a policy that is over by now it is withdrawn before it was ever
    queued: everybody in a frozen audience has one state (I-20), and nothing more is sent (I-23)."""
    revisions = {revision.rule: revision for revision in policies.history(change.conn)}
    for rule, person in part:
        revision = revisions[rule]
        notice = compose(change, revision.policy, revision.revision, NoticeKind.ANNOUNCEMENT, person)
        if revision.stage in LIVE:
            yield notice
        else:
            yield notice._replace(state=NoticeState.WITHDRAWN, settled_at=change.now)
