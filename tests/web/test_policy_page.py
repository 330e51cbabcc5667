"""A policy's page: what an approver reads before they answer, and their answer."""

import re

import pytest

from gatepost.actions import access, announce, propose, views
from gatepost.actions.ledger import show
from gatepost.core.instant import DAY
from gatepost.documents.deadline import instant_text
from gatepost.web.pages.frame import MAIL
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    ROLES,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
)
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, Browser, signed_in, tags, words

PAGE = f"/policies/{POLICY}"


@pytest.fixture
def house(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL)


def missing(house: House) -> object:
    return good(views.show_policy(house.site, POLICY))["approvals"]


def hash_on(page: str) -> str:
    found = re.search(r'name="hash" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def test_an_approver_reads_what_happens_and_says_yes(house: House) -> None:
    """I-12: what it does, to how many, when, with which mails; the yes is of the person who is signed in, in the role
    asked, and the author is told."""
    house.owners(6, apps=(TIKTOK,))
    house.propose(reason="Security risk", press="We do not comment.")
    approver = signed_in(house, SECURITY)
    house.deliver()
    page = approver.get(PAGE).text
    said = words(page)
    for sentence in (
        "You are asked to approve this as security.",
        "It looks for TikTok on phones, tablets.",
        "Whoever carries one is told by mail.",
        "Where we cannot see whether it is there, nothing is asked.",
        "Its deadline is 2020-07-10 where people are: first Fri 10 Jul 2020",
        "Security risk",
        "We do not comment.",
        "The app is there 6 6",
        "Please remove it.",
        "It was an error.",
        "In this exercise your being signed in stands for a signature.",
    ):
        assert sentence in said, sentence
    answer = approver.post(f"{PAGE}/approve", role="security", hash=hash_on(page))
    assert (answer.status, answer.headers["location"]) == (303, f"{PAGE}#answers")
    newest = good(show(house.site, None, 0, ("PolicyApproved",), 9))
    assert [row["by"] for row in newest] == [SECURITY]
    after = approver.get(PAGE).text
    assert f"{SECURITY} approved as security" in words(after)
    assert "You are asked" not in after
    assert 'name="hash"' not in after
    other = signed_in(house, EXECUTIVE)
    assert other.post(f"{PAGE}/approve", role="executive", hash=hash_on(other.get(PAGE).text)).status == 303
    assert AUTHOR in [letter.recipient for letter in house.deliver()]
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.sound()


def test_a_yes_is_to_what_was_looked_at(house: House) -> None:
    """I-13: if another proposal took its place meanwhile, or nobody says what was looked at, nothing is approved."""
    house.owners(1)
    house.propose()
    approver = signed_in(house, SECURITY)
    seen = hash_on(approver.get(PAGE).text)
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    house.propose(deadline="2020-07-09")
    for fields in ({"hash": seen}, {"hash": ""}, {}):
        with nothing_written(house):
            answer = approver.post(f"{PAGE}/approve", role="security", **fields)
        assert (answer.status, "look again" in answer.text) == (409, True)
    assert approver.post(f"{PAGE}/approve", role="security", hash=hash_on(approver.get(PAGE).text)).status == 303


def test_nobody_says_yes_who_may_not(house: House) -> None:
    """I-12: the author, somebody without the role, and somebody in another's role get no form, and no yes."""
    house.owners(1)
    proposed = house.propose()
    good(access.grant_role(house.site, None, AUTHOR, "approver:security"))
    for person, role in ((AUTHOR, "security"), (OPERATOR, "security"), (EXECUTIVE, "security"), (ADMIN, "security")):
        browser = signed_in(house, person)
        assert f"Approve as {role}" not in browser.get(PAGE).text
        with nothing_written(house):
            assert browser.post(f"{PAGE}/approve", role=role, hash=proposed.hash).status in (403, 409)
    assert missing(house) == {"asked": dict(proposed.approvals), "missing": dict(proposed.approvals)}


def test_a_no_has_its_reason(house: House) -> None:
    """Without one the form comes back and says so at the field; with one the author is told it."""
    house.owners(1)
    house.propose()
    approver = signed_in(house, SECURITY)
    house.deliver()
    with nothing_written(house):
        answer = approver.post(f"{PAGE}/decline", role="security", reason="  ")
    assert answer.status == 422
    assert 'aria-invalid="true"' in answer.text
    assert approver.post(f"{PAGE}/decline", role="security", reason="Nobody asked its owner.").status == 303
    assert f"{SECURITY} declined as security" in words(approver.get(PAGE).text)
    (letter,) = house.deliver()
    assert (letter.recipient, b"Nobody asked its owner." in letter.message) == (AUTHOR, True)


def test_a_live_site_takes_no_yes_without_a_signature(build: Build) -> None:
    """I-12: being signed in is no signature; the page shows the command that makes one. A no needs none."""
    house = build(exercise=False, web__sign_in="mail", web__url=URL)
    house.look_for("tiktok", until=house.now() + 30 * DAY)
    proposed = house.propose(deadline=instant_text(house.now() + 9 * DAY)[:10])
    approver = signed_in(house, SECURITY)
    page = approver.get(PAGE).text
    assert f"gatepost policy approve {POLICY} --role security --sign KEYFILE --as {SECURITY}" in page
    assert 'class="exercise"' not in page
    assert f"{PAGE}/approve" not in page
    with nothing_written(house):
        answer = approver.post(f"{PAGE}/approve", role="security", hash=proposed.hash)
    assert (answer.status, "--sign KEYFILE" in answer.text) == (409, True)
    assert approver.post(f"{PAGE}/decline", role="security", reason="Too soon.").status == 303


def test_what_changed_since_the_last_time_is_shown(house: House) -> None:
    """Line by line, with signs and not by colour alone; and against what."""
    house.owners(1)
    house.announce()
    house.look_for("wechat")
    house.propose(deadline="2020-07-11", apps=["tiktok", "wechat"])
    page = signed_in(house, SECURITY).get(PAGE).text
    said = words(page)
    assert "What is other than in revision 1 That one is announced." in said
    assert '<span class="taken">-deadline: 2020-07-10' in page
    assert '<span class="added">+deadline: 2020-07-11' in page
    assert "WeChat comes in (app)" in said


def test_mails_are_shown_as_the_reader_would_get_them(house: House) -> None:
    """Each text in each of its languages, in the reader's zone, as text and as HTML; and nobody else is named."""
    house.people_rows(
        {"email": SECURITY, "name": "Sec", "kind": "employee", "country": "DE", "time_zone": "Asia/Tokyo"}
    )
    house.owners(1)
    texts = {"en": {"subject": "About phones", "body": "Please."}, "de": {"subject": "Handys", "body": "Bitte."}}
    house.propose(announcement=texts, correction=texts)
    browser = signed_in(house, SECURITY)
    page = browser.get(PAGE).text
    assert page.count("<details>") == 6
    assert "Announcement, German" in page
    mail = browser.get(f"{PAGE}/mails/1/announcement.de")
    assert (mail.status, "Bitte." in mail.text) == (200, True)
    assert MAIL.items() <= mail.headers.items()
    assert "Bitte." in page
    for path in (
        "/mails/1/announcement.fr",
        "/mails/9/announcement.de",
        "/mails/1/looks.de",
        "/mails/x/correction.de",
        f"/mails/{'9' * 40}/correction.de",
    ):
        assert browser.get(PAGE + path).status == 404
    assert Browser(browser.app).get(f"{PAGE}/mails/1/announcement.de").status == 303


def test_a_policy_that_tells_nobody_has_no_mails(house: House) -> None:
    """`consequence: report` counts, and says so."""
    house.owners(1)
    house.propose(consequence="report")
    said = words(signed_in(house, AUTHOR).get(PAGE).text)
    assert "Nobody is told, and nobody is blocked." in said
    assert "Its mails Nobody is told." in said


def test_what_lost_its_quorum_is_asked_about_again(house: House) -> None:
    """I-14: a policy that is held waits for whoever can give it its quorum back, on Today and on its page."""
    house.owners(1)
    good(access.grant_role(house.site, None, OPERATOR, "approver:security"))
    house.announce()
    good(access.revoke_role(house.site, None, SECURITY, "approver:security"))
    browser = signed_in(house, EXECUTIVE)
    assert "waits for your approval" not in browser.get("/today").text
    assert "held: nobody is blocked" in words(browser.get(PAGE).text)
    again = signed_in(house, OPERATOR)
    assert "waits for your approval as security" in words(again.get("/today").text)
    assert "Approve as security" in again.get(PAGE).text


def test_hostile_words_change_no_policy_page(house: House) -> None:
    """I-36: the author's words stand as text, in what is shown, in the mails and in what changed."""
    house.owners(1)
    plain = {"subject": "x", "body": "x"}
    house.propose(title="x", reason="x", announcement=plain, correction=plain)
    browser = signed_in(house, SECURITY)
    first = tags(browser.get(PAGE).text).names
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    hostile = {"subject": HOSTILE, "body": HOSTILE}
    house.propose(title=HOSTILE, reason=HOSTILE, announcement=hostile, correction=hostile)
    shown = browser.get(PAGE).text
    assert "b" not in tags(shown).names
    assert "<b>" not in shown
    assert "{{7*7}}" in shown
    assert set(tags(shown).names) - set(first) <= {"span", "h2", "p", "pre"}


def test_every_role_can_read_a_policy(house: House) -> None:
    """Whoever acts here reads it; forms are only for whom they are."""
    house.owners(1)
    house.propose()
    for person in ROLES:
        page = signed_in(house, person).get(PAGE)
        assert page.status == 200
        assert ("<textarea" in page.text) is (person in (SECURITY, EXECUTIVE))
