"""Writing a policy in the console: the document beside what it means, and proposing it."""

import json
import threading
from typing import Any

import pytest

from gatepost.actions.fleet import RECENT, RecentFleet
from gatepost.actions.ledger import show
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, TIKTOK, House, good, memo, nothing_written
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, signed_in, tags, words


@pytest.fixture
def house(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL)


def text(**changes: Any) -> str:
    return memo(**changes).decode()


def test_an_author_sees_what_it_means_before_anything_is_written(house: House) -> None:
    """What it does, to how many, when, who is asked and which mails, in one place, and nothing but the look's scope is
    kept."""
    house.owners(6, apps=(TIKTOK,))
    author = signed_in(house, AUTHOR)
    page = author.post("/write", document=text())
    said = words(page.text)
    assert page.status == 200
    for sentence in (
        "It looks for TikTok on phones, tablets.",
        "Its deadline is 2020-07-10 where people are: first Fri 10 Jul 2020",
        "The app is there 6 6",
        "People hit, by country",
        "security: 1",
        "Please remove it.",
        "It was an error.",
    ):
        assert sentence in said, sentence
    assert text() in page.text.replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
    assert not good(show(house.site, None, 0, ("PolicyProposed",), 9))
    part = author.post("/write/meaning", document=text())
    assert part.status == 200
    assert "<html" not in part.text
    assert words(part.text) in said


def test_what_is_wrong_is_said_at_its_line(house: House) -> None:
    """I-37: the line, the field, and what to do; the text is kept."""
    house.owners(6)
    author = signed_in(house, AUTHOR)
    document = "policy: a\ntitle: b\nappps: [tiktok]\n"
    page = author.post("/write", document=document)
    assert page.status == 422
    assert "Line 3 , column 1: appps : " in words(page.text)
    assert "did you mean &#34;apps&#34;?" in words(page.text)
    assert document in page.text
    assert author.post("/write/meaning", document=document).status == 200
    unknown = author.post("/write", document=text(apps=["tictoc"]))
    assert "tictoc" in words(unknown.text)
    assert unknown.status == 422


def test_an_author_proposes_what_stands_there(house: House) -> None:
    """The same verb as by command: approvers are asked, and the page leads to the policy."""
    house.owners(6, apps=(TIKTOK,))
    author = signed_in(house, AUTHOR)
    answer = author.post("/write/propose", document=text())
    assert (answer.status, answer.headers["location"]) == (303, f"/policies/{POLICY}?revision=1")
    newest = good(show(house.site, None, 0, ("PolicyProposed",), 9))
    assert [row["by"] for row in newest] == [AUTHOR]
    again = author.post("/write/propose", document=text())
    assert again.status == 422
    assert "withdraw it before proposing another" in words(again.text)
    assert text(title="Another") not in again.text
    assert len(good(show(house.site, None, 0, ("PolicyProposed",), 9))) == 1
    assert "Write a new revision" in author.get(f"/policies/{POLICY}").text
    begun = author.get("/write", f"policy={POLICY}")
    assert f"policy: {POLICY}" in begun.text


def test_whoever_is_no_author_proposes_nothing_here(house: House) -> None:
    """An operator may not even see the counts; nothing is written for a form of another site."""
    house.owners(6, apps=(TIKTOK,))
    operator, author = signed_in(house, OPERATOR), signed_in(house, AUTHOR)
    with nothing_written(house):
        page = operator.post("/write", document=text())
        assert (page.status, "author" in words(page.text)) == (422, True)
        assert "The app is there" not in words(page.text)
        assert operator.post("/write/propose", document=text()).status == 422
        assert author.post("/write/propose", "cross-site", document=text()).status == 403


def test_counts_of_few_people_are_withheld_with_their_warnings(house: House) -> None:
    """I-29: of three people nothing is counted, charted or warned; what it says stays readable."""
    house.owners(3, apps=(TIKTOK,))
    author = signed_in(house, AUTHOR)
    said = words(author.post("/write", document=text()).text)
    assert "Fewer than 5 people have a device that it is about: they are not counted." in said
    assert "The app is there" not in said
    assert "People hit, by" not in said
    assert "It looks for TikTok" in said


def test_who_is_asked_tells_nothing_of_few_people(build: Build) -> None:
    """Where nothing is counted, the whole page is the same whether the app is on their phones or not: a large impact
    asks more roles, and so the roles would count."""
    said = []
    for apps in ((), (TIKTOK,)):
        house = build(web__sign_in="mail", web__url=URL, rails__large_impact_people=1)
        house.owners(3, apps=apps)
        said.append(words(signed_in(house, AUTHOR).post("/write/meaning", document=text()).text))
    assert "they are not counted" in said[0]
    assert said[0] == said[1]
    house.owners(6, apps=(TIKTOK,))
    assert "executive: 1 security: 1" in words(signed_in(house, AUTHOR).post("/write", document=text()).text)


def test_hostile_words_change_no_structure(house: House) -> None:
    """I-36: a title, a text and a group that are markup stay words, in the part that a script puts in as well."""
    house.owners(6, apps=(TIKTOK,))
    author = signed_in(house, AUTHOR)
    plain, hostile = (
        author.post("/write/meaning", document=json.dumps(json.loads(text()) | {"title": word, "reason": word})).text
        for word in ("harmless", HOSTILE)
    )
    assert tags(plain).names == tags(hostile).names


def test_writing_begins_from_an_example(house: House) -> None:
    """Whoever has nothing yet is shown what to begin with; each can be read at once."""
    author = signed_in(house, AUTHOR)
    page = author.get("/write")
    assert "memo-2020-07-10" in words(page.text)
    begun = author.get("/write", "example=memo-2020-07-10")
    assert (begun.status, "The document" in words(begun.text)) == (200, True)
    assert author.get("/write", "policy=nothing-like-it").status == 404


def test_a_copy_of_the_fleet_is_as_old_as_it_says(house: House) -> None:
    """Whoever types is shown counts of a copy; it is read anew once it is old and something changed."""
    house.owners(6, apps=(TIKTOK,))
    recent = RecentFleet(house.site)
    before = house.now()
    first = recent.get()
    assert len(first.fleet.devices) == 6
    assert before <= first.at <= house.now()
    house.owners(9, apps=(TIKTOK,))
    assert recent.get() is first
    house.later(RECENT + 1)
    assert recent.get() is first
    for thread in threading.enumerate():
        if thread.name == "fleet":
            thread.join()
    second = recent.get()
    assert len(second.fleet.devices) == 9
    assert second.at > first.at + RECENT
