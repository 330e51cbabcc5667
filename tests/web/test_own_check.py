"""Check again now: the button on somebody's own page and at the help desk, and what it says after."""

import json
import re

import pytest

from gatepost.actions import access, check
from gatepost.core.instant import MINUTE, SECOND
from gatepost.notify.render import LANGUAGES
from tests.notify.test_own import source
from tests.verbs.conftest import Build
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import TIKTOK, House, good, nothing_written
from tests.verbs.test_webhooks import told
from tests.web import own
from tests.web.asking import URL
from tests.web.own import answer, link_for, shown, words
from tests.web.visiting import HOSTILE, Browser, Visit, looked_at, signed_in, tags

BUTTON = "Check again now"
DESK = "desk@corp.example"
FORM = {"user": "u0@corp.example", "device": "phone-u0", "purpose": "no mail since this morning"}


@pytest.fixture
def house(build: Build) -> House:
    """u0 and u1 have the app and no mail; a webhook takes questions to their device manager."""
    house = build(web__url=URL, web__sign_in="mail", site__contact="4000")
    hook(house, {"manager": (CHECK,)})
    good(access.grant_role(house.site, None, DESK, "helpdesk"))
    own.two_are_told(house)
    house.set("2020-07-12T08:00:00Z")
    return house


def press(house: House, name: str = "u0", device: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    return own.press(house, f"{link_for(house, name)}/check", {"device": device or f"phone-{name}"}, **headers)


def test_pressed_it_asks_and_the_page_says_since_when(house: House) -> None:
    """One form, for the device of which something is asked; the page that follows shows the answer by itself, or when
    it is loaded again."""
    page = shown(house, "u0")
    assert page.count(BUTTON) == 1
    path = link_for(house, "u0")
    status, headers, _ = press(house)
    assert (status, headers["location"].rpartition("/")[0]) == (303, "/own")
    page = answer(house, path)[2]
    assert "A report was asked for: Sunday, July 12, 2020" in words(page)
    assert BUTTON not in page
    assert 'data-again="15"' in page
    assert '<script src="/static/again.js" defer>' in page
    assert "http-equiv" not in page, "a reason that somebody types is not thrown away"
    assert [message.type for message in told(house, "manager")] == [CHECK]
    house.clock(house.now() + SECOND)
    house.report("u0")
    page = answer(house, path)[2]
    assert '<p role="status">Nothing is left for you to do' in page
    assert "✓ Mail flows on this device." in words(page)
    assert "data-again" not in page
    assert '<div id="stands">' in page, "else the script does not find what to show last"
    assert house.word("u0") == "allow"


def test_pressed_again_it_says_when_it_was_asked(house: House) -> None:
    """I-39: twice is once; five minutes later it is a new question."""
    press(house)
    with nothing_written(house):
        assert press(house)[0] == 303
    assert "A report was asked for" in shown(house, "u0")
    house.clock(house.now() + check.EVERY)
    assert BUTTON in shown(house, "u0")
    assert press(house)[0] == 303
    assert len(told(house, "manager")) == 2


def test_a_form_from_elsewhere_asks_nobody(house: House) -> None:
    """CSRF: another site's page, a browser that does not say whence, an address alone; and no other method."""
    path = f"{link_for(house, 'u0')}/check"
    with nothing_written(house):
        assert press(house, **{"sec-fetch-site": "cross-site"})[0] == 403
        assert press(house, **{"sec-fetch-site": "same-site"})[0] == 403
        assert press(house, origin="https://elsewhere.example")[0] == 403
        assert press(house, **{"x-nothing": "x"})[0] == 403
        for method in ("GET", "PUT", "DELETE"):
            assert answer(house, path, method)[0] == 405


def test_nobody_asks_about_a_device_that_is_not_theirs(house: House) -> None:
    """Somebody else's, one of which nothing is asked, none; and a link that opens nothing."""
    with nothing_written(house):
        for device in ("phone-u1", "tablet-u0", "no-such", HOSTILE):
            status, _, page = press(house, device=device)
            assert (status, "Nothing was changed" in page) == (409, True)
        assert own.press(house, "/own/none/check", {"device": "phone-u0"})[0] == 404
        assert own.press(house, f"{link_for(house, 'u0')}/check", {})[0] == 409


def test_without_anybody_to_ask_the_page_is_as_ever(build: Build) -> None:
    """It says when the device reported last, and how to have it report; no button, no script."""
    house = build(web__url=URL)
    house.owners(1)
    house.announce()
    house.deliver()
    path = link_for(house, "u0")
    page = answer(house, path)[2]
    assert BUTTON not in page
    assert "<script" not in page
    assert "Last report:" in page
    assert "open your company&#39;s device manager on the device" in page
    assert press(house)[0] == 409


def test_too_many_are_told_when_it_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the language of whoever pressed; nothing is written, and a minute later it is asked."""
    monkeypatch.setattr(check, "MOST", 1)
    press(house)
    with nothing_written(house):
        status, _, page = press(house, "u1", **{"accept-language": "de-AT,en;q=0.5"} | own.OURS)
    assert status == 429
    assert "Versuchen Sie es in einer Minute noch einmal" in words(page)
    assert "4000" in page
    house.clock(house.now() + MINUTE)
    assert press(house, "u1")[0] == 303


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_the_persons_language(build: Build, language: str) -> None:
    """The button, and after it since when."""
    house = build(web__url=URL)
    hook(house, {"manager": (CHECK,)})
    house.people("u0", locale=language)
    house.phone("u0", [TIKTOK])
    house.announce()
    house.deliver()
    said = dict(re.findall(r'(?m)^(own_check\w*) = "(.*)"$', source(language)))
    page = shown(house, "u0")
    assert said["own_check"] in page
    assert said["own_check_button"] in page
    press(house)
    page = shown(house, "u0")
    assert said["own_check_asked"].partition("{when}")[0].strip() in page
    assert said["own_check_button"] not in page


def test_a_device_s_name_changes_no_page(build: Build) -> None:
    """I-36: it is a value in a form, and comes back as it was."""
    pages = []
    for name in ("plain", HOSTILE.replace("\u202e", "")):
        house = build(web__url=URL)
        hook(house, {"manager": (CHECK,)})
        house.people("u0")
        house.phone("u0", [TIKTOK], id=name, eas_device_id="EAS0")
        house.announce()
        house.deliver()
        page = answer(house, link_for(house, "u0"))[2]
        pages.append(tags(page).names)
        found = re.search(r'/check">\s*<input type="hidden" name="device" value="([^"]*)"', page)
        assert found
        assert press(house, device=words(found[1]))[0] == 303
        (message,) = told(house, "manager")
        assert json.loads(message.body)["data"]["device"] == name
    assert pages[0] == pages[1]


def looked(browser: Browser, **changes: str) -> Visit:
    return browser.post("/help-desk", **FORM | changes)


def test_the_help_desk_asks_for_somebody(house: House) -> None:
    """The same button and the same bounds; each press is a look besides, and the person's own page says since when."""
    browser = signed_in(house, DESK)
    assert BUTTON in looked(browser).text
    assert told(house, "manager") == []
    page = looked(browser, check="yes").text
    assert "A report was asked for at" in words(page)
    assert BUTTON not in page
    assert "Look again" in page
    looked(browser, check="yes")
    (message,) = told(house, "manager")
    assert json.loads(message.body)["data"]["device"] == "phone-u0"
    assert looked_at(house) == [(DESK, "phone", FORM["purpose"])] * 3
    assert "A report was asked for" in shown(house, "u0")
    assert "CheckAsked" in house.ledger()
    house.clock(house.now() + SECOND)
    house.report("u0")
    page = looked(browser).text
    assert "✓ Mail flows on this device." in words(page)
    assert BUTTON not in page
    house.sound()


def test_the_help_desk_asks_where_it_can_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a device of which nothing is asked there is no button, and pressing one does nothing; beyond the bound the
    page says so. A form from elsewhere and somebody without the role get nothing."""
    browser = signed_in(house, DESK)
    page = looked(browser, device="tablet-u0", check="yes").text
    assert BUTTON not in page
    monkeypatch.setattr(check, "MOST", 0)
    page = looked(browser, check="yes").text
    assert "try again in a minute" in words(page)
    assert BUTTON in page
    assert told(house, "manager") == []
    monkeypatch.undo()
    with nothing_written(house):
        assert browser.post("/help-desk", "cross-site", **FORM, check="yes").status == 403
        assert looked(browser, purpose=" ", check="yes").status == 422
    assert told(house, "manager") == []
