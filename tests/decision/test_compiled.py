"""The masks against the scopes they were made of, on many policies at once."""

from collections import Counter
from random import Random

from hypothesis import given, settings

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Platform
from gatepost.core.fleet.finding import Evidence, Finding
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import DueApp, unseen_app
from gatepost.core.policy.policy import Unseen
from tests.decision import specification
from tests.decision.random_worlds import APP_IDS, STEADY, random_announced, random_device, random_person, randomness
from tests.decision.worlds import PERSON, PHONE, POLICY, rule


def test_masks_say_what_the_scopes_say() -> None:
    """I-1: scope, exception, apps named and unseen, for seventy policies and whoever they speak of or not."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=60)
    @given(randomness)
    def check(random: Random) -> None:
        rules = [rule(random_announced(random, number)) for number in range(1, 71)]
        random.shuffle(rules)
        compiled = Compiled(rules)
        for _ in range(5):
            person, device = random_person(random), random_device(random)
            present = {app: None for app in APP_IDS if random.random() < 0.3}
            scope, exempt = compiled.in_scope(person, device), compiled.exempted(person, device)
            concerned = compiled.concerned(person, device, present)
            for bit, one in enumerate(sorted(rules, key=lambda rule: rule.number)):
                policy = one.policy
                in_scope = specification.within(policy.scope, person, device)
                excepted = not policy.except_.is_empty() and specification.within(policy.except_, person, device)
                part = any(device.platform in app.since for app in one.apps)
                named = any(app.id in present for app in one.apps)
                concerns = in_scope and not excepted and (named or (policy.unseen is not Unseen.ALLOW and part))
                assert (bool(scope >> bit & 1), bool(exempt >> bit & 1)) == (in_scope, excepted)
                assert bool(concerned >> bit & 1) == concerns
                seen["excepted" if in_scope and excepted else "concerns" if concerns else "does not"] += 1
            assert [one.number for one in compiled.select(concerned)] == sorted(
                one.number for bit, one in enumerate(compiled.rules) if concerned >> bit & 1
            )

    check()
    assert all(seen[case] >= 50 for case in ("excepted", "concerns", "does not")), seen


def test_a_value_that_no_policy_names_is_in_every_silent_scope() -> None:
    """A country or a group that appeared after the policies were compiled is nobody's in particular."""
    rules = [Rule(1, POLICY, ())]
    stranger = Person("p", "p", "", PERSON.kind, "ZZ", "UTC", "en", (), (), frozenset({"founded today"}))
    assert Compiled(rules).in_scope(stranger, PHONE) == 1


def test_no_rules_concern_nobody() -> None:
    """A site without policies decides too."""
    assert Compiled([]).concerned(PERSON, PHONE, {"tiktok": None}) == 0


def test_the_least_known_app_is_the_first_that_is_newer_than_the_report() -> None:
    """Against a plain scan, for every catalogue revision."""
    seen: Counter[str] = Counter()

    @settings(STEADY, max_examples=200)
    @given(randomness)
    def check(random: Random) -> None:
        since = [random.choice((None, random.randint(1, 6))) for _ in range(random.randint(0, 8))]
        apps = tuple(
            ActiveApp(f"app-{place}", {} if revision is None else {Platform.IOS: revision})
            for place, revision in enumerate(since)
        )
        one = Rule(1, POLICY, apps)
        for matched_under in range(-1, 8):
            taking_part = [place for place, revision in enumerate(since) if revision is not None]
            newer = [place for place in taking_part if (since[place] or 0) > matched_under]
            expected = next(iter(newer or taking_part), None)
            assert one.least_known(Platform.IOS, matched_under) == expected
            seen["newer" if newer else "older" if taking_part else "none"] += 1

    check()
    assert all(seen[case] >= 20 for case in ("newer", "older", "none")), seen


def test_a_device_that_was_checked_out_is_known_like_one_never_seen() -> None:
    """Whatever its last report was matched under, nothing is known of any app: the first one named is the reason."""
    apps = (ActiveApp("first", {Platform.IOS: 1}), ActiveApp("second", {Platform.IOS: 9}))
    for matched_under in (0, 5, 9):
        due = unseen_app(Rule(1, POLICY, apps), Platform.IOS, Evidence(matched_under=matched_under), {}, 0)
        assert due == DueApp(0, Finding.NEVER, ALWAYS)
