"""Announcing from the console."""

import re

import pytest

from gatepost.actions.ledger import show
from gatepost.core.instant import DAY, HOUR
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, EXECUTIVE, OPERATOR, POLICY, SECURITY, House, good, nothing_written
from tests.web.asking import URL
from tests.web.visiting import signed_in, words

PAGE = f"/policies/{POLICY}/announce"


@pytest.fixture
def house(build: Build) -> House:
    """With a policy that has all its approvals."""
    house = build(web__sign_in="mail", web__url=URL, web__fresh_for="15m", web__session_idle="2d")
    house.owners(6)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    return house


def announced(house: House) -> int:
    return len(good(show(house.site, None, 0, ("PolicyAnnounced",), 9)))


def hash_on(page: str) -> str:
    found = re.search(r'name="hash" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def test_an_author_announces_what_they_read(house: House) -> None:
    """What happens, to how many, with which mail; then everybody concerned hears of it; the ledger says by whom."""
    author = signed_in(house, AUTHOR)
    assert PAGE in author.get("/today").text
    assert PAGE in author.get(f"/policies/{POLICY}").text
    page = author.get(PAGE).text
    for sentence in ("Announce this policy?", "The app is there 6 6", "Please remove it.", "to 6 people or more"):
        assert sentence in words(page), sentence
    done = author.post(PAGE, hash=hash_on(page))
    assert (done.status, done.headers["location"]) == (303, f"/policies/{POLICY}")
    assert [row["by"] for row in good(show(house.site, None, 0, ("PolicyAnnounced",), 9))] == [AUTHOR]
    assert len([letter for letter in house.deliver() if letter.recipient.startswith("u")]) == 6
    assert author.get(PAGE).status == 303


def test_whoever_signed_in_long_ago_shows_once_more_who_they_are(house: House) -> None:
    """A session that was left open announces nothing; the way back is to this page."""
    author = signed_in(house, AUTHOR)
    seen = hash_on(author.get(PAGE).text)
    house.later(HOUR)
    page = author.get(PAGE).text
    assert "Sign in again" in words(page)
    assert 'name="hash"' not in page
    sent = author.post(PAGE, hash=seen)
    assert (sent.status, sent.headers["location"]) == (303, f"/sign-in/again?then=policies/{POLICY}/announce")
    assert author.get("/sign-in/again", f"then=policies/{POLICY}/announce").status == 303
    assert any(POLICY in value for value in author.cookies.values())
    assert announced(house) == 0


def test_nobody_announces_a_revision_that_they_did_not_read(house: House) -> None:
    """Without what was looked at it would be a yes to whatever stands there now; nor does a foreign form do anything,
    nor an approver."""
    author, approver = signed_in(house, AUTHOR), signed_in(house, SECURITY)
    with nothing_written(house):
        assert author.post(PAGE, hash="0" * 64).status == 409
        assert author.post(PAGE, "cross-site", hash=hash_on(author.get(PAGE).text)).status == 403
        assert approver.get(PAGE).status == 403
    assert signed_in(house, OPERATOR).get(PAGE).status == 200
    house.later(DAY)
    assert announced(house) == 0
