"""The laws of the decision, by names that a manager can read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import given, settings

from gatepost.core.fleet.device import Visibility
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, HOUR, NEVER, Instant
from gatepost.core.policy.policy import Deadline, Unseen
from gatepost.core.policy.verdict import Outcome, verdict
from tests.decision.random_worlds import APP_IDS, STEADY, random_report, randomness, worlds
from tests.decision.specification import boundaries, own_deadline
from tests.decision.worlds import CLEAN, HAS_IT, UNSEEING, Announced, Report, World, decide, level_1, level_2, world

EVER = 9_000 * HOUR


def around(*facts: World) -> list[Instant]:
    at = {instant for one in facts for instant in boundaries(one)}
    return sorted(at | {instant - 1 for instant in at if instant})


def law(holds: Callable[[World, Random, Counter[str]], None], *cases: str) -> None:
    """Checks a law on random worlds, and that each of its cases occurred."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=250)
    @given(worlds, randomness)
    def check(facts: World, random: Random) -> None:
        holds(facts, random, seen)

    check()
    assert all(seen[case] >= 5 for case in cases), seen


def outcomes(facts: World, times: list[Instant]) -> list[Outcome]:
    standing, states = level_1(facts), level_2(facts)
    return [verdict(standing, states, at, position=1).outcome for at in times]


def never_stricter(before: World, after: World, seen: Counter[str]) -> None:
    times = around(before, after)
    for was, now in zip(outcomes(before, times), outcomes(after, times), strict=True):
        assert now <= was
        seen["milder" if now < was else "the same"] += 1


def each_policy(facts: World, change: Callable[[Announced], Announced]) -> World:
    return replace(facts, policies=tuple(change(one) for one in facts.policies))


def test_adding_a_waiver_never_makes_a_verdict_stricter() -> None:
    """I-4."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        until = random.randint(0, 80) * HOUR
        waived = each_policy(facts, lambda one: replace(one, waivers=(*one.waivers, until)))
        never_stricter(facts, waived, seen)

    law(holds, "milder", "the same")


def test_removing_an_app_never_makes_a_verdict_stricter() -> None:
    """I-4: a report that no longer shows an app, in place of one that did, at any instant afterwards."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        if not facts.reports:
            return
        last = max(facts.reports, key=lambda report: report.reported_at)
        removed = replace(last, apps=last.apps - {random.choice(sorted(last.apps))} if last.apps else last.apps)
        never_stricter(
            replace(facts, reports=(*facts.reports, last)), replace(facts, reports=(*facts.reports, removed)), seen
        )

    law(holds, "milder", "the same")


def test_attesting_never_makes_a_verdict_stricter() -> None:
    """I-4: the owner's statement, on one app or on all of them, helps or does nothing."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        until = random.randint(0, 80) * HOUR
        statements = [(app, until) for app in random.choice((("tiktok",), APP_IDS))]
        never_stricter(facts, replace(facts, attestations=(*facts.attestations, *statements)), seen)

    law(holds, "milder", "the same")


def test_going_silent_never_makes_a_verdict_milder() -> None:
    """I-4: with no further report the outcome only ever rises as time passes."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        path = outcomes(facts, [*around(facts), EVER])
        assert path == sorted(path)
        seen["rises" if path[0] < path[-1] else "stays"] += 1

    law(holds, "rises", "stays")


def test_seeing_less_never_makes_a_verdict_milder() -> None:
    """I-4: leaving the device manager's sight opens no door that the last report kept closed."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        hidden = Report(41 * HOUR, Visibility.NONE, matched_under=3)
        silent = replace(facts, reports=(*facts.reports, hidden))
        present = [due for due in level_1(facts).rules if due.finding is Finding.PRESENT]
        still = {due.rule: due for due in level_1(silent).rules}
        for due in present:
            assert still[due.rule] == due
            seen["still present"] += 1

    law(holds, "still present")


def test_order_and_repetition_of_policies_never_change_a_verdict() -> None:
    """I-5: the rules of a standing in any order, and any of them twice."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        standing, states = level_1(facts), level_2(facts)
        rules = [*standing.rules, *random.choices(standing.rules, k=2)] if standing.rules else []
        random.shuffle(rules)
        mixed = standing._replace(rules=tuple(rules))
        backwards = level_1(replace(facts, policies=facts.policies[::-1]))
        for at in around(facts):
            expected = verdict(standing, states, at, position=1)
            assert verdict(mixed, states, at, position=1) == expected
            assert verdict(backwards, states, at, position=1) == expected
            seen["several rules" if len(standing.rules) > 1 else "one rule"] += 1

    law(holds, "several rules", "one rule")


