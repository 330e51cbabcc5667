"""Level 1: which rules one device is due under, from which instant each counts, and before which it cannot block.

Nothing here asks what time it is. An absent that will go stale and an attestation that will end are already due, from
that instant on; so time alone never makes a standing wrong, and no job has to run for a door to be right.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gatepost.core.fleet.device import Device, Platform
from gatepost.core.fleet.finding import Evidence, Finding, finding, stale_at
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, NEVER, Duration, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.policy import Consequence, Policy, Unseen
from gatepost.core.policy.verdict import DueRule, Standing

NO_REPORT: Final = -1
"""Before every catalogue revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What else is known of one rule for one device of one person, besides the facts.

    `cell`: the person's time zone and ring, an index into RuleState.effects.
    `notice`: the least time between being told and being blocked that holds for this revision.
    `foreseen`: the person is in the approved impact. `admitted_at`: by the cap; only looked at if not foreseen.
    `told_at`: the mail server took the person's notice, or an operator told them.
    `at_doors`: doors can see the device, and said whom they saw when the person was told. `contact_at`: when it was
    first at one after that; only looked at if `at_doors`.
    `due_since`: set for whoever became due only after the announcement, once per policy and person.
    `waived_until`: the latest end of a waiver for the person or the device, ALWAYS if there is none.
    `attested_until`: per app, the end of the owner's statement that it is not on this device.
    """

    announced_at: Instant
    cell: int
    notice: Duration
    foreseen: bool = False
    admitted_at: Instant | None = None
    told_at: Instant | None = None
    at_doors: bool = False
    contact_at: Instant | None = None
    due_since: Instant | None = None
    waived_until: Instant = ALWAYS
    attested_until: Mapping[str, Instant] = field(default_factory=dict)


class DueApp(NamedTuple):
    """The app by which a device is due, waivers aside: its place in the rule, the finding, and from when it is."""

    place: int
    finding: Finding
    since: Instant


def due_app(
    rule: Rule, platform: Platform, evidence: Evidence, attested_until: Mapping[str, Instant], stale_after: Duration
) -> DueApp | None:
    """The app by which a device is or will be due under a rule; None if time alone never makes it due.

    A present one wins; else the one that is due first, of several the strictest finding, of these the first named.
    """
    seen = present_app(rule, evidence)
    if seen is not None or rule.policy.unseen is Unseen.ALLOW:
        return seen
    return unseen_app(rule, platform, evidence, attested_until, stale_after)


def present_app(rule: Rule, evidence: Evidence) -> DueApp | None:
    """The first of the rule's apps that is present. An attestation never helps against it."""
    seen = rule.order.keys() & evidence.present.keys()
    return DueApp(min(rule.order[mark] for mark in seen), Finding.PRESENT, ALWAYS) if seen else None


def unseen_app(
    rule: Rule, platform: Platform, evidence: Evidence, attested_until: Mapping[str, Instant], stale_after: Duration
) -> DueApp | None:
    """The app that first is, or will be, hidden, stale or never, whatever the policy makes of it.

    For a device with none of the apps present. Attestations help only under `unseen: attest`.
    """
    if attested_until and rule.policy.unseen is Unseen.ATTEST:
        candidates = [
            _unseen(rule, place, platform, evidence, attested_until.get(rule.apps[place].id, ALWAYS), stale_after)
            for place in rule.part[platform]
        ]
        return min((due for due in candidates if due is not None), key=_first_due, default=None)
    # Without attestations all apps share one report, so the one it says least about is due first and strictest.
    place = rule.least_known(platform, NO_REPORT if evidence.reported_at is None else evidence.matched_under)
    return None if place is None else _unseen(rule, place, platform, evidence, ALWAYS, stale_after)


def _unseen(
    rule: Rule, place: int, platform: Platform, evidence: Evidence, attested_until: Instant, stale_after: Duration
) -> DueApp | None:
    # Asked of the end of time: an absent counts as the stale one that it becomes if nothing more is heard.
    found = finding(rule.apps[place], platform, evidence, stale_after, NEVER)
    if found is None or found is Finding.ABSENT:
        return None
    since = max(attested_until, stale_at(evidence, stale_after)) if found is Finding.STALE else attested_until
    return DueApp(place, found, since) if since < NEVER else None


def _first_due(due: DueApp) -> tuple[Instant, int, int]:
    return (due.since, -due.finding, due.place)


def due_rule(rule: Rule, device: Device, evidence: Evidence, terms: Terms, stale_after: Duration) -> DueRule | None:
    """What level 1 holds of one rule for one device in its scope; None if time alone never makes it due."""
    due = due_app(rule, device.platform, evidence, terms.attested_until, stale_after)
    if due is None:
        return None
    counts_from = max(due.since, terms.waived_until)
    held_until = not_before(rule.policy, device.shared, terms, due.since)
    return DueRule(rule.number, terms.cell, due.place, due.finding, counts_from, max(counts_from, held_until))


def not_before(policy: Policy, shared: bool, terms: Terms, since: Instant) -> Instant:
    """Before this instant the policy cannot block, whatever its deadline; NEVER while something is still missing.

    `since`: from when the device is due, waivers aside. A waiver's end gives no grace, so it is no bound here.
    """
    if shared and not policy.shared:
        return NEVER
    bounds = [ALWAYS]
    if not terms.foreseen:
        if terms.admitted_at is None:
            return NEVER
        bounds.append(terms.admitted_at)
    if policy.tell_first:
        if terms.told_at is None:
            return NEVER
        bounds.append(terms.told_at + terms.notice)
        if policy.deadline.immediately:
            bounds.append(terms.told_at + policy.grace)
        if terms.at_doors and waits_for_contact(policy):
            if terms.contact_at is None:
                return NEVER
            bounds.append(terms.contact_at + policy.grace)
    elif policy.deadline.immediately:
        bounds.append(terms.announced_at + policy.grace)
    # Grace is given once: somebody who had it gets none for what goes stale later.
    if terms.due_since is not None:
        bounds.append(terms.due_since + policy.grace)
    elif since > terms.announced_at:
        bounds.append(since + policy.grace)
    return min(max(bounds), NEVER)


def waits_for_contact(policy: Policy) -> bool:
    """Whether a device that was at no door since its person was told has its grace once it comes.

    Without grace there is nothing to wait for; and where nobody is told first, nothing to count from.
    """
    return policy.tell_first and policy.grace > 0 and policy.consequence is Consequence.BLOCK


def due_rules(
    compiled: Compiled,
    person: Person,
    device: Device,
    evidence: Evidence,
    terms_of: Callable[[Rule], Terms],
    stale_after: Duration,
) -> Iterator[DueRule]:
    """All rules that a device is or will be due under, by number. `terms_of` is asked only about those in question."""
    for rule in compiled.select(compiled.concerned(person, device, evidence.present)):
        due = due_rule(rule, device, evidence, terms_of(rule), stale_after)
        if due is not None:
            yield due


def standing(
    compiled: Compiled,
    person: Person,
    device: Device,
    evidence: Evidence,
    terms_of: Callable[[Rule], Terms],
    stale_after: Duration,
) -> Standing:
    """Level 1 for one device: named by its pseudonym, bound to its owner's logins; a shared one to nobody's."""
    rules = tuple(due_rules(compiled, person, device, evidence, terms_of, stale_after))
    return Standing(device.ref, () if device.shared else person.logins, evidence.reported_at, rules)
