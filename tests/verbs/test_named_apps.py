"""Lists, publishers' countries and successors: what a policy names is settled when it is proposed, and shown."""

import pytest

from gatepost.actions import announce, catalogue, diff, preview, propose, views
from gatepost.core.refusal import Code
from tests.verbs.houses import AUTHOR, EXECUTIVE, POLICY, SECURITY, House, good, memo, nothing_written, refused

PAINTS = """
apps:
  paint: {name: Paint, publisher_country: BR, successors: [paint-2], identifiers: {ios: [org.example.paint]}}
  paint-2: {name: Paint 2, publisher_country: PT, identifiers: {ios: [org.example.paint2]}}
  sketch: {name: Sketch, publisher_country: BR}
lists:
  crayons: {title: Crayons, apps: [paint, sketch]}
"""
LATER = """
apps: {chalk: {name: Chalk, publisher_country: BR, identifiers: {ios: [org.example.chalk]}}}
lists: {crayons: {title: Crayons, apps: [paint-2, sketch]}}
"""


@pytest.fixture
def painted(house: House) -> House:
    """Two paints that are looked for, and a sketch without an identifier; six people with the first paint."""
    good(catalogue.add_entries(house.site, None, PAINTS.encode(), "paints.yaml"))
    house.look_for("paint", "paint-2")
    house.owners(6, ["org.example.paint"])
    return house


def test_a_publishers_country_is_frozen_app_by_app_and_shown(painted: House) -> None:
    """Each app says what brought it in; one that cannot be matched is named, not dropped."""
    done = painted.propose(apps=None, publisher_country="BR", successors=True)
    assert [(app.id, app.by) for app in done.apps] == [
        ("paint", "publisher country BR"),
        ("sketch", "publisher country BR"),
        ("paint-2", "successor of paint"),
    ]
    shown = good(views.show_policy(painted.site, POLICY))
    assert shown["apps"] == done.apps
    warned = {warning.code.value: warning.text for warning in done.warnings}
    assert "Sketch" in warned["apps_unmatchable"]
    assert "not known whether their publisher is in BR" in warned["country_unknown"]
    mail = next(letter for letter in painted.deliver() if letter.recipient == SECURITY)
    assert b"Paint 2 (successor of paint)" in mail.message


def test_all_that_can_be_matched_has_to_be_looked_for(painted: House) -> None:
    """A list of which a part is not active is refused and says which: a policy never means less than it says."""
    good(catalogue.add_entries(painted.site, None, LATER.encode(), "later.yaml"))
    with nothing_written(painted):
        answer = propose.propose(painted.site, AUTHOR, memo(apps=None, publisher_country=["BR"]), "memo.yaml")
        assert "chalk" in refused(answer, Code.APP_NOT_ACTIVE).text
        nobody = propose.propose(painted.site, AUTHOR, memo(apps=None, publisher_country="VA"), "memo.yaml")
        refused(nobody, Code.NO_SUCH_APP)


def test_a_catalogue_change_widens_no_policy_and_says_which_it_would_concern(painted: House) -> None:
    """I-13: proposed, approved or live, a revision keeps the apps that its approvers saw; `apps add` names it, and
    `policy diff` shows what a new revision would take in."""
    painted.propose(apps=None, lists=["crayons"], publisher_country="BR")
    painted.approve(POLICY, SECURITY, EXECUTIVE)
    taken = good(catalogue.add_entries(painted.site, None, LATER.encode(), "later.yaml"))
    (concerned,) = taken.policies
    assert (concerned.policy, concerned.revision, concerned.stage) == (POLICY, 1, "approved")
    assert set(concerned.changes) == {
        "paint-2 would come in (list crayons)",
        "chalk would come in (publisher country BR)",
    }
    painted.look_for("chalk")
    painted.people("late")
    painted.phone("late", ["org.example.chalk"])
    painted.deliver()
    assert good(announce.announce(painted.site, AUTHOR, POLICY)).people == 6
    painted.deliver()
    painted.set("2020-07-12T00:00:00Z")
    assert (painted.word("u0"), painted.word("late")) == ("block", "allow")
    again = good(catalogue.add_entries(painted.site, None, b"apps: {other: {name: Other}}", "other.yaml"))
    assert again.policies == ()
    document = memo(apps=None, lists=["crayons"], publisher_country="BR", deadline="2020-07-20")
    shown = good(diff.diff_policy(painted.site, AUTHOR, document, "memo.yaml"))
    assert shown.changes
    assert "chalk would come in (publisher country BR)" in shown.apps
    painted.sound()


def test_what_fell_out_of_a_list_stays_in_the_policy_that_was_approved(painted: House) -> None:
    """A change of the catalogue frees nobody either: that too is a decision, and has to be proposed."""
    painted.announce(apps=None, lists=["crayons"])
    taken = good(catalogue.add_entries(painted.site, None, LATER.encode(), "later.yaml"))
    assert taken.policies[0].changes[-1] == "paint would fall out (list crayons)"
    painted.deliver()
    painted.set("2020-07-12T00:00:00Z")
    assert painted.word("u0") == "block"


def test_a_preview_says_what_brings_each_app_in(painted: House) -> None:
    """Before anybody is asked the author sees the whole set."""
    seen = good(preview.preview_policy(painted.site, AUTHOR, memo(apps=["paint-2"], lists=["crayons"]), "memo.yaml"))
    assert {app.id: app.by for app in seen.assessed.apps} == {
        "paint-2": "app",
        "paint": "list crayons",
        "sketch": "list crayons",
    }
