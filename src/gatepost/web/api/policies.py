"""The life of policies at the API."""

from typing import Final

from gatepost.actions import announce as announcing
from gatepost.actions import approve as approving
from gatepost.actions import pause as pausing
from gatepost.actions import propose as proposing
from gatepost.actions import relax as relaxing
from gatepost.actions import retract as retracting
from gatepost.actions.preview import preview_policy
from gatepost.actions.preview_data import preview_data
from gatepost.actions.site import Site
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.core.token import Scope
from gatepost.web.api.asked import Document, No, OfPolicy, OfProposal, Reasoned, Retraction, WithReason, Yes
from gatepost.web.api.operation import Operation, verb

FILE: Final = "document"
"""What problems call a policy file that came in a request."""


def preview(site: Site, by: str, asked: Document) -> dict[str, object] | Refusal | tuple[Problem, ...]:
    """How many a policy would hit, whom nobody can see, and what to think of; it names nobody."""
    seen = preview_policy(site, by, asked.document.encode(), FILE)
    return seen if isinstance(seen, Refusal | tuple) else preview_data(seen)


def propose(site: Site, by: str, asked: Document) -> proposing.Proposed | Refusal | tuple[Problem, ...]:
    """Freeze a policy with its predicted impact, and ask its approvers."""
    return proposing.propose(site, by, asked.document.encode(), FILE)


def relax(site: Site, by: str, asked: Document) -> relaxing.RelaxProposed | Refusal | tuple[Problem, ...]:
    """Make a live policy milder, once an approver says yes; refused if anybody's verdict could become stricter."""
    return relaxing.propose_relax(site, by, asked.document.encode(), FILE)


def withdraw(site: Site, by: str, asked: WithReason) -> dict[str, object] | Refusal:
    """Take a proposal back before it is announced; all its approvals are void."""
    return proposing.withdraw(site, by, asked.policy, asked.reason)


def approve(site: Site, by: str, asked: Yes) -> approving.Approved | Refusal:
    """Say yes to a proposal, by a signature over its hash."""
    return approving.approve(site, by, asked.policy, asked.role, asked.signature, asked.hash)


def decline(site: Site, by: str, asked: No) -> dict[str, object] | Refusal:
    """Say no to a proposal; its author is told why."""
    return approving.decline(site, by, asked.policy, asked.role, asked.reason)


def announce(site: Site, by: str, asked: OfProposal) -> announcing.Announced | Refusal:
    """Check everything once more, freeze the audience, and tell it."""
    return announcing.announce(site, by, asked.policy, asked.hash)


def pause(site: Site, by: str, asked: Reasoned) -> pausing.Paused | Refusal:
    """Open the doors for a policy while somebody finds out; nothing is claimed, and its mails wait."""
    return pausing.pause(site, by, asked.policy, asked.reason)


def resume(site: Site, by: str, asked: OfPolicy) -> pausing.Resumed | Refusal:
    """Let a paused policy go on under the same approvals, within 72 hours."""
    return pausing.resume(site, by, asked.policy)


def retract(site: Site, by: str, asked: Retraction) -> retracting.Retracted | Refusal:
    """Withdraw an announced policy: doors open, unsent mail is withdrawn, corrections are sent."""
    return retracting.retract(site, by, asked.policy, asked.reason, asked.because, refers_to=asked.refers_to)


def end(site: Site, by: str, asked: WithReason) -> retracting.Retracted | Refusal:
    """The policy no longer applies: doors open, the audience is told."""
    return retracting.end(site, by, asked.policy, asked.reason)


OPERATIONS: Final = (
    Operation("POST", "/preview", Scope.PROPOSE, preview),
    verb("/propose", Scope.PROPOSE, propose),
    verb("/relax", Scope.PROPOSE, relax),
    verb("/policies/{policy}/withdraw", Scope.PROPOSE, withdraw),
    verb("/policies/{policy}/approve", Scope.APPROVE, approve),
    verb("/policies/{policy}/decline", Scope.APPROVE, decline),
    verb("/policies/{policy}/announce", Scope.ANNOUNCE, announce),
    verb("/policies/{policy}/resume", Scope.ANNOUNCE, resume),
    verb("/policies/{policy}/pause", Scope.STOP, pause),
    verb("/policies/{policy}/retract", Scope.STOP, retract),
    verb("/policies/{policy}/end", Scope.STOP, end),
)
