"""Relax: a live policy becomes milder under the approvals that it has, once one more approver has said yes.

Doors first, like everything that opens: the change that records the yes gives them the later instants, and the rule
keeps its number there, so that nothing has to be said about each device for that. Whom a wider exception frees is
computed then; and last the audience hears of it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from gatepost.actions import cells
from gatepost.actions.approval_mail import ask_approvers
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.corrections import write_corrections
from gatepost.actions.diff import document_lines
from gatepost.actions.live import live_rules, proposal_of, state_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.propose import failing_examples, open_revision
from gatepost.actions.retract import DoorAnswer, confirmations
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh_many
from gatepost.actions.who import AUTHOR, Actor, acting, looking_as
from gatepost.core.change import rails
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.ledger.events import PolicyProposed, PolicyRelaxed
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Cells, Policy
from gatepost.core.policy.relax import Side, in_words, stricter
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import instant_text, zone_data_version
from gatepost.documents.policy_data import policy_data
from gatepost.documents.policy_file import read_policy
from gatepost.documents.proposal import freeze
from gatepost.doors.entry import encode_state, rule_key
from gatepost.storage import audience, closing, ledger, notices, policies
from gatepost.storage.closing import Closing
from gatepost.storage.policies import Revision
from gatepost.storage.store import BROKEN

RELAXABLE: Final = frozenset(
    {"devices", "people", "except", "unseen", "deadline", "rollout", "grace", "notice", "tell_first", "reminders"}
    | {"consequence", "examples"}
)
"""What a relax may change. Texts and apps it may not: they are what people were told, and what approvers looked at."""


@dataclass(frozen=True, slots=True)
class RelaxProposed:
    """`lines`: of the document, as a unified diff. `roles`: one approver in any one of these is asked."""

    policy: str
    revision: int
    relaxes: int
    hash: str
    roles: tuple[str, ...]
    lines: tuple[str, ...]


def propose_relax(site: Site, by: str | None, data: bytes, file: str) -> RelaxProposed | Refusal | tuple[Problem, ...]:
    """Freeze a milder document of a live policy; approvers are asked by mail for one yes.

    Judged on the two documents, for all people, devices and instants. It needs no notice, and no rail stops it.
    """
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(conn, policy.id, "relax")
        if isinstance(revision, Refusal):
            return revision
        proposal = _milder(site, revision, proposal_of(conn, revision), policy)
        if isinstance(proposal, Refusal):
            return proposal
    with changing(site) as change:
        actor = acting(change, by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
        if refusal := _unfit(change, revision, policy):
            return refusal
        return _freeze(change, actor, revision, proposal)


def _unfit(change: Change, judged: Revision, policy: Policy) -> Refusal | None:
    revision = revision_in(change.conn, policy.id, "relax")
    if isinstance(revision, Refusal):
        return revision
    if revision.proposal != judged.proposal:
        return Refusal(Code.WRONG_STAGE, f"{policy.id} became another one meanwhile; look at it, and say it again.")
    if refusal := open_revision(change.conn, policy.id):
        return refusal
    apps = live_rules(change.conn)[revision.rule or 0].rule.apps
    return failing_examples(policy, apps)


# --- judged on the documents


def _milder(site: Site, revision: Revision, old: Proposal, policy: Policy) -> Proposal | Refusal:
    """The proposal that would stand in the place of the live one. Its impact is the one that was approved."""
    if refusal := _beyond(old.policy, policy):
        return refusal
    limits = site.rails()
    same_notice = policy.notice == old.policy.notice
    notice = old.notice if same_notice else rails.notice_period(policy, limits)
    effects = _effects(old, policy, site.settings.site.default_time_zone)
    before, after = (
        Side(document, period, dict(zip(old.cells, instants, strict=True)))
        for document, period, instants in ((old.policy, old.notice, old.effects), (policy, notice, effects))
    )
    example = stricter(before, after, site.clock.now())
    if example is not None:
        return Refusal(
            Code.RELAX_STRICTER,
            f"Somebody's verdict would become stricter. For example {in_words(example, instant_text)} Propose it as a "
            "new revision instead.",
        )
    changed = document_lines(old.policy, policy, revision.revision)
    headline = (
        f"It relaxes revision {revision.revision}, which is {revision.stage.value}, and makes no verdict stricter. One "
        "yes puts it in the place of that one at once. What it would do, below, is what was approved then."
    )
    return replace(
        old,
        policy=replace(policy, examples=()),
        effects=effects,
        notice=notice,
        warnings=(headline, *(line for line in changed[2:] if line[:1] in "+-")),
        zone_data=zone_data_version(),
        relaxes=revision.revision,
    )


def _beyond(old: Policy, new: Policy) -> Refusal | None:
    """Refuses what a relax may not touch, and what changes nothing."""
    before, after = (_compared(policy) for policy in (old, new))
    changed = [key for key in after if after[key] != before[key]]
    beyond = [key for key in changed if key not in RELAXABLE]
    if [ring.group for ring in old.rollout] != [ring.group for ring in new.rollout]:
        beyond.append("rollout, whose groups stay as they are; give a ring a later deadline instead")
    if beyond:
        return Refusal(
            Code.RELAX_BEYOND,
            f"A relax changes nothing of {', '.join(beyond)}. Propose a new revision, with its own approvals.",
        )
    if not changed:
        return Refusal(Code.RELAX_BEYOND, f"The file says what {new.id} says already; there is nothing to relax.")
    return None


def _compared(policy: Policy) -> dict[str, Any]:
    """What is part of the document, but for its tests, which are not frozen."""
    return policy_data(replace(policy, examples=()))


def _effects(old: Proposal, policy: Policy, default_zone: str) -> Cells:
    """The instants in the cells that were frozen. A deadline that stays as written keeps its instants (I-11)."""
    stays = [was == now for was, now in zip(old.policy.deadlines, policy.deadlines, strict=True)]
    if all(stays):
        return old.effects
    instants = cells.instants(policy)
    return tuple(
        effect if stays[ring] else instants.get((zone, ring), instants[default_zone, ring])
        for (zone, ring), effect in zip(old.cells, old.effects, strict=True)
    )


def _freeze(change: Change, actor: Actor, revision: Revision, milder: Proposal) -> RelaxProposed:
    policy = milder.policy
    number = policies.next_revision(change.conn, policy.id)
    proposal = replace(milder, revision=number, author=actor.ref, asked=revision.asked, proposed_at=change.now)
    frozen = freeze(proposal)
    name = digest(frozen)
    ledger.put_proposal(change.conn, name, frozen)
    expires = change.now + change.site.settings.rails.approvals_expire_after
    change.record(PolicyProposed(policy.id, number, name, proposal.asked, expires))
    ask_approvers(change, proposal, name)
    old = proposal_of(change.conn, revision).policy
    lines = document_lines(old, policy, revision.revision)
    return RelaxProposed(policy.id, number, revision.revision, name, tuple(sorted(proposal.asked)), lines)


# --- once an approver has said yes


def over_meanwhile(change: Change, revision: Revision) -> Refusal | None:
    """Why a relax that waits cannot take the place of what it relaxes: that is over."""
    relaxes = proposal_of(change.conn, revision).relaxes
    if not relaxes or revision.stage is not Stage.PROPOSED:
        return None
    base = policies.revision(change.conn, revision.policy, relaxes)
    if base is not None and base.stage in LIVE:
        return None
    return Refusal(
        Code.WRONG_STAGE,
        f"Revision {relaxes} of {revision.policy}, which this relaxes, is over; withdraw the proposal.",
    )


def put_in_place(change: Change, revision: Revision) -> None:
    """The relaxed revision stands in the place of the one that it relaxes: at the doors, in the queue, for people."""
    conn, policy = change.conn, revision.policy
    proposal = proposal_of(conn, revision)
    base = policies.revision(conn, policy, proposal.relaxes)
    if base is None or base.rule is None:
        raise ValueError("what is relaxed is live")
    change.record(PolicyRelaxed(policy, revision.revision, revision.proposal, base.rule, base.revision))
    notices.pass_on(conn, policy, base.revision, revision.revision)
    heir = policies.heir(conn, policy, base.revision)
    if heir is None:
        raise ValueError("what was relaxed has an heir")
    change.publish({rule_key(base.rule): encode_state(state_of(heir, proposal))})
    refresh_many(change, audience.due_devices(conn, base.rule))
    closing.done_for(conn, policy, base.revision)
    kind = NoticeKind.UPDATE.value
    closing.owe(conn, Closing(policy, revision.revision, kind, change.position(), change.now))


def follow_up(site: Site, position: int, wait: Callable[[float], None]) -> tuple[DoorAnswer, ...]:
    """After that change: the devices that are left, how soon the doors knew, and what people are told."""
    catch_up(site)
    doors = confirmations(site, position, wait)
    with suppress(*BROKEN):  # it is done: what is owed of the rest, the worker writes
        write_corrections(site)
    return doors