def test_the_same_inputs_always_give_the_same_verdict() -> None:
    """I-3: built twice from the same facts, equal in every field."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        at = random.choice(around(facts))
        first, second = decide(facts, at), decide(replace(facts), at)
        assert first == second
        seen[first.outcome.word] += 1

    law(holds, "allow", "warn", "block")


def test_level_1_does_not_depend_on_what_other_people_decide() -> None:
    """A retraction, a deadline or a lost quorum is a change of level 2 alone, however many devices it concerns."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        decided = each_policy(facts, lambda one: replace(one, counts=not one.counts, held=not one.held, deadline_at=0))
        assert level_1(facts) == level_1(decided)
        seen["rules" if level_1(facts).rules else "none"] += 1

    law(holds, "rules", "none")


def test_nobody_is_blocked_by_a_policy_that_does_not_count_or_lost_its_quorum() -> None:
    """I-8: retracted, ended, paused or held."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        counts, held = random.choice(((False, False), (False, True), (True, True)))
        off = each_policy(facts, lambda one: replace(one, counts=counts, held=held))
        times = [*around(facts), EVER]
        assert Outcome.BLOCK not in outcomes(off, times)
        seen["would have blocked"] += Outcome.BLOCK in outcomes(facts, times)

    law(holds, "would have blocked")


def test_nobody_is_blocked_before_the_deadline_of_their_own_cell() -> None:
    """I-8, I-9: before it allow or warn, and at it a device with nothing else to wait for is blocked."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        earliest = min(own_deadline(facts, one) for one in facts.policies)
        nothing_else = each_policy(
            facts, lambda one: replace(one, held=False, foreseen=True, told_at=0, notice=0, at_doors=False)
        )
        for each in (facts, nothing_else):
            for at, outcome in zip(times := around(each), outcomes(each, times), strict=True):
                assert outcome is not Outcome.BLOCK or at >= earliest
                seen["blocked at the deadline itself"] += at == earliest and outcome is Outcome.BLOCK

    law(holds, "blocked at the deadline itself")


def test_nobody_is_blocked_who_was_not_told() -> None:
    """I-10: unless the policy says tell_first: false."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        untold = each_policy(facts, lambda one: replace(one, told_at=None))
        for reason in decide(untold, EVER).reasons:
            policy = next(one.policy for one in facts.policies if one.revision == reason.revision)
            assert reason.outcome is not Outcome.BLOCK or not policy.tell_first
            seen["told first" if policy.tell_first else "not told first"] += 1

    law(holds, "told first", "not told first")


def test_nobody_is_blocked_within_the_notice_period() -> None:
    """I-10: told + notice lies before every block under a policy that tells first."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        for one in facts.policies:
            alone = replace(facts, policies=(one,))
            times = around(alone)
            verdicts = zip(times, outcomes(alone, times), strict=True)
            blocked = [at for at, outcome in verdicts if outcome is Outcome.BLOCK]
            if blocked and one.policy.tell_first:
                assert one.told_at is not None
                assert min(blocked) >= one.told_at + one.notice
                seen["blocked the moment it is over"] += min(blocked) == one.told_at + one.notice

    law(holds, "blocked the moment it is over")


def test_a_phone_that_was_not_at_a_door_since_its_person_was_told_has_its_grace_first() -> None:
    """Where doors could have seen it, no phone is blocked before its first contact after the telling, plus grace."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        graced = [replace(one.policy, tell_first=True, grace=one.policy.grace or HOUR) for one in facts.policies]
        policies = zip(facts.policies, graced, strict=True)
        facts = replace(facts, policies=tuple(replace(one, at_doors=True, policy=policy) for one, policy in policies))
        for one in facts.policies:
            alone = replace(facts, policies=(one,))
            times = around(alone)
            blocked = [at for at in times if decide(alone, at).outcome is Outcome.BLOCK]
            if blocked:
                assert one.contact_at is not None
                assert min(blocked) >= one.contact_at + one.policy.grace
                seen["blocked the moment grace is over"] += min(blocked) == one.contact_at + one.policy.grace
            elif one.contact_at is None and any(decide(alone, at).outcome is Outcome.WARN for at in times):
                seen["warned and not at a door"] += 1

    law(holds, "blocked the moment grace is over", "warned and not at a door")


def test_an_unforeseen_person_is_not_blocked_before_the_cap_admits_them() -> None:
    """I-17, as far as it is the decision's: no admission, no block, for ever."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        unadmitted = each_policy(facts, lambda one: replace(one, foreseen=False, admitted_at=None))
        assert decide(unadmitted, EVER).outcome is not Outcome.BLOCK
        seen["would have blocked"] += decide(facts, EVER).outcome is Outcome.BLOCK

    law(holds, "would have blocked")


