"""Approve and decline: one person's signed yes, or no, to one proposal's hash."""

from dataclasses import dataclass

from gatepost.actions.approval_mail import tell_author
from gatepost.actions.change import Change, changing
from gatepost.actions.hold import lacking, recheck_quorums
from gatepost.actions.lookup import revision_in
from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER, Actor, acting
from gatepost.core.change.quorum import Owed, Voice, fault
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.ledger.events import PolicyApproved, PolicyDeclined, QuorumReached
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures import ssh
from gatepost.storage import access, policies
from gatepost.storage.policies import Revision


@dataclass(frozen=True, slots=True)
class Approved:
    """`missing`: the approvals that are still asked, by role."""

    policy: str
    revision: int
    hash: str
    role: str
    stage: str
    missing: dict[str, int]


def to_sign(site: Site, policy: str) -> str | Refusal:
    """The hash that an approver of a policy signs, in lower-case hex."""
    with site.store.reading() as conn:
        revision = revision_in(conn, policy, "approve")
        return revision if isinstance(revision, Refusal) else revision.proposal


def approve(
    site: Site, by: str | None, policy: str, role: str, signature: str = "", signed: str = ""
) -> Approved | Refusal:
    """Record a yes. `signature`: an armoured SSH signature over the hash `signed` (an exercise needs none)."""
    role = role.removeprefix(APPROVER)
    with changing(site) as change:
        actor = acting(change, by, f"{APPROVER}{role}")
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(change.conn, policy, "approve")
        if isinstance(revision, Refusal):
            return revision
        fingerprint = _fingerprint(change, actor, revision, signature, signed)
        if isinstance(fingerprint, Refusal):
            return fingerprint
        if refusal := _unfit(change, actor, revision, role, fingerprint):
            return refusal
        change.record(PolicyApproved(policy, revision.revision, revision.proposal, role, fingerprint, signature))
        missing = lacking(change.conn, revision, site.exercise)
        stage = revision.stage
        if not missing and stage is Stage.PROPOSED:
            change.record(QuorumReached(policy, revision.revision, revision.proposal))
            stage = Stage.APPROVED
            tell_author(change, revision, actor)
        if stage in LIVE:
            recheck_quorums(change)
        return Approved(policy, revision.revision, revision.proposal, role, stage.value, missing)


def _fingerprint(change: Change, actor: Actor, revision: Revision, signature: str, signed: str) -> str | Refusal:
    """Which of the actor's keys made the signature; "" where an exercise needs none."""
    if not signature:
        if change.site.exercise:
            return ""
        return Refusal(
            Code.SIGNATURE_MISSING,
            "An approval carries a signature over the proposal's hash: add --sign KEYFILE, a key recorded for you.",
        )
    if signed and signed != revision.proposal:
        return Refusal(
            Code.SIGNATURE_INVALID, "The proposal changed since it was signed; look at it again and sign anew."
        )
    for key in access.keys_of(change.conn, actor.ref):
        if ssh.verify(key.public_key, revision.proposal.encode("ascii"), signature):
            return key.fingerprint
    return Refusal(
        Code.SIGNATURE_INVALID,
        "The signature is not one of this proposal's hash by a key recorded for you; `key list` shows the keys.",
    )


def _unfit(change: Change, actor: Actor, revision: Revision, role: str, fingerprint: str) -> Refusal | None:
    if role not in revision.asked:
        asked = ", ".join(revision.asked)
        return Refusal(Code.ROLE_NOT_ASKED, f"This proposal asks for {asked}, not for {role}.")
    if change.now >= revision.expires and revision.stage not in LIVE:
        return Refusal(Code.APPROVALS_EXPIRED, "The proposal has expired; withdraw it and propose again.")
    given = {
        judgement.person: judgement
        for judgement in policies.judgements(change.conn, revision.policy, revision.revision)
    }
    if (mine := given.get(actor.ref)) and mine.approved and revision.stage not in LIVE:
        return Refusal(
            Code.ALREADY_APPROVED, f"You approved this proposal as {mine.role} already; one person counts once."
        )
    grant = next(grant for grant in access.grants(change.conn, actor.ref) if grant.role == f"{APPROVER}{role}")
    key = access.key(change.conn, fingerprint) if fingerprint else None
    voice = Voice(
        person=actor.ref,
        role=role,
        role_owed=Owed(grant.granted_by, grant.entry),
        key_owed=Owed(key.added_by, key.entry) if key else None,
        key_needed=bool(fingerprint),
    )
    return fault(voice, revision.author, revision.proposed_entry)


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
