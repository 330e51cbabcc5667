"""Approve and decline: one person's signed yes, or no, to one proposal's hash."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gatepost.actions.approval_mail import tell_author
from gatepost.actions.change import Change, changing
from gatepost.actions.hold import lacking, recheck_quorums, voice
from gatepost.actions.live import proposal_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.relax import follow_up, over_meanwhile, put_in_place
from gatepost.actions.retract import DoorAnswer
from gatepost.actions.signed import signing_key
from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER, Actor, acting
from gatepost.clock import pause
from gatepost.core.change.quorum import fault
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.ledger.events import PolicyApproved, PolicyDeclined, QuorumReached
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import policies
from gatepost.storage.policies import Judgement, Revision


@dataclass(frozen=True, slots=True)
class Approved:
    """`missing`: the approvals that are still asked, by role. `relaxes`: the revision whose place this one took by this
    yes, 0 for none, and `doors`: how soon they knew."""

    policy: str
    revision: int
    hash: str
    role: str
    stage: str
    missing: dict[str, int]
    relaxes: int = 0
    doors: tuple[DoorAnswer, ...] = ()


def to_sign(site: Site, policy: str) -> str | Refusal:
    """The hash that an approver of a policy signs, in lower-case hex."""
    with site.store.reading() as conn:
        revision = revision_in(conn, policy, "approve")
        return revision if isinstance(revision, Refusal) else revision.proposal


def approve(
    site: Site,
    by: str | None,
    policy: str,
    role: str,
    signature: str = "",
    signed: str = "",
    wait: Callable[[float], None] = pause,
) -> Approved | Refusal:
    """Record a yes. `signature`: an armoured SSH signature over the hash `signed` (an exercise needs none).

    What relaxes a live revision takes its place by the first yes.
    """
    with changing(site) as change:
        done = _approve(change, by, policy, role.removeprefix(APPROVER), signature, signed)
        position = change.position()
    if isinstance(done, Approved) and done.relaxes:
        return replace(done, doors=follow_up(site, position, wait))
    return done


def _approve(change: Change, by: str | None, policy: str, role: str, signature: str, signed: str) -> Approved | Refusal:
    actor = acting(change, by, f"{APPROVER}{role}")
    if isinstance(actor, Refusal):
        return actor
    revision = revision_in(change.conn, policy, "approve")
    if isinstance(revision, Refusal):
        return revision
    fingerprint = signing_key(change, actor, revision.proposal, signature, signed)
    if isinstance(fingerprint, Refusal):
        return fingerprint
    if refusal := over_meanwhile(change, revision) or _unfit(change, actor, revision, role, fingerprint):
        return refusal
    change.record(PolicyApproved(policy, revision.revision, revision.proposal, role, fingerprint, signature))
    missing = lacking(change.conn, revision, change.site.exercise)
    relaxes = 0
    if not missing and revision.stage is Stage.PROPOSED:
        relaxes = proposal_of(change.conn, revision).relaxes
        if relaxes:
            put_in_place(change, revision)
        else:
            change.record(QuorumReached(policy, revision.revision, revision.proposal))
        tell_author(change, revision, actor)
    stands = policies.revision(change.conn, policy, revision.revision) or revision
    if stands.stage in LIVE:
        recheck_quorums(change)
    return Approved(policy, revision.revision, revision.proposal, role, stands.stage.value, missing, relaxes)


def _unfit(change: Change, actor: Actor, revision: Revision, role: str, fingerprint: str) -> Refusal | None:
    if role not in revision.asked:
        asked = ", ".join(revision.asked)
        return Refusal(Code.ROLE_NOT_ASKED, f"This proposal asks for {asked}, not for {role}.")
    if revision.stage not in LIVE and change.latest(revision.proposed_entry) >= revision.expires:
        return Refusal(Code.APPROVALS_EXPIRED, "The proposal has expired; withdraw it and propose again.")
    given = {
        judgement.person: judgement
        for judgement in policies.judgements(change.conn, revision.policy, revision.revision)
    }
    if (mine := given.get(actor.ref)) and mine.approved and revision.stage not in LIVE:
        return Refusal(
            Code.ALREADY_APPROVED, f"You approved this proposal as {mine.role} already; one person counts once."
        )
    yes = Judgement(actor.ref, role, True, change.now, fingerprint, "")
    return fault(voice(change.conn, yes, change.site.exercise), revision.author, revision.proposed_entry)


def decline(site: Site, by: str | None, policy: str, role: str, reason: str) -> dict[str, object] | Refusal:
    """Record a no, with its reason; the author is told. A person's earlier yes is void."""
    role = role.removeprefix(APPROVER)
    with changing(site) as change:
        actor = acting(change, by, f"{APPROVER}{role}")
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(change.conn, policy, "decline")
        if isinstance(revision, Refusal):
            return revision
        if actor.ref == revision.author:
            return Refusal(Code.AUTHOR_APPROVES, "The author does not judge their own proposal; withdraw it instead.")
        change.record(PolicyDeclined(policy, revision.revision, revision.proposal, role, change.words(reason)))
        tell_author(change, revision, actor, declined=True, reason=reason)
        return {"policy": policy, "revision": revision.revision, "role": role, "declined": True}
