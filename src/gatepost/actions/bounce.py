"""A bounce undoes being told by mail: whoever's announcement came back is not blocked by it until told otherwise, or
again from when they had been told otherwise (I-10)."""

from gatepost.actions.change import Change, changing
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.actions.who import OPERATOR, acting
from gatepost.core.change.stage import LIVE
from gatepost.core.ledger.events import NoticeBounced
from gatepost.core.notice.notice import REACHED, NoticeKind
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.bounce import Bounce, read_bounce
from gatepost.storage import audience, devices, notices, people, policies
from gatepost.storage.notices import Notice


def take_bounce(
    site: Site, by: str | None, data: bytes, name: str
) -> dict[str, object] | Refusal | tuple[Problem, ...]:
    """Take in one delivery status notification, such as the mail server pipes to us."""
    bounce = read_bounce(data, name)
    if not isinstance(bounce, Bounce):
        return (bounce,)
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        notice = notices.named(change.conn, bounce.envelope_id, bounce.message_id)
        if notice is None or notice.state not in REACHED:
            return Refusal(Code.NO_SUCH_NOTICE, "This bounce is about no mail of ours that was sent.")
        change.record(NoticeBounced(notice.policy, notice.revision, notice.id, bounce.status))
        notices.note_reply(change.conn, notice.id, f"bounced {bounce.status}".strip())
        revision = policies.heir(change.conn, notice.policy, notice.revision)
        untold = _told_by(change, notice) and revision is not None and revision.stage in LIVE
        if untold and revision is not None and revision.rule is not None:
            audience.undo_told(change.conn, revision.rule, notice.person)
            listeners = audience.of_people(change.conn, [notice.person], [revision.rule]).values()
            untold = all(listener.told_at is None for listener in listeners)
            refresh(change, devices.refs_of(change.conn, [notice.person]))
        person = people.load(change.conn, [notice.person]).get(notice.person)
        return {"person": person.id if person else notice.person, "kind": notice.kind.value, "told": not untold}


def _told_by(change: Change, notice: Notice) -> bool:
    """Whether it is the announcement that counts for this person: not one to an address that they have no more."""
    if notice.kind is not NoticeKind.ANNOUNCEMENT:
        return False
    last = notices.announced_to(change.conn, notice.policy, notice.revision, [notice.person])[notice.person]
    return last == notice.settled_at
