"""Which apps a policy names, and which of them say much of a person."""

from dataclasses import replace

import pytest

from gatepost.core.fleet.app import App, AppList, Matcher, looked_for, spelling
from gatepost.core.fleet.device import Platform
from gatepost.core.fleet.sensitive import touches
from gatepost.core.policy.named import named_by
from gatepost.documents.catalogue_file import shipped_catalogue
from tests.decision.worlds import POLICY

APPS = {
    app.id: app
    for app in (
        App("musically", "musical.ly", publisher_country="CN", successors=("tiktok",)),
        App("tiktok", "TikTok", publisher_country="CN", successors=("tiktok-x", "musically")),
        App("tiktok-x", "TikTok X", successors=("gone",)),
        App("kwai", "Kwai", publisher_country="SG"),
    )
}
LISTS = {"shunned": AppList("shunned", "Shunned", ("kwai", "tiktok"))}


def test_every_app_says_what_first_brought_it_in() -> None:
    """By id before by list, by list before by country; successors of successors; each once, and nothing is dropped."""
    policy = replace(POLICY, apps=("tiktok",), lists=("shunned",), publisher_countries=("CN",), successors=True)
    assert named_by(policy, APPS, LISTS) == {
        "tiktok": "app",
        "kwai": "list shunned",
        "musically": "publisher country CN",
        "tiktok-x": "successor of tiktok",
        "gone": "successor of tiktok-x",
    }


def test_successors_are_meant_only_where_the_policy_says_so() -> None:
    """An app that no word of the document names is not hit by it."""
    assert named_by(replace(POLICY, apps=("musically",)), APPS, LISTS) == {"musically": "app"}


def test_a_policy_sees_the_identifiers_that_it_names_and_no_others() -> None:
    """I-13: what is looked for besides leaves marks that it does not know; what is not looked for takes no part."""
    since = {"ios a.b": 3, "ios c.d": 8, "android a.b": 3}
    app = looked_for("paint", {spelling("ios", "A.B"), "windows e.f"}, since)
    assert dict(app.since) == {Platform.IOS: 3}
    assert app.seen_as == {"paint ios a.b"}
    seen = Matcher({"paint": since, "other": {"ios c.d": 9}}).match(Platform.IOS, ("C.D", "x.y"))
    assert seen == {"paint ios c.d", "other ios c.d"}
    assert app.seen_as.isdisjoint(seen)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Grindr", ("sexuality",)),
        ("Muslim Prayer Times", ("religion",)),
        ("My Cancer Clinic", ("health",)),
        ("Gewerkschaft", ("union",)),
        ("Vote-2024", ("politics",)),
        ("Union Square Clinic", ("health", "union")),
        ("Reunion", ()),
        ("Healthy", ()),
    ],
)
def test_words_that_tell_of_a_life(name: str, found: tuple[str, ...]) -> None:
    """Whole words, whatever their case; a part of a word says nothing."""
    assert touches(App("x", name)) == found


def test_the_shipped_catalogue_touches_no_life() -> None:
    """Nothing that we ship is asked about twice: a word of the list that met one would be a false alarm."""
    assert {app.id: touches(app) for app in shipped_catalogue()[0].apps.values() if touches(app)} == {}
