"""Catalogue files, and what Gatepost comes with."""

import pytest

from gatepost.core.fleet.app import ActiveApp, App, AppList
from gatepost.core.fleet.device import Platform
from gatepost.core.policy.examples import failures
from gatepost.core.policy.policy import Policy
from gatepost.documents.catalogue_file import Catalogue, read_catalogue, shipped_catalogue
from gatepost.documents.deadline import instant_text, local_instant
from gatepost.documents.policy_file import read_policy, shipped_policies, write_policy


def read(text: str) -> Catalogue:
    catalogue = read_catalogue(text.encode(), "c.yaml")
    assert isinstance(catalogue, Catalogue), catalogue
    return catalogue


def problems(text: str) -> list[str]:
    found = read_catalogue(text.encode(), "c.yaml")
    assert isinstance(found, tuple)
    return [str(problem) for problem in found]


def test_apps_and_lists_are_read() -> None:
    """Every key; ipados has the identifiers of ios."""
    catalogue = read(
        "apps:\n"
        "  a: {name: A, publisher: P, publisher_country: NO, identifiers: {ios: [x.A], android: [x.a]},"
        " successors: [b], sources: [s]}\n"
        "  b: {name: B}\n"
        "lists: {l: {title: T, apps: [a, elsewhere], source: s}}\n"
    )
    identifiers = {Platform.IOS: ("x.A",), Platform.ANDROID: ("x.a",), Platform.IPADOS: ("x.A",)}
    assert catalogue.apps == {"a": App("a", "A", "P", "NO", identifiers, ("b",), ("s",)), "b": App("b", "B")}
    assert catalogue.lists == {"l": AppList("l", "T", ("a", "elsewhere"), "s")}
    assert catalogue.warnings == ()


def test_a_tablet_can_have_identifiers_of_its_own_or_none() -> None:
    """What a file says of ipados holds."""
    catalogue = read(
        "apps:\n"
        "  a: {name: A, identifiers: {ios: [x], ipados: [y]}}\n"
        "  b: {name: B, identifiers: {ios: [z], ipados: []}}\n"
    )
    assert catalogue.apps["a"].identifiers[Platform.IPADOS] == ("y",)
    assert Platform.IPADOS not in catalogue.apps["b"].identifiers


@pytest.mark.parametrize("platforms", [("ios", "ios"), ("ipados", "ios"), ("ios", "ipados")])
def test_an_identifier_has_one_app(platforms: tuple[str, str]) -> None:
    """Compared as doors and reports compare them: without regard to case, and on each platform they hold for."""
    one, other = platforms
    (problem,) = problems(
        f"apps:\n  a: {{name: A, identifiers: {{{one}: [com.x]}}}}\n"
        f"  b: {{name: B, identifiers: {{{other}: [Com.X]}}}}\n"
    )
    assert problem.startswith("c.yaml:3:")
    assert problem.endswith('"Com.X" belongs to a already: an identifier has one app')


def test_the_same_identifier_on_two_platforms_is_no_clash() -> None:
    """Platforms are separate worlds."""
    assert (
        len(read("apps:\n  a: {name: A, identifiers: {ios: [x]}}\n  b: {name: B, identifiers: {android: [x]}}\n").apps)
        == 2
    )


def test_capitals_in_an_android_package_are_doubted() -> None:
    """They are allowed and rare; who typed them is asked to look again."""
    (warning,) = read("apps: {a: {name: A, identifiers: {android: [com.X]}}}\n").warnings
    assert "com.X" in warning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apps: {A: {name: x}}", 'c.yaml:1:8: apps.A: "A" is no id'),
        ("apps: {a: {nme: x}}", 'apps.a.nme: unknown key "nme"; did you mean "name"?'),
        ("apps: {a: {name: x, identifiers: {ipod: [a]}}}", 'c.yaml:1:35: apps.a.identifiers.ipod: "ipod" is none: '
         'expected ios, ipados, android, macos, windows, chromeos or linux; did you mean "ipados"?'),
        ("apps: {a: {name: x, identifiers: {ios: [com.*]}}}", '"com.*" is no identifier'),
        ("lists: {l: {title: t, apps: []}}", "lists.l.apps: must not be empty"),
        ("list: {}", 'c.yaml:1:1: list: unknown key "list"; did you mean "lists"?'),
        ("[]", "expected keys and values"),
        ("apps: &a {}", "anchors"),
    ],
)  # fmt: skip
def test_a_mistake_gets_its_place(text: str, expected: str) -> None:
    """As in policy files: line, column, key, what was expected."""
    assert any(expected in problem for problem in problems(text))


