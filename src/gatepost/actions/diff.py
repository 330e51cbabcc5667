"""Diff: what a new revision of a policy would change, for how many and whom; and what changed between two instants."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from difflib import unified_diff
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.assess import Assessed, assess, assess_apps
from gatepost.actions.change import looking
from gatepost.actions.fleet import read_fleet
from gatepost.actions.live import proposal_of
from gatepost.actions.naming import differing
from gatepost.actions.preview import watched
from gatepost.actions.site import Site
from gatepost.actions.who import AUDITOR, AUTHOR, OPERATOR, looking_as
from gatepost.core.change.differencing import Watch
from gatepost.core.change.impact import HIDDEN_UNDER
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import OutcomesChanged
from gatepost.core.ledger.leaf import parse
from gatepost.core.policy.policy import Policy
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.policy_file import read_policy, write_policy
from gatepost.storage import ledger, policies

Count = int | None
"""None: at least one, and fewer than HIDDEN_UNDER: the difference of two previews could name them."""


@dataclass(frozen=True, slots=True)
class Diffed:
    """`lines`: of the document, as a unified diff. `apps`: which came in, fell out or have other identifiers. People:
    `due` under the new one, `newly_due`, `freed`; all None where counts are `withheld`: few people are behind them."""

    policy: str
    against: int
    lines: tuple[str, ...]
    apps: tuple[str, ...]
    due: Count
    newly_due: Count
    freed: Count
    withheld: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything is other than before, the words included."""
        return bool(self.lines) or bool(self.apps) or self.newly_due != 0 or self.freed != 0


@dataclass(frozen=True, slots=True)
class Passed:
    """What changed between two instants: the stages that `policies` reached, and devices by their verdict."""

    since: Instant
    until: Instant
    policies: tuple[Mapping[str, object], ...]
    newly_blocked: Count
    newly_warned: Count
    opened: Count

    @property
    def moved(self) -> bool:
        return bool(self.policies) or any(one != 0 for one in (self.newly_blocked, self.newly_warned, self.opened))


def diff_policy(site: Site, by: str | None, data: bytes, file: str) -> Diffed | Refusal | tuple[Problem, ...]:
    """A policy file against the newest revision of the same policy. Its counts are an answer as a preview's are: they
    are withheld where a preview would be refused; its words never are."""
    policy = read_policy(data, file)
    if not isinstance(policy, Policy):
        return policy
    found = watched(site, by, policy, lambda conn, watch: _compared(conn, site, policy, watch))
    if isinstance(found, Refusal):
        return found
    compared, allowed = found
    return _diffed(compared, allowed.withheld)


class _Compared(NamedTuple):
    """What a revision, and a document, do to the fleet as it stands."""

    against: int
    old: Assessed
    new: Assessed

    @property
    def newly_due(self) -> frozenset[str]:
        return self.new.impact.due_people - self.old.impact.due_people

    @property
    def freed(self) -> frozenset[str]:
        return self.old.impact.due_people - self.new.impact.due_people


def _compared(conn: Connection, site: Site, policy: Policy, watch: Watch) -> _Compared | Refusal:
    against = policies.latest(conn, policy.id)
    if against is None:
        return Refusal(
            Code.NO_SUCH_POLICY,
            f"There is no earlier revision of {policy.id}; `policy preview` shows whom one hits.",
        )
    proposal = proposal_of(conn, against)
    fleet, now = read_fleet(conn), site.clock.now()
    old = assess_apps(conn, site, proposal.policy, proposal.apps, now, fleet)
    new = assess(conn, site, policy, now, fleet, watch)
    if isinstance(new, Refusal):
        return new
    return _Compared(against.revision, old, new)


def _diffed(found: _Compared, withheld: bool) -> Diffed:
    old, new = found.old, found.new
    return Diffed(
        policy=new.policy.id,
        against=found.against,
        lines=document_lines(old.policy, new.policy, found.against),
        apps=differing(old.apps, new.apps).sentences,
        due=None if withheld else len(new.impact.due_people),
        newly_due=None if withheld else _count(found.newly_due),
        freed=None if withheld else _count(found.freed),
        withheld=withheld,
    )


def _count(found: Set[str]) -> Count:
    return len(found) if not found or len(found) >= HIDDEN_UNDER else None


def document_lines(old: Policy, new: Policy, revision: int) -> tuple[str, ...]:
    """Both as the program writes them, so that neither order nor comments count; nor the document's own tests."""
    before, after = (write_policy(replace(policy, examples=())).splitlines() for policy in (old, new))
    return tuple(unified_diff(before, after, f"revision {revision}", "new", n=1, lineterm=""))


def diff_instants(site: Site, by: str | None, since: Instant, until: Instant) -> Passed | Refusal:
    """What became of policies and of devices' verdicts after one instant, up to another, as the ledger says."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by, AUTHOR, OPERATOR, AUDITOR, "approver")
        if isinstance(actor, Refusal):
            return actor
        before, after = _outcomes(conn, since, until)
        return Passed(
            since=since,
            until=until,
            policies=tuple(_became(conn, since, until)),
            newly_blocked=_turned(before, after, "block"),
            newly_warned=_turned(before, after, "warn"),
            opened=_count({ref for ref, word in before.items() if word == "block" and after.get(ref) != "block"}),
        )


def _outcomes(conn: Connection, since: Instant, until: Instant) -> tuple[dict[str, str], dict[str, str]]:
    """Every device's recorded verdict at two instants; a device that is missing was allowed."""
    now: dict[str, str] = {}
    before: dict[str, str] | None = None
    for row in ledger.rows(conn, 0, (OutcomesChanged.__name__,)):
        if row.at > until:
            break
        if row.at > since and before is None:
            before = dict(now)
        event = parse(row.leaf).event
        if isinstance(event, OutcomesChanged):
            now.update(event.outcomes)
    return (dict(now) if before is None else before), now


def _turned(before: Mapping[str, str], after: Mapping[str, str], word: str) -> Count:
    return _count({ref for ref, now in after.items() if now == word and before.get(ref) != word})


def _became(conn: Connection, since: Instant, until: Instant) -> list[dict[str, object]]:
    """The stages that policies reached in that time, in order."""
    reached: list[tuple[Instant, dict[str, object]]] = []
    for revision in policies.history(conn):
        stages = {
            "proposed": revision.proposed_at,
            "announced": revision.announced_at,
            "in_force": revision.in_force_at,
            revision.stage.value: revision.closed_at,
        }
        reached += [
            (at, {"policy": revision.policy, "revision": revision.revision, "stage": stage, "at": at})
            for stage, at in stages.items()
            if at is not None and since < at <= until
        ]
    return [what for _, what in sorted(reached, key=lambda one: one[0])]
