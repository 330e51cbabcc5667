"""A phone's 60 apps against 100 policies, with nothing prepared for that phone: standing, verdict and reasons anew.

Beside Cedar (cedarpy; its policies are parsed once and kept) and a plain loop over the policies. Each is given the
facts in the form that it takes, and says which policies the phone breaks.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any, Final

import cedarpy

from bench.figures import Figure, must_agree, side_by_side
from gatepost.core.fleet.app import ActiveApp, Matcher, spelling
from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import ALWAYS, DAY, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import Terms, standing
from gatepost.core.policy.policy import Consequence, Deadline, Policy, Scope, Text, Unseen
from gatepost.core.policy.verdict import Outcome, RuleState, verdict

POLICIES: Final = 100
APPS_ON_A_PHONE: Final = 60
APPS_THERE_ARE: Final = 20_000
SPOKEN_OF: Final = (50, 10_000)
"""Of these, by popularity: so about a third of the phones break a policy."""
AT: Final[Instant] = 1_594_353_600_000
TERMS: Final = Terms(announced_at=ALWAYS, cell=0, notice=0, foreseen=True, told_at=ALWAYS)
TEXT: Final = {"en": Text("About phones", "Please remove it.")}
COUNTRIES: Final = ("DE", "FR", "GB", "IN", "JP", "US")
GROUPS: Final = tuple(f"group-{number}" for number in range(12))

Broken = frozenset[str]
"""The ids of the policies that a phone breaks."""


@dataclass(frozen=True)
class Phone:
    """`evidence`, `apps`, `request`: the same facts as ours, for the loop, and as Cedar takes them.

    `identifiers`: of the same apps, as a report has them.
    """

    person: Person
    device: Device
    evidence: Evidence
    apps: frozenset[str]
    request: dict[str, Any]
    identifiers: tuple[str, ...]


def run(_scratch: Path, quick: bool) -> list[Figure]:
    """The figure."""
    phones, rounds = (20, 2) if quick else (400, 7)
    dice = random.Random(3)
    policies = [_policy(number, dice) for number in range(1, POLICIES + 1)]
    fleet = [_phone(number, dice) for number in range(phones)]
    ours, loop, cedar = Ours(policies), Loop(policies), Cedar(policies)
    answers = [ours.broken(phone) for phone in fleet]
    must_agree(answers, [loop.broken(phone) for phone in fleet], "ours and the loop")
    must_agree(answers, [cedar.broken(phone) for phone in fleet], "ours and Cedar")
    if sum(map(bool, answers)) < phones // 10:
        raise AssertionError("hardly any phone breaks a policy, so nothing is compared")
    matcher = Matcher({app: [spelling(Platform.IOS, _identifier(app))] for policy in policies for app in policy.apps})

    def matching() -> float:
        begin = process_time()
        for phone in fleet:
            matcher.match(Platform.IOS, phone.identifiers)
        return process_time() - begin

    def turn(engine: Ours | Loop | Cedar) -> float:
        begin = process_time()
        for phone in fleet:
            engine.broken(phone)
        return process_time() - begin

    mine, plain, theirs, matched = (
        taken / phones * 1e6
        for taken in side_by_side(rounds, lambda: turn(ours), lambda: turn(loop), lambda: turn(cedar), matching)
    )
    broken = sum(map(bool, answers)) / phones
    return [
        Figure(
            "Evaluation from scratch (60 apps, 100 policies): how many times as fast as Cedar",
            theirs / mine,
            "x",
            at_least=50,
            parts=(
                f"{mine:.1f} µs, Cedar {theirs:.0f} µs, plain loop {plain:.0f} µs",
                f"{phones} phones, {broken:.0%} of which break a policy, equal answers",
                f"finding the active apps among a report's 60 raw identifiers: {matched:.1f} µs more",
            ),
            short="The time goes into building the standing and the verdict as Python objects.",
        )
    ]


class Ours:
    """Evidence to the standing, the standing to the verdict."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        active = {app: ActiveApp(app, dict.fromkeys(Platform, 1)) for policy in policies for app in policy.apps}
        rules = [
            Rule(number, policy, tuple(active[app] for app in policy.apps)) for number, policy in enumerate(policies, 1)
        ]
        self.compiled = Compiled(rules)
        self.states = {
            rule.number: RuleState(
                rule.policy.id, 1, True, False, rule.policy.consequence, rule.policy.apps, effects=(AT - DAY,)
            )
            for rule in rules
        }

    def broken(self, phone: Phone) -> Broken:
        known = standing(self.compiled, phone.person, phone.device, phone.evidence, _terms, 14 * DAY)
        answer = verdict(known, self.states, AT, 1)
        return frozenset([reason.policy for reason in answer.reasons if reason.outcome is Outcome.BLOCK])


def _terms(_rule: Rule) -> Terms:
    return TERMS


