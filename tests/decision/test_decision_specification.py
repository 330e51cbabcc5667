"""The fast decision held against the slow specification, and against time, on random worlds."""

from collections import Counter

from hypothesis import event, given

from gatepost.core.fleet.finding import Finding, finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import Outcome, outcome_at, verdict
from tests.decision import specification
from tests.decision.random_worlds import STEADY, worlds
from tests.decision.worlds import Announced, World, evidence, level_1, level_2


def around(world: World) -> list[Instant]:
    """Every instant at which anything could change, and the millisecond before it."""
    at = specification.boundaries(world)
    return sorted({*at, *(instant - 1 for instant in at if instant)})


def test_the_fast_decision_and_the_specification_agree() -> None:
    """I-1: at every boundary and just before it, the masks, the prepared instants and the prose give one answer."""
    seen: Counter[str] = Counter()

    @STEADY
    @given(worlds)
    def check(world: World) -> None:
        standing, states = level_1(world), level_2(world)
        cases: set[str] = set()
        for at in around(world):
            fast = verdict(standing, states, at, position=1)
            assert (fast.outcome, frozenset(fast.reasons)) == specification.decide(world, at)
            assert outcome_at(standing.rules, states, at) == (fast.outcome, fast.valid_until)
            cases |= cases_at(world, at, fast.outcome)
        for case in cases:
            event(case)
        seen.update(cases)

    check()
    assert set(seen) == EXPECTED
    assert all(count >= 5 for count in seen.values()), seen


EXPECTED = {
    "a block",
    "a warning",
    "all open",
    "a warning by grace alone",
    "a waiver's last moment",
    "going stale",
    "an attestation's end",
    "immediately",
    "a shared device blocked",
    "a shared device spared",
    "unforeseen and not admitted",
    "unforeseen and blocked",
    "held",
    "not told",
    "not at a door since told",
    "at a door, and grace runs",
    "several policies count",
    "several apps due",
    "blocked by an earlier ring",
    "in two rings",
}


def cases_at(world: World, at: Instant, outcome: Outcome) -> set[str]:
    """Which of the interesting cases this world is in at this instant: judged by the specification alone."""
    names = {Outcome.BLOCK: "a block", Outcome.WARN: "a warning", Outcome.ALLOW: "all open"}
    cases = {names[outcome]}
    counting = [
        one
        for one in world.policies
        if one.counts and specification.due(world, one, at) and not specification.waived(one, at)
    ]
    if len(counting) > 1:
        cases.add("several policies count")
    for one in counting:
        blocked = specification.blocks(world, one, at)
        blocking = one.policy.consequence is Consequence.BLOCK
        due_apps = [app for app in one.apps if specification.app_due(world, one, app, at)]
        checks = {
            "several apps due": len(due_apps) > 1,
            "a waiver's last moment": at in one.waivers,
            "a warning by grace alone": blocking
            and not blocked
            and not specification.grace_over(world, one, at)
            and at >= specification.own_deadline(world, one),
            "going stale": any(
                specification.finding_of(world, app, at) is Finding.STALE and not specification.due(world, one, at - 1)
                for app in due_apps
            ),
            "an attestation's end": not specification.due(world, one, at - 1)
            and any(until == at for _, until in world.attestations),
            "immediately": blocked and one.policy.deadline.immediately,
            "a shared device blocked": blocked and world.device.shared,
            "a shared device spared": blocking and world.device.shared and not one.policy.shared,
            "unforeseen and not admitted": blocking and not one.foreseen and not blocked,
            "unforeseen and blocked": blocked and not one.foreseen,
            "held": blocking and one.held,
            "not at a door since told": blocking and _awaited(one) and one.contact_at is None,
            "at a door, and grace runs": blocking
            and _awaited(one)
            and one.contact_at is not None
            and one.contact_at <= at < one.contact_at + one.policy.grace
            and at >= specification.own_deadline(world, one),
            "blocked by an earlier ring": blocked and at < one.deadline_at,
            "in two rings": blocked and len(specification.rings_of(world, one)) > 1,
            "not told": blocking and one.policy.tell_first and one.told_at is None,
        }
        cases |= {case for case, holds in checks.items() if holds}
    return cases


def _awaited(one: Announced) -> bool:
    return one.at_doors and one.policy.tell_first and bool(one.policy.grace) and one.told_at is not None


def test_a_verdict_stands_until_it_says() -> None:
    """Nothing but a change of facts moves a verdict before its valid_until; and often it does move then."""
    seen: Counter[str] = Counter()

    @STEADY
    @given(worlds)
    def check(world: World) -> None:
        standing, states = level_1(world), level_2(world)
        times = around(world)
        for at in times:
            outcome, until = outcome_at(standing.rules, states, at)
            assert until > at
            for later in {*(t for t in times if at < t < until), min(until - 1, NEVER - 1)}:
                assert outcome_at(standing.rules, states, later)[0] is outcome
            if until != NEVER:
                after = outcome_at(standing.rules, states, until)[0]
                assert after >= outcome
                seen[f"{outcome.word} to {after.word}"] += 1
            else:
                seen[f"{outcome.word} for good"] += 1

    check()
    moves = {"allow to warn", "allow to block", "warn to block", "allow for good", "warn for good", "block for good"}
    assert all(seen[move] >= 10 for move in moves), seen


def test_reasons_stand_as_long_as_the_verdict() -> None:
    """While nothing blocks and no policy merely reports, the reasons too are the same until valid_until."""
    seen: Counter[str] = Counter()

    @STEADY
    @given(worlds)
    def check(world: World) -> None:
        if any(one.policy.consequence is Consequence.REPORT for one in world.policies):
            return
        standing, states, times = level_1(world), level_2(world), around(world)
        for at in times:
            now = verdict(standing, states, at, position=1)
            if now.outcome is Outcome.BLOCK:
                continue
            for later in (t for t in times if at < t < now.valid_until):
                assert verdict(standing, states, later, position=1).reasons == now.reasons
                seen[now.outcome.word] += 1

    check()
    assert seen["allow"] >= 100
    assert seen["warn"] >= 100


def test_findings_are_what_the_reports_say() -> None:
    """I-6: folding reports one by one gives, for each app at each instant, the finding that the prose gives."""
    seen: Counter[Finding | None] = Counter()

    @STEADY
    @given(worlds)
    def check(world: World) -> None:
        known = evidence(world)
        for one in world.policies:
            for app in one.apps:
                for at in around(world):
                    found = finding(app, world.device.platform, known, world.stale_after, at)
                    assert found is specification.finding_of(world, app, at)
                    seen[found] += 1

    check()
    assert set(seen) == {None, *Finding}