def test_the_shipped_catalogue_is_whole() -> None:
    """Every app has a source, lists name apps that are there, no identifier has two apps, ids are unique."""
    catalogue, source = shipped_catalogue()
    assert all(app.sources for app in catalogue.apps.values())
    assert all(entry.source for entry in catalogue.lists.values())
    assert {app for entry in catalogue.lists.values() for app in entry.apps} <= catalogue.apps.keys()
    owners: dict[tuple[Platform, str], set[str]] = {}
    for app in catalogue.apps.values():
        for platform, names in app.identifiers.items():
            for name in names:
                owners.setdefault((platform, name.casefold()), set()).add(app.id)
    assert all(len(apps) == 1 for apps in owners.values())
    assert source.count(b"\n  tiktok:\n") == 1


def test_the_list_of_59_has_59() -> None:
    """India's list of 29 June 2020: all 59, TikTok being the same app as elsewhere; those without a certain identifier
    are kept and cannot be matched."""
    catalogue, _ = shipped_catalogue()
    india = [catalogue.apps[app] for app in catalogue.lists["india-2020-06-29"].apps]
    assert len(india) == len({app.id for app in india}) == 59
    assert india[0].id == "tiktok"
    assert {"Beutry Plus", "CM Browers", "V fly Status Video", "DU Privacy"} <= {app.name for app in india}
    assert 0 < sum(not app.identifiers for app in india) < 20


def test_tiktok_is_one_app_and_douyin_another() -> None:
    """A family of identifiers stands for one product; the Chinese edition is a product of its own."""
    apps = shipped_catalogue()[0].apps
    assert "com.ss.android.ugc.trill" in apps["tiktok"].identifiers[Platform.ANDROID]
    assert "com.ss.iphone.ugc.Ame" in apps["tiktok"].identifiers[Platform.IPADOS]
    assert "com.ss.android.ugc.aweme" in apps["douyin"].identifiers[Platform.ANDROID]
    assert "com.ss.iphone.ugc.Aweme" not in apps["tiktok"].identifiers[Platform.IOS]


@pytest.mark.parametrize("name", sorted(shipped_policies()))
def test_a_shipped_policy_is_a_good_example(name: str) -> None:
    """It reads without a problem, explains itself in a comment, has examples, names apps of the catalogue, and its
    subjects name none (a lock screen should not show which app somebody had)."""
    data = shipped_policies()[name]
    policy = read_policy(data, name)
    assert isinstance(policy, Policy), policy
    assert data.startswith(b"# ")
    assert len(policy.examples) >= 3
    assert {"allow"} < {example.expect for example in policy.examples}
    catalogue, _ = shipped_catalogue()
    apps = [*policy.apps, *(app for entry in policy.lists for app in catalogue.lists[entry].apps)]
    for texts in (policy.announcement, policy.correction, policy.withdrawal):
        for text in texts.values():
            assert not any(catalogue.apps[app].name.casefold() in text.subject.casefold() for app in apps)
    again = read_policy(write_policy(policy).encode(), name)
    assert isinstance(again, Policy)
    assert write_policy(again) == write_policy(policy)


@pytest.mark.parametrize("name", sorted(shipped_policies()))
def test_the_examples_of_a_shipped_policy_hold(name: str) -> None:
    """Decided as a real device would be: what the file promises is what happens."""
    policy = read_policy(shipped_policies()[name], name)
    assert isinstance(policy, Policy)
    catalogue, _ = shipped_catalogue()
    ids = dict.fromkeys([*policy.apps, *(app for entry in policy.lists for app in catalogue.lists[entry].apps)])
    apps = [ActiveApp(app, dict.fromkeys(catalogue.apps[app].identifiers, 1)) for app in ids]
    assert failures(policy, apps, local_instant, instant_text) == []


def test_the_shipped_policies_are_there() -> None:
    """The memo, Wells Fargo's, India's list, a government's order and one that only tells."""
    assert set(shipped_policies()) == {
        "memo-2020-07-10.yaml", "wells-fargo.yaml", "india-list.yaml", "government-order.yaml", "notify-only.yaml"
    }  # fmt: skip