class Loop:
    """What one writes first."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.policies = [(policy, frozenset(policy.apps)) for policy in policies]

    def broken(self, phone: Phone) -> Broken:
        found = []
        for policy, apps in self.policies:
            if (
                _covers(policy.scope, phone)
                and not (policy.except_.groups and _covers(policy.except_, phone))
                and not apps.isdisjoint(phone.apps)
            ):
                found.append(policy.id)
        return frozenset(found)


def _covers(scope: Scope, phone: Phone) -> bool:
    return (
        (not scope.forms or phone.device.form in scope.forms)
        and (not scope.ownership or phone.device.ownership in scope.ownership)
        and (not scope.countries or phone.person.country in scope.countries)
        and (not scope.groups or not scope.groups.isdisjoint(phone.person.groups))
    )


class Cedar:
    """One `forbid` a policy."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        text = "permit(principal, action, resource);\n" + "".join(map(_in_cedar, policies))
        self.policies = cedarpy.PolicySet.from_str(text)
        self.entities = cedarpy.Entities.from_json_str("[]")

    def broken(self, phone: Phone) -> Broken:
        answer = cedarpy.is_authorized(phone.request, self.policies, self.entities)
        if answer.diagnostics.errors:
            raise AssertionError(answer.diagnostics.errors)
        return frozenset(answer.diagnostics.id_annotations_by_reason.values())


def _request(person: Person, device: Device, apps: Sequence[str]) -> dict[str, Any]:
    return {
        "principal": 'Person::"p"',
        "action": 'Action::"open mail"',
        "resource": 'Device::"d"',
        "context": {
            "apps": list(apps),
            "form": device.form.value,
            "ownership": device.ownership.value,
            "country": person.country,
            "groups": sorted(person.groups),
        },
    }


def _in_cedar(policy: Policy) -> str:
    scope = policy.scope
    conditions = [f"context.apps.containsAny({_cedar_set(policy.apps)})"]
    for names, attribute in ((scope.forms, "form"), (scope.ownership, "ownership"), (scope.countries, "country")):
        if names:
            conditions.append(f"{_cedar_set(names)}.contains(context.{attribute})")
    if scope.groups:
        conditions.append(f"context.groups.containsAny({_cedar_set(scope.groups)})")
    # The cheap conditions first, as a careful author of Cedar policies would have it.
    conditions.append(conditions.pop(0))
    unless = f" unless {{ context.groups.containsAny({_cedar_set(policy.except_.groups)}) }}"
    return (
        f'@id("{policy.id}") forbid(principal, action, resource) when {{ {" && ".join(conditions)} }}'
        f"{unless if policy.except_.groups else ''};\n"
    )


def _cedar_set(names: Any) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"


def _identifier(app: str) -> str:
    return f"com.Example.{app}"


def _policy(number: int, dice: random.Random) -> Policy:
    scope = Scope(
        forms=frozenset({Form.PHONE, Form.TABLET}),
        ownership=frozenset({Ownership.COMPANY}) if number % 5 == 0 else frozenset(),
        countries=frozenset(dice.sample(COUNTRIES, 3)) if number % 3 == 0 else frozenset(),
        groups=frozenset(dice.sample(GROUPS, 4)) if number % 4 == 0 else frozenset(),
    )
    return Policy(
        id=f"policy-{number}",
        title="About phones",
        apps=tuple(f"app{app}" for app in sorted(dice.sample(range(*SPOKEN_OF), dice.randint(1, 3)))),
        lists=(),
        scope=scope,
        except_=Scope(groups=frozenset(dice.sample(GROUPS, 1))) if number % 2 else Scope(),
        shared=False,
        unseen=Unseen.ALLOW,
        deadline=Deadline("2020-07-08"),
        consequence=Consequence.BLOCK,
        announcement=TEXT,
        correction=TEXT,
    )


def _phone(number: int, dice: random.Random) -> Phone:
    """Popular apps are on many phones, the others on few (Zipf)."""
    apps: dict[str, None] = {}
    while len(apps) < APPS_ON_A_PHONE:
        apps[f"app{int(APPS_THERE_ARE ** dice.random()) - 1}"] = None
    person = Person(
        ref=f"p{number}",
        id=f"u{number}",
        name="Ada",
        kind=Kind.EMPLOYEE,
        country=dice.choice(COUNTRIES),
        time_zone="UTC",
        locale="en",
        emails=(f"u{number}@corp.example",),
        logins=(f"u{number}@corp.example",),
        groups=frozenset(dice.sample(GROUPS, 2)),
    )
    ownership = dice.choice(tuple(Ownership))
    device = Device(f"d{number}", f"d{number}", person.ref, dice.choice(tuple(Form)), Platform.IOS, ownership)
    return Phone(
        person,
        device,
        Evidence(AT - DAY, Visibility.FULL, 1, dict.fromkeys(apps, Visibility.FULL)),
        frozenset(apps),
        _request(person, device, tuple(apps)),
        tuple(map(_identifier, apps)),
    )
