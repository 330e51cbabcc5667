"""What a retraction would do, and how one goes: doors that have confirmed, corrections on their way."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import looking
from gatepost.actions.deliver import CLOSING
from gatepost.actions.lookup import revision_in
from gatepost.actions.site import Site
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeState
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import rule_key
from gatepost.storage import audience, closing, feed, notices, policies, sent
from gatepost.storage.policies import Revision

GOING = (NoticeState.QUEUED.value, NoticeState.SENDING.value)
"""The states of a mail that is still to go out, or going."""


class Reach(NamedTuple):
    """Whom a retraction of this revision would reach: `people` may have a mail about the policy and get the correction,
    `unsent` mails would never be sent."""

    revision: int
    people: int
    unsent: int


class Heard(NamedTuple):
    """A door: whether it has confirmed, when it was last heard of, whether it stands open for everything."""

    name: str
    confirmed: bool
    contact_at: Instant
    open: bool


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`stopped_at`: when the revision was retracted or ended, or its pause began. `kind`: of the mails that say so, ""
    where none does. `in_flight`: mails of the policy that were in hand at that moment and are not settled yet.
    `going_on`: something of it is still to come."""

    revision: int
    stage: Stage
    stopped_at: Instant
    doors: tuple[Heard, ...]
    kind: str
    mails: sent.Sent
    in_flight: int
    going_on: bool


def reach(site: Site, policy: str) -> Reach | Refusal:
    """How many a retraction would concern now; refused as the retraction would be for its stage."""
    with looking(site) as conn:
        revision = revision_in(conn, policy, "retract")
        if isinstance(revision, Refusal):
            return revision
        waiting = notices.count_queued(conn, policy)
        owed = audience.count_owed(conn, revision.rule) if revision.rule is not None else 0
        return Reach(revision.revision, notices.count_reached(conn, policy), waiting + owed)


def aftermath(site: Site, policy: str) -> Aftermath | Refusal:
    """How the newest retraction, end or pause of a policy goes, as far as it has come."""
    with looking(site) as conn:
        stopped = [one for one in policies.history(conn, policy) if _stopped_at(one) is not None]
        if not stopped:
            return Refusal(Code.WRONG_STAGE, f"{policy} is neither retracted nor ended nor paused.")
        revision = stopped[-1]
        kind = CLOSING.get(revision.because)
        mails = sent.of_kind(conn, policy, revision.revision, kind) if kind else sent.NOTHING
        doors = tuple(_heard(conn, revision))
        in_flight = len(notices.overtaken(conn, policy))
        owed = any((one.policy, one.revision) == revision[:2] for one in closing.owed(conn))
        unsaid = owed or in_flight > 0 or any(mails.states.get(state) for state in GOING)
        return Aftermath(
            revision=revision.revision,
            stage=revision.stage,
            stopped_at=_stopped_at(revision) or 0,
            doors=doors,
            kind=kind.value if kind else "",
            mails=mails,
            in_flight=in_flight,
            going_on=unsaid or not all(door.confirmed for door in doors),
        )


def _stopped_at(revision: Revision) -> Instant | None:
    """Since when a revision blocks nobody because somebody said so; None where another one took its place, too."""
    if revision.because in CLOSING:
        return revision.closed_at
    return revision.paused_at if revision.stage in LIVE else None


def _heard(conn: Connection, revision: Revision) -> list[Heard]:
    """Every door. What was taken away is forgotten once all doors know; so then they do."""
    position = feed.position_of(conn, rule_key(revision.rule or 0))
    return [
        Heard(door.name, position is None or door.rules >= position, door.contact_at, door.opened_at is not None)
        for door in feed.known_doors(conn).values()
    ]