def test_a_shared_device_is_blocked_only_where_the_policy_says_so() -> None:
    """Else it is warned for ever, and it is bound to nobody's login."""
    spared = world(own_shared=True)
    assert decide(spared, EVER).outcome is Outcome.WARN
    assert level_1(spared).logins == ()
    assert level_1(world()).logins == ("ada",)
    assert decide(world(own_shared=True, shared=True), EVER).outcome is Outcome.BLOCK


def test_what_cannot_be_seen_is_neither_absent_nor_present_unless_the_policy_says_so() -> None:
    """I-6: hidden, stale and never, under each of the three words."""
    for reports in ((), (UNSEEING,), (CLEAN,)):
        facts = {"reports": reports, "stale_after": HOUR}
        assert decide(world(unseen=Unseen.ALLOW, **facts), EVER).outcome is Outcome.ALLOW
        assert decide(world(unseen=Unseen.ATTEST, **facts), EVER).outcome is Outcome.BLOCK
        assert decide(world(unseen=Unseen.BLOCK, **facts), EVER).outcome is Outcome.BLOCK
        attested = world(unseen=Unseen.ATTEST, attestations=(("tiktok", EVER + 1),), **facts)
        assert decide(attested, EVER).outcome is Outcome.ALLOW
        found = {reason.finding for reason in decide(world(unseen=Unseen.BLOCK, **facts), EVER).reasons}
        assert found <= {Finding.NEVER, Finding.HIDDEN, Finding.STALE}


def test_the_door_opens_the_moment_a_report_says_the_app_is_gone() -> None:
    """A restore asks for no approval, no admission and no wait (I-18)."""
    assert decide(world(), EVER).outcome is Outcome.BLOCK
    gone = world(reports=(HAS_IT, Report(EVER - 1)))
    assert decide(gone, EVER).outcome is Outcome.ALLOW


def test_a_waivers_end_gives_no_grace_and_a_late_hit_gives_it_once() -> None:
    """Grace is for what nobody could have known at the announcement."""
    waived = world(waivers=(200 * HOUR,), grace=48 * HOUR)
    assert decide(waived, 200 * HOUR - 1).outcome is Outcome.ALLOW
    assert decide(waived, 200 * HOUR).outcome is Outcome.BLOCK
    late = world(due_since=200 * HOUR, grace=48 * HOUR)
    assert decide(late, 248 * HOUR - 1).outcome is Outcome.WARN
    assert decide(late, 248 * HOUR).outcome is Outcome.BLOCK
    again = world(due_since=200 * HOUR, grace=48 * HOUR, reports=(CLEAN,), stale_after=300 * HOUR)
    assert decide(again, 309 * HOUR).outcome is Outcome.BLOCK


def test_recording_when_a_device_became_due_changes_nothing() -> None:
    """Once an absent is stale or an attestation has ended, writing that instant down as due_since moves no effect.

    So it does not matter when, or whether, the worker gets to it.
    """

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        unwritten = each_policy(facts, lambda one: replace(one, due_since=None, waivers=()))
        by_number = {due.rule: due for due in level_1(unwritten).rules}

        def write(one: Announced) -> Announced:
            due = by_number.get(one.number)
            if due is None or due.counts_from <= one.announced_at:
                return one
            seen["written"] += 1
            return replace(one, due_since=due.counts_from)

        assert level_1(each_policy(unwritten, write)) == level_1(unwritten)

    law(holds, "written")


def test_a_verdict_names_what_it_rests_on() -> None:
    """I-2: the policy and revision, the age of the evidence, and the position in the change stream."""
    answer = decide(world(revision=3), 100 * HOUR)
    assert [(reason.policy, reason.revision, reason.app) for reason in answer.reasons] == [("no-tiktok", 3, "tiktok")]
    assert answer.reported_at == 9 * HOUR
    assert answer.position == 7
    assert decide(world(reports=()), 100 * HOUR).reported_at is None


def test_no_instant_lies_beyond_never() -> None:
    """What is stored for a door fits 64 bits, also where nothing is set to end."""
    endless = world(deadline=Deadline("immediately"), told_at=NEVER - 1, grace=NEVER)
    assert all(ALWAYS <= due.not_before <= NEVER for due in level_1(endless).rules)
    assert level_1(world(reports=(CLEAN,), stale_after=NEVER)).rules == ()


def test_a_rule_speaks_only_of_devices_it_could_ever_concern() -> None:
    """The masks leave out whatever could only be allowed, and a report can only be of apps that are looked for."""

    def holds(facts: World, random: Random, seen: Counter[str]) -> None:
        clean = replace(facts, reports=(replace(random_report(random), apps=frozenset()),))
        for one in facts.policies:
            alone = replace(clean, policies=(one,))
            if one.policy.unseen is Unseen.ALLOW:
                assert level_1(alone).rules == ()
                seen["unseen is allowed"] += 1
            elif level_1(alone).rules:
                seen["unseen counts"] += 1

    law(holds, "unseen is allowed", "unseen counts")
