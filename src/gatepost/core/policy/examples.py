"""A policy's own tests: each example is a device at an instant, decided exactly as a real one would be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Visibility
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, DAY, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import Terms, standing
from gatepost.core.policy.explain import sentence
from gatepost.core.policy.policy import Deadline, Example, Policy
from gatepost.core.policy.verdict import RuleState, verdict

LocalInstant = Callable[[str, str], Instant]
"""The instant that a text of a policy means in an IANA zone; a date alone is the end of that day there."""

_ZONE: Final = "UTC"
_STALE_AFTER: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class ExampleFailure:
    """An example that came out otherwise. `line`: where it stands in the document. `sentence`: why it came out so."""

    line: int
    expected: str
    got: str
    sentence: str


def failures(
    policy: Policy,
    apps: Sequence[ActiveApp],
    local_instant: LocalInstant,
    instant_text: Callable[[Instant], str] = str,
) -> list[ExampleFailure]:
    """The examples that fail, in order. `apps`: the policy's, lists resolved.

    The policy is taken as announced, and the person as foreseen and told, long before; everybody lives in UTC.
    """
    rule = Rule(1, policy, tuple(apps))
    effects = tuple(_effect(deadline, local_instant) for deadline in policy.deadlines)
    state = RuleState(policy.id, 1, True, False, policy.consequence, tuple(app.id for app in apps), effects)
    found = (_failure(example, rule, state, local_instant, instant_text) for example in policy.examples)
    return [failure for failure in found if failure is not None]


def _effect(deadline: Deadline, local_instant: LocalInstant) -> Instant:
    return ALWAYS if deadline.immediately else local_instant(deadline.written, _ZONE)


def _failure(
    example: Example,
    rule: Rule,
    state: RuleState,
    local_instant: LocalInstant,
    instant_text: Callable[[Instant], str],
) -> ExampleFailure | None:
    at = local_instant(example.at, _ZONE)
    terms = _terms(example, rule, at)
    device = Device(
        "device", "device", "person", example.form, example.platform, example.ownership, shared=example.shared
    )
    facts = standing(
        Compiled([rule]), _person(example), device, _evidence(example, rule, at), lambda _: terms, _STALE_AFTER
    )
    got = verdict(facts, {rule.number: state}, at, position=0)
    if got.outcome.word == example.expect:
        return None
    return ExampleFailure(example.line, example.expect, got.outcome.word, sentence(got, at, instant_text))


def _person(example: Example) -> Person:
    return Person(
        "person", "person", "", example.kind, example.country, _ZONE, "en", ("person@example.org",), (), example.groups
    )


def _terms(example: Example, rule: Rule, at: Instant) -> Terms:
    attested = {app.id: at + DAY for app in rule.apps} if example.attested else {}
    notice = rule.policy.notice or 0
    return Terms(
        announced_at=ALWAYS,
        cell=rule.policy.ring(example.groups),
        notice=notice,
        foreseen=True,
        told_at=ALWAYS,
        attested_until=attested,
    )


def _evidence(example: Example, rule: Rule, at: Instant) -> Evidence:
    """A report of this very instant. An app is seen only where it has an identifier, as on a real device."""
    visibility = Visibility.FULL if example.seen else Visibility.NONE
    matched = [app for app in rule.apps if example.platform in app.since]
    present = {mark: visibility for app in matched if app.id in example.apps for mark in app.seen_as}
    return Evidence(at, visibility, max((app.since[example.platform] for app in matched), default=0), present)
