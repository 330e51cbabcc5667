"""What an author is warned of before anybody is asked."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from ruamel.yaml import YAML

from gatepost.core.change.impact import Impact
from gatepost.core.change.rails import Rails, is_large, is_short, not_asked
from gatepost.core.change.warning import Surroundings, WarningCode, warnings
from gatepost.core.fleet.about import Account, Inquiry
from gatepost.core.fleet.app import ActiveApp, App
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.fleet.finding import NOTHING
from gatepost.core.instant import ALWAYS, HOUR
from gatepost.core.policy.compiled import Rule
from gatepost.core.policy.policy import Deadline, Policy, Scope, Text
from tests.decision.columns import Row, preview
from tests.decision.worlds import HAS_IT, MOBILE, PERSON, PHONE, POLICY, TIKTOK, evidence, world

OURS = Account("ac_1", "tiktok", "sales", "@ours")
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
        ("keepers_hit", {"accounts": (OURS,)}),
        ("vendor_not_asked", {"not_asked": {"ByteDance": ("TikTok",)}}),
        ("rests_on_one", {"rests_on_one": True}),
    ],
)
def test_each_warning_comes_when_it_should(code: str, around: dict[str, Any]) -> None:
    """One thing is wrong, and it alone is named."""
    assert codes(**around) == [code]


def text_of(code: str, policy: Policy = POLICY, impact: Impact | None = None, **around: Any) -> str:
    found = {one.code.value: one.text for one in warnings(policy, impact or impact_of(HIT), replace(QUIET, **around))}
    return found.get(code, "")


def keepers(number: int, group: str = "sales", without: int = 0) -> Impact:
    """So many of a group hit, and so many `without` the app."""
    return impact_of(
        *(
            (HIT if n < number else UNSEEN)._replace(
                person=replace(PERSON, ref=f"p{n}", groups=frozenset({group})),
                device=replace(PHONE, ref=f"d{n}", owner=f"p{n}"),
            )
            for n in range(number + without)
        )
    )


def test_keepers_are_counted_but_few_are_not() -> None:
    """Five are counted; of fewer among many it is said that there are some; of none nothing is said. A group of which
    four are in scope is named alike, whether they are hit or not."""
    assert "sales keeps @ours on TikTok: 5 of its people would be hit." in text_of(
        "keepers_hit", impact=keepers(5), accounts=(OURS,)
    )
    among_many = text_of("keepers_hit", impact=keepers(4, without=1), accounts=(OURS,))
    assert "some of its people would be hit" in among_many
    assert "4" not in among_many
    few = text_of("keepers_hit", impact=keepers(4), accounts=(OURS,))
    assert "its people in scope are too few to be counted, and may be hit" in few
    assert text_of("keepers_hit", impact=keepers(0, without=1), accounts=(OURS,)) == few
    assert text_of("keepers_hit", impact=keepers(9, "others"), accounts=(OURS,)) == ""


@pytest.mark.parametrize("group", ["social-media", "null", "a: b", "x]}", 'say "hi"', "#1", "Öffentlichkeit", "yes"])
def test_the_line_that_is_offered_spares_them(group: str) -> None:
    """Whatever the group is called, the line is YAML that names it and those excepted already (I-36)."""
    before = replace(POLICY, except_=Scope(groups=frozenset({"others"})))
    account = replace(OURS, group=group)
    text = text_of("keepers_hit", before, keepers(6, group), accounts=(account,))
    line = text.partition("`")[2].rpartition("`")[0]
    assert YAML(typ="safe", pure=True).load(line) == {"except": {"groups": sorted(["others", group])}}


def test_no_line_is_offered_where_it_would_not_spare_them() -> None:
    """Keys of `except` are joined by and: a group beside countries spares only some."""
    before = replace(POLICY, except_=Scope(countries=frozenset({"NO"})))
    text = text_of("keepers_hit", before, keepers(6), accounts=(OURS,))
    assert "{groups" not in text
    assert "would not spare them all" in text


def test_owners_who_were_not_asked_are_grouped_and_the_first_are_named() -> None:
    """A list of 59 apps gives one sentence; a question about one of a publisher's apps stands for its others there."""
    apps = [App(f"a{n}", f"App {n}", publisher=f"Owner {n % 20:02}") for n in range(59)]
    asked = [Inquiry("q", "a3", "2020-07-08", "p", "Why?")]
    owners = not_asked(apps, asked)
    assert len(owners) == 19
    assert "Owner 03" not in owners
    assert owners["Owner 04"] == ("App 4", "App 24", "App 44")
    text = text_of("vendor_not_asked", not_asked=owners, vendor_required=True)
    assert "Owner 00 (App 0, App 20, App 40)" in text
    assert "and 14 more" in text
    assert "announces nothing before" in text
    assert not_asked([App("x", "X"), App("y", "Y")], []) == {"X": ("X",), "Y": ("Y",)}, "publishers not known"


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
