"""Relax, judged on two documents: what it accepts makes nothing stricter, and what it refuses really would."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.policy import Cell, Consequence, Deadline, Policy, Ring, Scope, Unseen
from gatepost.core.policy.relax import CounterExample, Side, in_words, stricter
from gatepost.core.policy.verdict import outcome_at
from tests.decision import specification
from tests.decision.random_worlds import (
    STEADY,
    hour,
    random_attestations,
    random_device,
    random_person,
    random_policy,
    random_report,
    random_rings,
    random_scope,
    randomness,
)
from tests.decision.worlds import POLICY, Announced, Report, World, level_1, level_2

T = TypeVar("T")

ZONES = ("Africa/Abidjan", "Asia/Tokyo")
APP = ActiveApp("app", dict.fromkeys(Platform, 0))
NOW = Deadline("immediately")


def side(policy: Policy = POLICY, notice: int = 24 * HOUR, **deadlines: int) -> Side:
    """Deadlines at hour 100, or `ring_1=50` for the first ring."""
    at = [deadlines.get(f"ring_{ring}", 100) * HOUR for ring in range(len(policy.deadlines))]
    if policy.deadline.immediately:
        at = [0]
    return Side(policy, notice, {(zone, ring): at[ring] for ring in range(len(at)) for zone in ZONES})


def ringed(*groups: str, **changes: Any) -> Policy:
    return replace(POLICY, rollout=tuple(Ring(group, POLICY.deadline) for group in groups), **changes)


PRESS = Scope(groups=frozenset({"press"}))
PHONES, ALL_FORMS = frozenset({Form.PHONE}), frozenset(Form)

# what the row shows, the old side, the new side, whether somebody's verdict gets stricter
CASES: list[tuple[str, Side, Side, bool]] = [
    ("nothing changes", side(), side(), False),
    ("a later deadline", side(), side(ring_0=101), False),
    ("an earlier deadline", side(), side(ring_0=99), True),
    ("an earlier deadline where nothing is blocked", side(replace(POLICY, consequence=Consequence.NOTIFY)),
     side(replace(POLICY, consequence=Consequence.NOTIFY), ring_0=99), False),
    ("a later ring", side(ringed("it"), ring_1=50), side(ringed("it"), ring_1=60), False),
    ("an earlier ring", side(ringed("it"), ring_1=50), side(ringed("it"), ring_1=40), True),
    ("an earlier ring of people who are excepted", side(ringed("press", except_=PRESS), ring_1=50),
     side(ringed("press", except_=PRESS), ring_1=40), False),
    ("an earlier ring hidden behind another", side(ringed("it", "board"), ring_1=50, ring_2=50),
     side(ringed("it", "board"), ring_1=50, ring_2=49), True),
    ("a wider exception", side(), side(replace(POLICY, except_=PRESS)), False),
    ("a narrower exception", side(replace(POLICY, except_=PRESS)), side(), True),
    ("an exception with one more condition", side(replace(POLICY, except_=PRESS)),
     side(replace(POLICY, except_=replace(PRESS, forms=PHONES))), True),
    ("a narrower scope", side(), side(replace(POLICY, scope=Scope(forms=PHONES))), False),
    ("a wider scope", side(replace(POLICY, scope=Scope(forms=PHONES))), side(), True),
    ("all forms named, and none", side(replace(POLICY, scope=Scope(forms=ALL_FORMS))),
     side(replace(POLICY, scope=Scope())), False),
    ("a scope wider by what is excepted", side(replace(POLICY, scope=Scope(forms=PHONES))),
     side(replace(POLICY, except_=Scope(forms=frozenset({Form.TABLET})))), False),
    ("groups named, and then none", side(replace(POLICY, scope=PRESS)), side(replace(POLICY, scope=Scope())), True),
    ("a longer grace", side(), side(replace(POLICY, grace=DAY + 1)), False),
    ("a shorter grace", side(), side(replace(POLICY, grace=DAY - 1)), True),
    ("no grace, so that no contact is waited for", side(), side(replace(POLICY, grace=0)), True),
    ("a longer notice", side(), side(notice=25 * HOUR), False),
    ("a shorter notice", side(), side(notice=23 * HOUR), True),
    ("people are told first", side(replace(POLICY, tell_first=False)), side(), False),
    ("people are not told first", side(), side(replace(POLICY, tell_first=False)), True),
    ("what is not seen is allowed", side(), side(replace(POLICY, unseen=Unseen.ALLOW)), False),
    ("what is not seen is blocked", side(), side(replace(POLICY, unseen=Unseen.BLOCK)), True),
    ("it may be attested", side(replace(POLICY, unseen=Unseen.BLOCK)), side(), False),
    ("it has to be attested", side(replace(POLICY, unseen=Unseen.ALLOW)), side(), True),
    ("people are only told", side(), side(replace(POLICY, consequence=Consequence.NOTIFY)), False),
    ("it is only noted", side(), side(replace(POLICY, consequence=Consequence.REPORT)), False),
    ("it blocks", side(replace(POLICY, consequence=Consequence.NOTIFY)), side(), True),
    ("it tells", side(replace(POLICY, consequence=Consequence.REPORT)),
     side(replace(POLICY, consequence=Consequence.NOTIFY)), True),
    ("shared devices are spared", side(replace(POLICY, shared=True)), side(), False),
    ("shared devices are blocked", side(), side(replace(POLICY, shared=True)), True),
    ("a date instead of at once", side(replace(POLICY, deadline=NOW)), side(), False),
    ("a date instead of at once, grace longer than notice", side(replace(POLICY, deadline=NOW, grace=2 * DAY)),
     side(replace(POLICY, grace=2 * DAY)), True),
    ("at once instead of a date", side(), side(replace(POLICY, deadline=NOW)), True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_is_stricter_is_found(name: str, old: Side, new: Side, expected: bool) -> None:
    """One row for each key of a document, in both directions; an example is decided again by the specification."""
    example = stricter(old, new, 90 * HOUR)
    assert (example is not None) is expected, example
    if example is not None:
        holds(example, old, new)
        assert in_words(example, str).endswith(f"would be {example.would_be.word}.")


def holds(example: CounterExample, old: Side, new: Side) -> None:
    """The slow specification gives the same two outcomes, the second of them stricter."""
    found = [specification.decide(as_world(example, one), example.at)[0] for one in (old, new)]
    assert found == [example.was, example.would_be]
    assert found[1] > found[0]


def as_world(example: CounterExample, one: Side) -> World:
    evidence, terms = example.course.evidence, example.course.terms
    reports = []
    if evidence.reported_at is not None:
        reports.append(Report(evidence.reported_at, evidence.visibility, frozenset(evidence.present)))
    zone = example.person.time_zone
    announced = Announced(
        one.policy,
        (APP,),
        deadline_at=one.effects[zone, 0],
        ring_at=tuple(one.effects[zone, ring] for ring in range(1, len(one.policy.deadlines))),
        announced_at=terms.announced_at,
        told_at=terms.told_at,
        at_doors=terms.at_doors,
        contact_at=terms.contact_at,
        due_since=terms.due_since,
        notice=one.notice,
    )
    return World(
        example.person, example.device, (announced,), tuple(reports), tuple(terms.attested_until.items()), stale_after=0
    )


# --- any two documents


def random_side(random: Random) -> Side:
    policy = random_rings(random, random_policy(random))
    cells: list[Cell] = list(product(ZONES, range(len(policy.deadlines))))
    at_once = policy.deadline.immediately
    return Side(policy, hour(random, 24), {cell: 0 if at_once else hour(random) for cell in cells})


def changed(random: Random, old: Side) -> Side:
    """The old document with a change or two, more often a milder one."""

    def other(value: T, *choices: T) -> T:
        return random.choice(choices) if random.random() < 0.15 else value

    def moved(duration: int, most: int = 60) -> int:
        return max(0, min(most, duration // HOUR + random.choice((*[0] * 12, 1, 5, 20, -3)))) * HOUR

    policy = replace(
        old.policy,
        scope=other(old.policy.scope, random_scope(random, 0.6), part(random, old.policy.scope)),
        except_=other(old.policy.except_, random_scope(random, 0.6), Scope()),
        shared=other(old.policy.shared, False, True),
        unseen=other(old.policy.unseen, *Unseen),
        consequence=other(old.policy.consequence, Consequence.NOTIFY, Consequence.BLOCK),
        grace=moved(old.policy.grace, 24),
        tell_first=other(old.policy.tell_first, True, True, False),
    )
    effects = {cell: at if old.policy.deadline.immediately else moved(at) for cell, at in old.effects.items()}
    if not policy.rollout and random.random() < 0.1:
        policy = replace(policy, deadline=POLICY.deadline if policy.deadline.immediately else NOW)
        effects = {cell: 0 if policy.deadline.immediately else hour(random) for cell in effects}
    return Side(policy, moved(old.notice, 24), effects)


def part(random: Random, scope: Scope) -> Scope:
    """The same with fewer forms or groups."""
    if scope.groups:
        return replace(scope, groups=frozenset({random.choice(sorted(scope.groups))}))
    return replace(scope, forms=frozenset({random.choice(sorted(scope.forms or Form))}))


def random_facts(random: Random) -> dict[str, Any]:
    """What can happen to one device, in an order that can be: announced, told, at a door."""
    announced_at = hour(random, 30)
    told_at = announced_at + hour(random, 30) if random.random() < 0.8 else None
    contact_at = told_at + hour(random, 40) if told_at is not None and random.random() < 0.6 else None
    return {
        "announced_at": announced_at,
        "told_at": told_at,
        "at_doors": told_at is not None and random.random() < 0.3,
        "contact_at": contact_at,
        "due_since": announced_at + hour(random, 40) if random.random() < 0.3 else None,
        "foreseen": random.random() < 0.8,
        "admitted_at": hour(random),
        "waivers": tuple(hour(random, 80) for _ in range(random.choice((0, 0, 0, 1)))),
    }


def random_pair(random: Random, old: Side, new: Side) -> Sequence[World]:
    """The same facts under both documents."""
    person = replace(random_person(random), time_zone=random.choice(ZONES))
    device = random_device(random)
    reports = tuple(
        replace(report, apps=frozenset({"app"}) if report.apps else frozenset())
        for report in (random_report(random) for _ in range(random.choice((0, 1, 1, 2))))
    )
    attested = tuple(("app", until) for _, until in random_attestations(random))
    facts, stale_after = random_facts(random), hour(random, 40)
    return [
        World(
            person,
            device,
            (
                Announced(
                    one.policy,
                    (APP,),
                    deadline_at=one.effects[person.time_zone, 0],
                    ring_at=tuple(one.effects[person.time_zone, ring] for ring in range(1, len(one.policy.deadlines))),
                    notice=one.notice,
                    **facts,
                ),
            ),
            reports,
            attested,
            stale_after,
        )
        for one in (old, new)
    ]


WORLDS = 12


def test_what_is_accepted_is_never_stricter_and_what_is_refused_is() -> None:
    """For any two documents: if no example is found, no verdict is stricter at any instant; else the example is."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=400)
    @given(randomness)
    def check(random: Random) -> None:
        old = random_side(random)
        new = changed(random, old)
        example = stricter(old, new)
        if example is not None:
            holds(example, old, new)
            seen["refused"] += 1
            return
        seen["accepted"] += 1
        for _ in range(WORLDS):
            before, after = random_pair(random, old, new)
            times = {at for world in (before, after) for at in specification.boundaries(world)}
            outcomes = [outcome(before, times), outcome(after, times)]
            assert all(now <= was for was, now in zip(*outcomes, strict=True))
            seen["milder" if outcomes[0] != outcomes[1] else "the same"] += 1

    check()
    assert all(seen[case] >= 50 for case in ("refused", "accepted", "milder", "the same")), seen


def outcome(world: World, times: set[int]) -> list[int]:
    standing, states = level_1(world), level_2(world)
    return [outcome_at(standing.rules, states, at)[0] for at in sorted({*times, *(at - 1 for at in times if at)})]
