"""Pause and resume: second thoughts that are no retraction. Doors open for a policy, and nothing is claimed.

A pause says nothing about the policy: it is for the hour in which somebody finds out. Whoever was blocked hears at once
that mail is open again, since that is true and they may be waiting for it; nobody hears why. What lasts longer is told
when it ends, and blocks nobody before people had their notice period again. Pauses are summed: many short ones are
one long one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gatepost.actions.change import Change, changing
from gatepost.actions.corrections import write_corrections
from gatepost.actions.hold import restate
from gatepost.actions.live import proposal_of, state_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.retract import DoorAnswer, confirmations
from gatepost.actions.site import Site
from gatepost.actions.who import MAY_PAUSE, acting
from gatepost.clock import pause as wait_for
from gatepost.core.instant import HOUR, Duration, Instant, duration_text
from gatepost.core.ledger.pause_events import PolicyPaused, PolicyResumed
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import closing, policies
from gatepost.storage.closing import Closing
from gatepost.storage.policies import Revision

LONGEST: Final[Duration] = 72 * HOUR
"""After so much of pauses in all the approvals are for another time: propose the policy anew."""

UNTOLD: Final[Duration] = HOUR
"""What was paused for longer, in all, since people were last told, is told of when it goes on."""


@dataclass(frozen=True, slots=True)
class Paused:
    policy: str
    revision: int
    doors: tuple[DoorAnswer, ...]


@dataclass(frozen=True, slots=True)
class Resumed:
    """`not_before`: it blocks nobody before this instant; None where all is as it was. `told`: an update goes out."""

    policy: str
    revision: int
    not_before: Instant | None
    told: bool


def pause(
    site: Site, by: str | None, policy: str, reason: str, wait: Callable[[float], None] = wait_for
) -> Paused | Refusal:
    """Open the doors for a policy. Never capped, needs no second person; what waits to be mailed about it waits on."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "A pause says why: add --reason TEXT.")
    with changing(site) as change:
        revision = _may(change, by, policy, "pause")
        if isinstance(revision, Refusal):
            return revision
        if revision.paused_at is not None:
            return Refusal(Code.WRONG_STAGE, f"{policy} is paused already; `policy resume` lets it go on.")
        change.record(PolicyPaused(policy, revision.revision, change.words(reason)))
        position = _publish(change, policy, revision.revision)
    return Paused(policy, revision.revision, confirmations(site, position, wait))


def resume(site: Site, by: str | None, policy: str) -> Resumed | Refusal:
    """Let a policy go on under the same approvals. After more than an hour of pauses since people were last told they
    are told first, and have their notice period again."""
    with changing(site) as change:
        revision = _may(change, by, policy, "resume")
        if isinstance(revision, Refusal):
            return revision
        if revision.paused_at is None:
            return Refusal(Code.WRONG_STAGE, f"{policy} is not paused; there is nothing to resume.")
        lasted = change.now - revision.paused_at
        if revision.paused_for + lasted > LONGEST:
            return Refusal(
                Code.PAUSED_TOO_LONG,
                f"{policy} has been paused for longer than {duration_text(LONGEST)} in all since it was approved: end "
                "or retract it, and propose it anew.",
            )
        told = revision.paused_untold + lasted > UNTOLD
        notice = proposal_of(change.conn, revision).notice
        not_before = max(revision.not_before, change.now + notice) if told else revision.not_before
        change.record(PolicyResumed(policy, revision.revision, not_before, told))
        position = _publish(change, policy, revision.revision)
        if told:
            kind = NoticeKind.UPDATE.value
            closing.owe(change.conn, Closing(policy, revision.revision, kind, position, change.now))
    if told:
        write_corrections(site)
    return Resumed(policy, revision.revision, not_before or None, told)


def _may(change: Change, by: str | None, policy: str, verb: str) -> Revision | Refusal:
    actor = acting(change, by, *MAY_PAUSE)
    return actor if isinstance(actor, Refusal) else revision_in(change.conn, policy, verb)


def _publish(change: Change, policy: str, number: int) -> int:
    """Give the doors the rule as it stands now. The change stream's position that says so."""
    revision = policies.revision(change.conn, policy, number)
    if revision is None or revision.rule is None:
        raise ValueError("an announced revision has a rule")
    restate(change, revision.rule, state_of(revision, proposal_of(change.conn, revision)))
    return change.position()
