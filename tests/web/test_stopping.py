"""Retracting, pausing and resuming by page: one confirmation, one act, and how it goes."""

from collections.abc import Callable

import pytest

from gatepost.actions import access
from gatepost.actions.ledger import show
from gatepost.actions.retract import Begun, Retracted
from gatepost.core.instant import HOUR, MINUTE, SECOND
from gatepost.web.pages import stopping
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
)
from tests.web.asking import URL
from tests.web.visiting import Browser, signed_in, tags, words

PAGE = f"/policies/{POLICY}"
REFRESH = '<meta http-equiv="refresh"'


@pytest.fixture
def house(build: Build) -> House:
    """Five people know of a policy."""
    house = build(web__sign_in="mail", web__url=URL, rails__first_batch=3, rails__first_batch_wait="1h")
    house.owners(5, [TIKTOK])
    house.announce()
    house.deliver()
    return house


def filled(**changes: str) -> dict[str, str]:
    return {"revision": "1", "because": "error", "reason": "nobody had asked"} | changes


def test_retracting_is_in_sight_for_whoever_may(house: House) -> None:
    """Authors, approvers, operators and administrators; nobody else, whatever they send."""
    good(access.grant_role(house.site, None, "u0@corp.example", "auditor"))
    for person in (AUTHOR, SECURITY, LEGAL, OPERATOR, ADMIN):
        browser = signed_in(house, person)
        assert f'href="{PAGE}/retract"' in browser.get(PAGE).text
        assert browser.get(f"{PAGE}/retract").status == 200
    auditor = signed_in(house, "u0@corp.example")
    assert "/retract" not in auditor.get(PAGE).text
    assert auditor.get(f"{PAGE}/retract").status == 403
    with nothing_written(house):
        assert auditor.post(f"{PAGE}/retract", **filled()).status == 403
        assert auditor.post(f"{PAGE}/pause", reason="x").status == 403
        assert auditor.post(f"{PAGE}/resume").status == 403


def test_the_confirmation_says_what_and_how_many(house: House) -> None:
    """The number of people on the button, the mails that would never be sent, the correction itself; and reading it
    changes nothing."""
    browser = signed_in(house, OPERATOR)
    with nothing_written(house):
        said = words(browser.get(f"{PAGE}/retract").text)
    assert "3 people have or may have a mail about it." in said
    assert "2 mails that still wait will never be sent." in said
    assert "Retract for 3 people" in said
    assert "Leave it as it is" in said
    assert "It was an error." in said


def test_a_retraction_needs_to_know_why(house: House) -> None:
    """What is missing is said at its place, what was filled in stays; nothing is done by halves."""
    browser = signed_in(house, OPERATOR)
    for fields, sentence in (
        (filled(because=""), "Choose one"),
        (filled(because="boredom"), "Choose one"),
        (filled(reason=" "), "Write why"),
        (filled(revision="2"), "Another revision stands there now"),
        ({}, "Choose one"),
    ):
        with nothing_written(house):
            answer = browser.post(f"{PAGE}/retract", **fields)
        assert (answer.status, sentence in answer.text) == (422, True)
    assert "nobody had asked" in browser.post(f"{PAGE}/retract", **filled(because="")).text


def test_one_press_opens_every_door_and_corrects_everybody(house: House) -> None:
    """I-24, I-25, I-27: doors confirm one by one, then corrections go out, with their times; the page says when all of
    it is done. The act is of whoever is signed in."""
    house.hear("mail", 1000)
    house.hear("office", 1000)
    browser = signed_in(house, OPERATOR)
    answer = browser.post(f"{PAGE}/retract", **filled())
    assert (answer.status, answer.headers["location"]) == (303, f"{PAGE}/stopped")
    newest = good(show(house.site, None, 0, ("PolicyRetracted",), 9))
    assert [(row["by"], row["data"]["because"]) for row in newest] == [(OPERATOR, "error")]  # type: ignore[index]
    assert {house.word(f"u{place}") for place in range(5)} == {"allow"}
    page = browser.get(f"{PAGE}/stopped").text
    assert words(page).count("goes by it, after") == 2
    assert "3 wait to be sent." in words(page)
    assert REFRESH in page
    sent = house.deliver()
    assert sorted(letter.recipient for letter in sent) == sorted({letter.recipient for letter in sent})
    assert len(sent) == 3
    page = browser.get(f"{PAGE}/stopped").text
    assert "3 of 3 told so (correction)" in words(page)
    assert "2 mails were stopped before they were sent." in words(page)
    assert "All of what follows is done." in words(page)
    assert REFRESH not in page
    assert "retracted" in words(browser.get(PAGE).text)
    house.sound()


