"""The preview against a naive count, its hidden cells, and what an author is warned of."""

from collections import Counter, defaultdict
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings

from gatepost.core.change.impact import By, Category, Impact, hide_small
from gatepost.core.fleet.device import Platform
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import HOUR, Duration, Instant
from gatepost.core.policy.policy import Consequence, Unseen
from tests.decision import specification
from tests.decision.columns import Row, preview
from tests.decision.random_worlds import (
    APP_IDS,
    STEADY,
    hour,
    random_announced,
    random_attestations,
    random_device,
    random_person,
    random_report,
    randomness,
)
from tests.decision.worlds import Announced, World, evidence, level_1, rule, terms

STALE_AFTER: Duration = 20 * HOUR


def random_fleet(random: Random, announced: Announced) -> list[World]:
    """Up to a dozen people with up to three devices each; some have left."""
    fleet = []
    for owner in range(random.randint(0, 12)):
        person = replace(random_person(random, f"person-{owner}"), working=random.random() < 0.9)
        waivers = (hour(random, 80),) if random.random() < 0.2 else ()
        for number in range(random.randint(0, 3)):
            device = random_device(random, f"device-{owner}-{number}", person.ref)
            reports = (random_report(random),) if random.random() < 0.8 else ()
            mine = replace(announced, waivers=waivers)
            fleet.append(World(person, device, (mine,), reports, random_attestations(random), STALE_AFTER))
    random.shuffle(fleet)
    return fleet


def row(facts: World) -> Row:
    known = terms(facts, facts.policies[0])
    return Row(facts.person, facts.device, evidence(facts), known.attested_until, known.waived_until)


def naive_category(facts: World, at: Instant) -> Category | None:
    """Straight from the words of the design's section 2; None out of scope."""
    announced = facts.policies[0]
    if not specification.within(announced.policy.scope, facts.person, facts.device):
        return None
    if not specification.concerned(facts, announced) or specification.waived(announced, at):
        return Category.EXEMPT
    findings = {app.id: specification.finding_of(facts, app, at) for app in announced.apps}
    if Finding.PRESENT in findings.values():
        return Category.HIT
    if all(found is None for found in findings.values()):
        return Category.NO_PART
    unseen = {app for app, found in findings.items() if found not in (None, Finding.ABSENT)}
    if announced.policy.unseen is Unseen.ATTEST:
        unseen -= {app for app, until in facts.attestations if at < until}
    if not unseen:
        return Category.CLEAR
    return Category.CANNOT_TELL if facts.device.managed else Category.UNMANAGED


def naive_due(facts: World, at: Instant) -> bool:
    announced = facts.policies[0]
    return specification.due(facts, announced, at) and not specification.waived(announced, at)


def naive_ring(facts: World, announced: Announced) -> int:
    mine = [number for number, ring in enumerate(announced.policy.rollout, 1) if ring.group in facts.person.groups]
    return min(mine, default=0)


