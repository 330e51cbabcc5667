"""A policy as it stood at an instant, from the ledger: its stage, who had said yes, and the very document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.about import Rows, about_data
from gatepost.actions.asked import deadlines
from gatepost.actions.change import looking
from gatepost.actions.live import proposal_of
from gatepost.actions.site import Site
from gatepost.core.change.proposal import Proposal
from gatepost.core.instant import Instant
from gatepost.core.ledger import events as e
from gatepost.core.ledger.events import Event
from gatepost.core.ledger.leaf import parse
from gatepost.core.ledger.pause_events import PolicyPaused, PolicyResumed
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.documents.policy_file import write_policy
from gatepost.storage import ledger, past, people, policies
from gatepost.storage.entry import Entry
from gatepost.storage.policies import Judgement, Revision

_LIFE: Final[tuple[type[Event], ...]] = (
    e.PolicyProposed,
    e.PolicyWithdrawn,
    e.PolicyApproved,
    e.PolicyDeclined,
    e.QuorumReached,
    e.QuorumLost,
    e.QuorumRegained,
    e.PolicyAnnounced,
    e.PolicyRelaxed,
    e.PolicyInForce,
    PolicyPaused,
    PolicyResumed,
    e.PolicyRetracted,
    e.PolicyEnded,
)
"""The entries that make a policy's life."""


@dataclass(frozen=True, slots=True)
class Past:
    """`entry`: the newest about the policy by then. `answers`: who had said yes or no, with their id, or a pseudonym
    once nobody knows whose. `next_at`: when the next entry about it was made, None if none was."""

    at: Instant
    revision: Revision
    proposal: Proposal
    author: str
    answers: tuple[tuple[str, Judgement], ...]
    first: Instant | None
    last: Instant | None
    entry: int
    next_at: Instant | None
    document: str
    known: Mapping[str, Rows]


def policy_at(site: Site, policy: str, at: Instant) -> Past | Refusal:
    """The revision that was the newest at an instant, as it stood then. An entry of that very instant has happened."""
    with looking(site) as conn:
        found = list(_life(conn, policy))
        by_then = [(entry, event) for entry, event in found if entry.at <= at]
        if not found:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
        if not by_then:
            text = f"{policy} was not there yet: it was first proposed at {instant_text(found[0][0].at)}."
            return Refusal(Code.WRONG_STAGE, text)
        later = [entry.at for entry, _ in found if entry.at > at]
        with past.folded(by_then) as then:
            revision = policies.latest(then, policy)
            if revision is None:
                raise LookupError(f"the ledger's entries about {policy} make no revision of it")
            judged = policies.judgements(then, policy, revision.revision)
        proposal = proposal_of(conn, revision)
        first, last = deadlines(revision, proposal)
        named = people.load(conn, {revision.author, *(one.person for one in judged)})
        ids = {ref: person.id for ref, person in named.items()}
        return Past(
            at=at,
            revision=revision,
            proposal=proposal,
            author=ids.get(revision.author, revision.author),
            answers=tuple((ids.get(one.person, one.person), one) for one in judged),
            first=first,
            last=last,
            entry=by_then[-1][0].index,
            next_at=min(later, default=None),
            document=write_policy(proposal.policy),
            known=about_data(conn, proposal.about),
        )


def _life(conn: Connection, policy: str) -> Iterator[tuple[Entry, Event]]:
    """Every entry about a policy, oldest first."""
    for row in ledger.about_policy(conn, policy, tuple(kind.__name__ for kind in _LIFE)):
        at = row.at  # the latest instant of all before is asked for by roles alone
        yield Entry(row.idx, at, row.by, partial(int, at)), parse(row.leaf).event
