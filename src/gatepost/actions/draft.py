"""A draft: what a policy file means and would do, for whoever writes it and has proposed nothing yet."""

from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.example_mails import ExampleMail, draft_mails
from gatepost.actions.fleet import RecentFleet
from gatepost.actions.preview import NEAR, Looked, Previewed, look_at, watched
from gatepost.actions.propose import drafted, failing_examples
from gatepost.actions.site import Site
from gatepost.actions.who import Actor
from gatepost.core.change.differencing import Watch
from gatepost.core.change.impact import HIDDEN_UNDER
from gatepost.core.change.proposal import Proposal
from gatepost.core.instant import Instant
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.policy_file import read_policy

FEW = f"Fewer than {HIDDEN_UNDER} people have a device that it is about: they are not counted."


@dataclass(frozen=True, slots=True)
class Draft:
    """`previewed`: what may be shown of its impact, over the fleet as it stood `at`. `withheld`: why no count is; ""
    where they are. `examples`: why its own tests fail; "" where they do not. `first`, `last`: when its deadline comes
    in the first time zone and in the last; None where it is `immediately`."""

    proposal: Proposal
    previewed: Previewed
    withheld: str
    examples: str
    at: Instant
    first: Instant | None
    last: Instant | None
    mails: tuple[ExampleMail, ...]


def draft(
    site: Site, actor: Actor, data: bytes, file: str, recent: RecentFleet
) -> Draft | Refusal | tuple[Problem, ...]:
    """What the file would do, counted over a copy of the fleet. Its scope is remembered, as a preview's is."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    copy = recent.get()

    def look(conn: Connection, watch: Watch) -> tuple[Looked, Proposal] | Refusal:
        now = site.clock.now()
        looked = look_at(conn, site, policy, now, copy.fleet, watch)
        return looked if isinstance(looked, Refusal) else (looked, drafted(conn, site, actor.ref, looked[0], now))

    found = watched(site, actor.person.id, policy, look)
    if isinstance(found, Refusal):
        return found
    ((assessed, about), proposal), allowed = found
    failing = failing_examples(policy, assessed.rule.apps)
    first, last = proposal.deadlines
    return Draft(
        proposal=proposal,
        previewed=Previewed(assessed, allowed, about),
        withheld=NEAR if allowed.too_near else FEW if allowed.too_few else "",
        examples=failing.text if failing else "",
        at=copy.at,
        first=first,
        last=last,
        mails=draft_mails(site, proposal, actor.person),
    )