def test_the_preview_counts_what_is_there() -> None:
    """I-1: categories, audience, would-be blocks and breakdowns are those of a naive count by the specification."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=200)
    @given(randomness)
    def check(random: Random) -> None:
        announced = random_announced(random, 1)
        fleet = random_fleet(random, announced)
        at = hour(random)
        impact = preview(rule(announced), map(row, fleet), STALE_AFTER, at)
        working = [facts for facts in fleet if facts.person.working]
        categories = {facts.device.ref: naive_category(facts, at) for facts in working}
        in_scope = [facts for facts in working if categories[facts.device.ref] is not None]
        due = [facts for facts in working if naive_due(facts, at)]
        assert impact.fleet == len(working)
        assert impact.percent_of_fleet == (100 * len(due) / len(working) if working else 0)
        assert impact.due_devices == {facts.device.ref for facts in due}
        assert impact.due_people == {facts.person.ref for facts in due}
        of_each = {facts.person.ref: facts for facts in due}.values()
        cells = Counter((facts.person.time_zone, naive_ring(facts, announced)) for facts in of_each)
        assert impact.due_in == cells
        assert sum(impact.due_in_rings(1 + len(announced.policy.rollout))) == len(impact.due_people)
        seen["in a ring"] += any(ring for _, ring in cells)
        people = check_people(impact, in_scope, categories)
        check_devices(impact, in_scope, categories)
        check_blocks(impact, due, announced)
        seen.update(category.word for category in people.values())
        seen["several devices"] += len(people) < len(in_scope)
        seen["would block"] += impact.people.would_block > 0
        seen["cannot be told"] += impact.people.cannot_be_told > 0

    check()
    cases = {*(category.word for category in Category), "several devices", "would block", "cannot be told", "in a ring"}
    assert all(seen[case] >= 10 for case in cases), seen


def check_people(impact: Impact, in_scope: list[World], categories: dict[str, Category | None]) -> dict[str, Category]:
    people: dict[str, Category] = {}
    places: dict[tuple[str, Category], set[str]] = defaultdict(set)
    for facts in in_scope:
        category = categories[facts.device.ref]
        assert category is not None
        people[facts.person.ref] = max(category, people.get(facts.person.ref, category))
        places[facts.person.ref, category].add(facts.device.platform)
    persons = {facts.person.ref: facts.person for facts in in_scope}
    hit = {ref for ref, category in people.items() if category is Category.HIT}
    assert impact.hit_people == hit
    assert impact.people.cannot_be_told == sum(1 for ref in hit if not persons[ref].emails)
    assert impact.people.in_scope == len(people)
    for category in Category:
        mine = [persons[ref] for ref, its in people.items() if its is category]
        assert getattr(impact.people, category.word) == len(mine)
        assert impact.people_by[By.COUNTRY][category] == Counter(person.country for person in mine)
        assert impact.people_by[By.KIND][category] == Counter(person.kind for person in mine)
        assert impact.people_by[By.GROUP][category] == Counter(group for person in mine for group in person.groups)
        on = Counter(platform for person in mine for platform in places[person.ref, category])
        assert impact.people_by[By.PLATFORM][category] == on
    return people


def check_devices(impact: Impact, in_scope: list[World], categories: dict[str, Category | None]) -> None:
    assert impact.devices.in_scope == len(in_scope)
    for category in Category:
        mine = [facts for facts in in_scope if categories[facts.device.ref] is category]
        assert getattr(impact.devices, category.word) == len(mine)
        assert impact.devices_by[By.PLATFORM][category] == Counter(facts.device.platform for facts in mine)
        assert impact.devices_by[By.OWNERSHIP][category] == Counter(facts.device.ownership for facts in mine)
    silent = [facts for facts in in_scope if categories[facts.device.ref] is Category.HIT and not facts.person.emails]
    assert impact.devices.cannot_be_told == len(silent)


def check_blocks(impact: Impact, due: list[World], announced: Announced) -> None:
    policy = announced.policy
    blocked = [facts for facts in due if policy.shared or not facts.device.shared]
    if policy.consequence is not Consequence.BLOCK:
        blocked = []
    assert impact.devices.would_block == len(blocked)
    assert impact.people.would_block == len({facts.person.ref for facts in blocked})


def test_the_preview_and_the_decision_agree_on_who_is_due() -> None:
    """I-1: a device is due in the preview exactly if its standing holds a rule that counts at that instant."""
    seen: Counter[bool] = Counter()

    @settings(STEADY, max_examples=100)
    @given(randomness)
    def check(random: Random) -> None:
        announced = random_announced(random, 1)
        at = hour(random)
        for facts in random_fleet(random, announced):
            if facts.person.working:
                impact = preview(rule(announced), [row(facts)], STALE_AFTER, at)
                counting = [due for due in level_1(facts).rules if due.counts_from <= at]
                assert bool(counting) == bool(impact.due_devices)
                seen[bool(counting)] += 1

    check()
    assert min(seen[True], seen[False]) >= 50, seen


def test_the_order_of_the_fleet_changes_nothing() -> None:
    """I-3: an impact is part of what is signed, so equal fleets must give equal bytes."""

    @settings(STEADY, max_examples=50)
    @given(randomness)
    def check(random: Random) -> None:
        announced = random_announced(random, 1)
        rows = [row(facts) for facts in random_fleet(random, announced)]
        first = preview(rule(announced), rows, STALE_AFTER, 30 * HOUR)
        random.shuffle(rows)
        again = preview(rule(announced), rows, STALE_AFTER, 30 * HOUR)
        assert first == again
        assert repr(first.people_by) == repr(again.people_by)
        assert repr(first.devices_by) == repr(again.devices_by)

    check()


def test_every_app_of_a_long_list_is_looked_for() -> None:
    """India's list has 59: the last of them hits like the first."""
    random = Random(1)
    announced = random_announced(random, 1)
    apps = tuple(replace(announced.apps[0], id=f"app-{n}", since={Platform.IOS: 1}) for n in range(59))
    one = replace(rule(announced), apps=apps, policy=replace(announced.policy, scope=type(announced.policy.scope)()))
    one = replace(one, policy=replace(one.policy, except_=one.policy.scope))
    facts = random_fleet(Random(3), announced)[0]
    person, device = replace(facts.person, working=True), replace(facts.device, platform=Platform.IOS)
    for app in ("app-0", "app-58"):
        known = evidence(replace(facts, reports=(replace(random_report(random), apps=frozenset({app})),)))
        assert preview(one, [Row(person, device, known, {}, 0)], STALE_AFTER, 0).devices.hit == 1


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({}, set()),
        ({"US": 100, "DE": 50}, set()),
        ({"US": 100, "DE": 5}, set()),
        ({"US": 100, "DE": 50, "IN": 4}, {"IN", "DE"}),
        ({"US": 100, "DE": 4, "IN": 1}, {"DE", "IN"}),
        ({"US": 7, "DE": 7, "IN": 0}, {"IN", "DE"}),
        ({"US": 3}, {"US"}),
    ],
)
def test_no_small_cell_is_shown_or_found_by_subtraction(counts: dict[str, int], hidden: set[str]) -> None:
    """Under five is hidden; a single hidden cell takes the next smallest with it."""
    shown = hide_small(counts)
    assert {value for value, count in shown.items() if count is None} == hidden
    assert {value: count for value, count in shown.items() if count is not None} == {
        value: count for value, count in counts.items() if value not in hidden
    }


def test_where_the_cells_do_not_add_up_one_may_be_hidden_alone() -> None:
    """People are in several groups, so nothing can be subtracted."""
    assert hide_small({"sales": 100, "press": 2}, total_known=False) == {"sales": 100, "press": None}


def test_hiding_leaves_at_least_two_unknowns_or_none() -> None:
    """For every breakdown of two cells or more, and every threshold."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=200)
    @given(randomness)
    def check(random: Random) -> None:
        counts = {app: random.choice((random.randint(0, 6), random.randint(0, 60))) for app in (*APP_IDS, "d", "e")}
        shown = hide_small(counts, under=random.choice((3, 5, 10)))
        hidden = [count for count in shown.values() if count is None]
        assert len(hidden) != 1
        seen["hidden" if hidden else "all shown"] += 1

    check()
    assert min(seen["hidden"], seen["all shown"]) >= 10, seen
