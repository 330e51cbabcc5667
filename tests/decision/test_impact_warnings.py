"""What an author is warned of before anybody is asked."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from gatepost.core.change.impact import Impact, Row, preview
from gatepost.core.change.rails import Rails, is_large, is_short
from gatepost.core.change.warning import Surroundings, WarningCode, warnings
from gatepost.core.fleet.app import ActiveApp, App
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.fleet.finding import NOTHING
from gatepost.core.instant import ALWAYS, HOUR
from gatepost.core.policy.compiled import Rule
from gatepost.core.policy.policy import Deadline, Policy, Scope, Text
from tests.decision.worlds import HAS_IT, MOBILE, PERSON, PHONE, POLICY, TIKTOK, evidence, world

APP = App("tiktok", "TikTok", identifiers=dict.fromkeys(MOBILE, ("com.zhiliaoapp.musically",)))
UNKNOWN = App("helo", "Helo")
QUIET = Surroundings(
    at=10 * HOUR,
    earliest=100 * HOUR,
    minimum_notice=24 * HOUR,
    apps=(APP,),
    active={"tiktok": TIKTOK},
    approvers=frozenset({"somebody"}),
    administrators=frozenset(),
    executives=frozenset(),
)
HIT = Row(PERSON, PHONE, evidence(world(reports=(HAS_IT,))), {}, 0)
UNSEEN = Row(PERSON, PHONE, NOTHING, {}, 0)


def impact_of(*rows: Row, policy: Policy = POLICY) -> Impact:
    return preview(Rule(1, policy, (TIKTOK,)), rows, 500 * HOUR, 10 * HOUR)


def codes(policy: Policy = POLICY, impact: Impact | None = None, **around: Any) -> list[str]:
    found = warnings(policy, impact or impact_of(HIT), replace(QUIET, **around))
    assert all(one.text.endswith(".") for one in found)
    return [one.code.value for one in found]


def test_a_fair_policy_has_no_warnings() -> None:
    """Else nobody would read them."""
    assert codes() == []


@pytest.mark.parametrize(
    ("code", "around"),
    [
        ("short_notice", {"earliest": 33 * HOUR}),
        ("deadline_passed", {"earliest": 9 * HOUR}),
        ("deadline_passed", {"earliest": 10 * HOUR}),
        ("approvers_hit", {"approvers": frozenset({"person", "other"})}),
        ("administrators_hit", {"administrators": frozenset({"person"})}),
        ("executives_hit", {"executives": frozenset({"person"})}),
        ("apps_unmatchable", {"apps": (APP, UNKNOWN)}),
        ("apps_unmatchable", {"active": {}}),
        ("apps_unmatchable", {"active": {"tiktok": ActiveApp("tiktok", {Platform.ANDROID: 1})}}),
        ("large_impact", {"large": True}),
    ],
)
def test_each_warning_comes_when_it_should(code: str, around: dict[str, Any]) -> None:
    """One thing is wrong, and it alone is named."""
    assert codes(**around) == [code]


def test_the_minimum_notice_itself_is_long_enough() -> None:
    """Less than the minimum is short; the minimum is not."""
    assert codes(earliest=34 * HOUR) == []


def test_immediately_counts_from_being_told() -> None:
    """The notice period holds for it too, so it is short only where that is."""
    at_once = replace(POLICY, deadline=Deadline("immediately"), grace=HOUR)
    assert codes(at_once, earliest=None) == []
    assert codes(replace(at_once, notice=HOUR), earliest=None) == ["short_notice"]


def test_a_notice_period_below_the_sites_minimum_is_short() -> None:
    """Whoever is told later is told that shortly before; and not telling first is the shortest of all."""
    assert codes(replace(POLICY, notice=HOUR)) == ["short_notice"]
    assert codes(replace(POLICY, tell_first=False)) == ["short_notice"]


def test_the_short_notice_warning_agrees_with_the_rail() -> None:
    """Whoever reads no such warning meets no extra role for it, and the other way round."""
    limits = Rails(QUIET.minimum_notice, ("executive",), 25, 0, ("executive",), HOUR, 0)
    seen: set[bool] = set()
    for notice, tell_first, earliest in product((None, 0, HOUR, 30 * HOUR), (True, False), (11, 33, 34, 99, None)):
        policy = replace(POLICY, notice=notice, tell_first=tell_first)
        at = None if earliest is None else earliest * HOUR
        short = is_short(policy, ALWAYS if at is None else at, QUIET.at, limits)
        assert ("short_notice" in codes(policy, earliest=at)) == short
        seen.add(short)
    assert seen == {True, False}


def test_a_large_impact_is_a_share_of_all_devices_or_a_number_of_people() -> None:
    """One of four devices is not more than 25 %; one of three is; no percentage and no number, no rail."""

    def large(devices: int, percent: int, people: int) -> bool:
        laptops = [HIT._replace(device=replace(PHONE, ref=f"l{n}", form=Form.LAPTOP)) for n in range(devices - 1)]
        return is_large(impact_of(HIT, *laptops), Rails(0, (), percent, people, (), HOUR, 0))

    assert large(3, 25, 0)
    assert not large(4, 25, 0)
    assert not large(1, 0, 0)
    assert not large(4, 0, 1)
    assert is_large(impact_of(HIT), Rails(0, (), 25, 0, (), HOUR, 0))


def test_much_that_cannot_be_seen_is_said() -> None:
    """One in two devices is more than 20 %; one in five is not."""
    other = [HIT._replace(device=replace(PHONE, ref=f"device-{n}")) for n in range(4)]
    assert codes(impact=impact_of(other[0], UNSEEN)) == ["cannot_see"]
    assert codes(impact=impact_of(*other, UNSEEN)) == []


def test_nobody_and_nothing_in_scope_are_told_apart() -> None:
    """A country with nobody in it, and people without such a device."""
    nobody = replace(POLICY, scope=Scope(countries=frozenset({"NO"})))
    nothing = replace(POLICY, scope=Scope(forms=frozenset({Form.DESKTOP})))
    assert codes(impact=impact_of(HIT, policy=nobody)) == ["no_people"]
    assert codes(impact=impact_of(HIT, policy=nothing)) == ["no_devices"]
    assert codes(impact=impact_of()) == ["no_people"]


def test_a_subject_that_names_the_app_is_said_in_any_language_and_case() -> None:
    """A shared screen should not show which app somebody had; a word that merely holds the name does not."""
    loud = {"en": Text("Action needed", ""), "de": Text("TIKTOK: bitte entfernen", "")}
    assert codes(replace(POLICY, announcement=loud)) == ["subject_names_app"]
    assert codes(replace(POLICY, announcement={"en": Text("On tiktokers", "")})) == []


def test_everything_at_once_comes_in_a_fixed_order() -> None:
    """At most one of each code, in the order of the closed list as far as it goes."""
    found = codes(
        replace(POLICY, announcement={"en": Text("TikTok", "")}),
        earliest=11 * HOUR,
        approvers=frozenset({"person"}),
        administrators=frozenset({"person"}),
        executives=frozenset({"person"}),
        apps=(APP, UNKNOWN),
        large=True,
    )
    assert len(found) == len(set(found)) == 7
    assert set(found) <= {code.value for code in WarningCode}