def test_a_door_that_has_not_confirmed_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-25, I-27: the page waits for nobody; where this process ends after the commit, the worker does what is owed."""

    def ended(_site: object, _begun: Begun) -> Retracted:
        raise KeyError("the process ended here")

    monkeypatch.setattr(stopping, "finish", ended)
    house.hear("mail", 1000)
    house.hear("office", 1)
    browser = signed_in(house, AUTHOR)
    with pytest.raises(KeyError):
        browser.post(f"{PAGE}/retract", **filled(because="withdrawn"))
    page = browser.get(f"{PAGE}/stopped").text
    assert "retracted; 1 door has not confirmed" in words(page)
    assert "office has not confirmed" in words(page)
    assert "mail goes by it" in words(page)
    assert "They are being written." in words(page)
    assert REFRESH in page
    assert REFRESH not in browser.get(f"{PAGE}/stopped", "still=1").text
    house.pass_time()
    house.hear("office", 1000)
    house.clock(house.now() + 6 * SECOND)
    assert len(house.deliver()) == 3
    page = browser.get(f"{PAGE}/stopped").text
    assert "3 of 3 told so (withdrawal)" in words(page)
    assert "has not confirmed" not in page
    assert REFRESH not in page


def test_a_page_stops_looking_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A door that stays away does not keep a browser asking for ever."""
    monkeypatch.setattr(stopping, "finish", lambda _site, _begun: Retracted(POLICY, 1, (), 0, 0, 0, 0))
    house.hear("office", 1)
    browser = signed_in(house, OPERATOR)
    browser.post(f"{PAGE}/retract", **filled())
    assert REFRESH in browser.get(f"{PAGE}/stopped").text
    house.clock(house.now() + 15 * MINUTE)
    page = browser.get(f"{PAGE}/stopped").text
    assert REFRESH not in page
    assert "Look again" in page


def test_pressing_twice_is_pressing_once(house: House) -> None:
    """Two people at once, or one who presses again: there is one retraction, and both see it."""
    one, other = signed_in(house, OPERATOR), signed_in(house, SECURITY)
    assert one.post(f"{PAGE}/retract", **filled()).status == 303
    with nothing_written(house):
        answer = other.post(f"{PAGE}/retract", **filled())
        assert (answer.status, answer.headers["location"]) == (303, f"{PAGE}/stopped")
        assert other.get(f"{PAGE}/retract").status == 409


def test_pause_and_resume(house: House) -> None:
    """Doors open, nobody is told; it goes on under the same approvals."""
    house.hear("mail", 1000)
    house.later(2 * HOUR)
    house.deliver()
    house.set("2020-07-12T12:00:00Z")
    browser = signed_in(house, EXECUTIVE)
    assert browser.post(f"{PAGE}/pause", reason=" ").status == 422
    assert browser.post(f"{PAGE}/pause", reason="\N{DEVANAGARI LETTER KA}" * 1000).status == 303, "the longest there is"
    page = words(browser.get(f"{PAGE}/stopped").text)
    assert "paused: it blocks nobody at any door" in page
    assert "mail goes by it" in page
    assert "Nothing is said about a pause." in page
    assert house.word("u0") == "allow"
    page = browser.get(PAGE).text
    assert f"Resume {POLICY}" in page
    assert "It is paused already." in browser.get(f"{PAGE}/pause").text
    assert browser.post(f"{PAGE}/pause", reason="again").status == 409
    assert browser.post(f"{PAGE}/resume").status == 303
    assert house.word("u0") == "block"
    assert browser.post(f"{PAGE}/resume").status == 409
    assert browser.get(f"{PAGE}/stopped").status == 409


ACTS: dict[str, Callable[[], dict[str, str]]] = {
    "retract": filled,
    "pause": lambda: {"reason": "x"},
    "resume": dict,
    "approve": lambda: {"role": "security", "hash": "0" * 64},
    "decline": lambda: {"role": "security", "reason": "x"},
}


@pytest.mark.parametrize("act", ACTS)
def test_no_act_for_other_sites_or_strangers(house: House, act: str) -> None:
    """CSRF: what another site's page sends is refused, also by somebody's own browser; and a session that is over, or
    whose person lost their roles, does nothing."""
    browser, fields = signed_in(house, SECURITY), ACTS[act]()
    with nothing_written(house):
        for whence in ("cross-site", "same-site", "none", ""):
            assert browser.post(f"{PAGE}/{act}", whence=whence, **fields).status == 403
        assert Browser(browser.app).post(f"{PAGE}/{act}", **fields).status == 303
        assert browser.get(f"{PAGE}/{act}").status in (200, 405)
    good(access.revoke_role(house.site, None, SECURITY, "approver:security"))
    with nothing_written(house):
        assert browser.post(f"{PAGE}/{act}", **fields).headers["location"] == "/sign-in"


def test_what_is_not_there_cannot_be_stopped(house: House) -> None:
    """404 for a policy that is not there; 409, in words, for one that is not announced."""
    house.propose(policy="another")
    browser = signed_in(house, OPERATOR)
    assert browser.get("/policies/nothing/retract").status == 404
    assert browser.post("/policies/nothing/retract", **filled()).status == 404
    for path in ("retract", "pause", "stopped"):
        assert browser.get(f"/policies/another/{path}").status == 409


def test_the_pages_need_no_script(house: House) -> None:
    """Forms, links and, where a script would look again, a plain refresh; one main heading on each."""
    browser = signed_in(house, OPERATOR)
    pages = [browser.get(f"{PAGE}/{path}").text for path in ("retract", "pause")]
    browser.post(f"{PAGE}/retract", **filled())
    for text in [*pages, browser.get(f"{PAGE}/stopped").text]:
        found = tags(text)
        assert found.names.count("script") == text.count(f"<noscript>{REFRESH}")
        assert found.names.count("h1") == found.names.count("main") == 1
        assert all(link.startswith(("/", "#", "?")) for link in found.links)
