"""Mails around an approval: approvers are asked (with a checkpoint of the ledger), the author hears the result."""

from gatepost.actions.change import Change
from gatepost.actions.checkpoint import issue_checkpoint
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.who import APPROVER, Actor
from gatepost.core.change.proposal import Proposal
from gatepost.core.notice.notice import NoticeKind
from gatepost.storage import access, people
from gatepost.storage.policies import Revision


def ask_approvers(change: Change, proposal: Proposal, name: str) -> None:
    """Everybody who could approve is asked once, in the first of the roles asked that they hold."""
    note = issue_checkpoint(change)
    asked: dict[str, str] = {}
    for role in proposal.asked:
        for holder in access.holders(change.conn, f"{APPROVER}{role}"):
            if holder != proposal.author:
                asked.setdefault(holder, role)
    known = people.load(change.conn, asked)
    enqueue(
        change,
        (
            compose(
                change,
                proposal.policy.id,
                proposal.revision,
                NoticeKind.APPROVAL_ASKED,
                holder,
                facts={"role": role, "hash": name, "checkpoint": note},
            )
            for holder, role in asked.items()
            if holder in known and known[holder].emails
        ),
    )


def tell_author(change: Change, revision: Revision, by: Actor, *, declined: bool = False, reason: str = "") -> None:
    """The author hears that the quorum stands, or who declined and why."""
    facts = {
        "hash": revision.proposal,
        "declined_by": by.person.name if declined else "",
        "note": reason,
        "checkpoint": issue_checkpoint(change),
    }
    author = people.load(change.conn, [revision.author]).get(revision.author)
    if author is None or not author.emails:
        return
    step = f"{by.ref}@{change.now}"
    kind = NoticeKind.APPROVAL_RESULT
    enqueue(change, [compose(change, revision.policy, revision.revision, kind, author.ref, step=step, facts=facts)])
