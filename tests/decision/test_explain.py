"""A verdict in words and as data, and a policy's own examples."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import HOUR, NEVER, Instant
from gatepost.core.policy.examples import failures
from gatepost.core.policy.explain import reasons_data, sentence
from gatepost.core.policy.policy import Consequence, Deadline, Example, Policy, Scope, Unseen
from gatepost.documents.deadline import instant_text, local_instant
from tests.decision.random_worlds import STEADY, worlds
from tests.decision.specification import boundaries
from tests.decision.worlds import CLEAN, MOBILE, POLICY, UNSEEING, World, decide, world


def hours(instant: Instant) -> str:
    assert 0 <= instant < NEVER
    return f"hour {instant / HOUR:g}"


@pytest.mark.parametrize(
    ("hour", "changes", "expected"),
    [
        (
            101,
            {},
            "At hour 101 this device cannot open new mail. Policy no-tiktok (revision 1) applies because tiktok was "
            "reported on it: it has kept this device from new mail since hour 100; a report without tiktok lifts that. "
            "Mail that is already on the device stays there.",
        ),
        (
            50,
            {"reports": (UNSEEING,)},
            "At hour 50 this device may open mail, but please read on. Policy no-tiktok (revision 1) applies because "
            "its reports cannot show whether tiktok is on it: it will keep this device from new mail from hour 100, "
            "unless a report that can show it, or a statement by its owner where the policy takes one, that tiktok is "
            "not on it comes. Mail that is already on the device stays there. If nothing else changes, this answer "
            "stands until hour 100.",
        ),
        (
            50,
            {"consequence": Consequence.REPORT},
            "At hour 50 this device may open mail. Policy no-tiktok (revision 1) applies because tiktok was reported "
            "on it: it only takes note of that.",
        ),
        (
            50,
            {"reports": (CLEAN,)},
            "At hour 50 this device may open mail. If nothing else changes, this answer stands until hour 509.",
        ),
    ],
)
def test_a_verdict_is_explained_in_words(hour: int, changes: dict[str, Any], expected: str) -> None:
    """Exactly, with the instants; golden, since people act on it."""
    assert sentence(decide(world(**changes), hour * HOUR), hour * HOUR, hours) == expected


def test_every_verdict_can_be_explained() -> None:
    """No NEVER is ever written as an instant, and every reason that counts is named with its policy and app."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=150)
    @given(worlds)
    def check(facts: World) -> None:
        for at in boundaries(facts):
            verdict = decide(facts, at)
            text = sentence(verdict, at, hours)
            data = reasons_data(verdict, hours)
            assert len(data) == len(verdict.reasons) == text.count("applies because")
            for reason, record in zip(verdict.reasons, data, strict=True):
                assert record["app"] == reason.app
                assert f"{record['policy']} (revision {record['revision']})" in text
                assert (record["effect_at"] is None) == (reason.effect_at == NEVER)
                seen[f"{verdict.outcome.word} {reason.finding.word}"] += 1

    check()
    findings = ("present", "never", "hidden", "stale")
    assert all(seen[f"{outcome} {found}"] for outcome in ("warn", "block") for found in findings), seen


def example(**changes: Any) -> Example:
    usual = Example(
        form=Form.PHONE,
        platform=Platform.IOS,
        ownership=Ownership.PERSONAL,
        shared=False,
        apps=("tiktok",),
        seen=True,
        kind=Kind.EMPLOYEE,
        country="US",
        groups=frozenset(),
        attested=False,
        at="2020-07-11T00:00",
        expect="block",
        line=30,
    )
    return replace(usual, **changes)


def policy(*examples: Example, **changes: Any) -> Policy:
    return replace(POLICY, examples=examples, except_=Scope(groups=frozenset({"social-media"})), **changes)


APPS = (ActiveApp("tiktok", dict.fromkeys(MOBILE, 4)),)


def test_the_memos_examples_hold() -> None:
    """A date is the end of that day; laptops and the social-media team are not concerned; unseen: attest."""
    examples = (
        example(),
        example(at="2020-07-10T23:59", expect="warn"),
        example(form=Form.LAPTOP, platform=Platform.MACOS, expect="allow"),
        example(groups=frozenset({"social-media"}), expect="allow"),
        example(apps=(), expect="allow"),
        example(apps=("wechat",), expect="allow"),
        example(apps=(), seen=False),
        example(apps=(), seen=False, attested=True, expect="allow"),
        example(attested=True),
        example(shared=True, expect="warn"),
    )
    assert failures(policy(*examples), APPS, local_instant) == []


def test_immediately_and_other_consequences_have_examples_too() -> None:
    """Told long before, so that `immediately` is over; a policy that notifies never blocks."""
    assert failures(policy(example(), deadline=Deadline("immediately")), APPS, local_instant) == []
    assert failures(policy(example(expect="warn"), consequence=Consequence.NOTIFY), APPS, local_instant) == []
    unseen = example(apps=(), seen=False)
    assert failures(policy(replace(unseen, expect="allow"), unseen=Unseen.ALLOW), APPS, local_instant) == []
    assert failures(policy(unseen, unseen=Unseen.BLOCK), APPS, local_instant) == []


def test_an_example_that_fails_says_what_came_instead_and_why() -> None:
    """With its line in the document."""
    held = example(expect="allow", line=31)
    (failure,) = failures(policy(example(), held), APPS, local_instant, instant_text)
    assert (failure.line, failure.expected, failure.got) == (31, "allow", "block")
    assert failure.sentence.startswith("At 2020-07-11T00:00:00Z this device cannot open new mail.")
    assert "tiktok was reported on it" in failure.sentence


def test_an_example_cannot_hope_for_an_app_that_nobody_can_match() -> None:
    """An app without an identifier for the platform is never found there, on a real device or in an example."""
    (failure,) = failures(policy(example()), (ActiveApp("tiktok", {}),), local_instant)
    assert failure.got == "allow"
