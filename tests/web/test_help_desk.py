"""The help desk's page: one phone, for a purpose, recorded, shown to whoever has it; and nothing else."""

import re

import pytest

from gatepost.actions import access, decide
from gatepost.actions.answer import answer
from gatepost.doors.report import Opened
from gatepost.web.pages.visitors import SECTIONS
from gatepost.web.pages.words import moment
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, TIKTOK, House, good, nothing_written
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, Browser, Visit, looked_at, signed_in, tags, words

DESK = "desk@corp.example"
FORM = {"user": "u0@corp.example", "device": "phone-u0", "purpose": "no mail since this morning"}


@pytest.fixture
def house(build: Build) -> House:
    house = build(web__sign_in="mail", web__url=URL, fleet__complete_limit_percent=100)
    good(access.grant_role(house.site, None, DESK, "helpdesk"))
    house.deliver()
    return house


def blocked(house: House, **changes: object) -> Browser:
    """Somebody at the help desk, while one phone of two is blocked."""
    house.owners(1, (TIKTOK,))
    house.owners(1, (), prefix="clean")
    house.announce(**changes)
    house.deliver()
    house.clock("2020-07-12T08:00:00Z")
    house.pass_time()
    return signed_in(house, DESK)


def asked(browser: Browser, **changes: str) -> Visit:
    return browser.post("/help-desk", **FORM | changes)


def test_the_page_gives_the_answer_of_decide_and_what_to_do(house: House) -> None:
    """I-1: sentence by sentence what `gatepost decide` says, the times in the zone of whoever reads; then the steps."""
    browser = blocked(house)
    shown = asked(browser)
    assert shown.status == 200
    said = words(shown.text)
    decided = good(decide.decide(house.site, None, FORM["user"], FORM["device"], None))
    told = answer(decided, lambda at: moment(at, "UTC"))
    assert len(told.verdict) >= 3
    for sentence in (*told.verdict[1:], *told.besides):
        assert sentence in said
    assert "✕ No new mail on this device." in said
    assert "Ask them to remove TikTok" in said
    assert "<li>Touch the app" in shown.text, "the steps of its platform"
    assert "an operator or an approver can grant a waiver" in said


def test_a_phone_that_nothing_keeps_from_mail(house: House) -> None:
    """An allow is an answer too: the help desk is told where else to look."""
    shown = asked(blocked(house), user="clean0@corp.example", device="phone-clean0")
    assert "✓ Mail flows on this device." in words(shown.text)
    assert "look at its account, its password and the mail server" in words(shown.text)


@pytest.mark.parametrize(
    ("unseen", "managed", "helps"),
    [
        ("attest", True, "gatepost attest phone-blind tiktok"),
        ("block", True, "A report of the device that shows all its apps opens it"),
        ("block", False, "Ask them to enrol it in the device manager"),
    ],
)
def test_where_nobody_can_see_the_page_says_so(house: House, unseen: str, managed: bool, helps: str) -> None:
    """I-6: no *remove it*, but what makes it seen, or lets its owner's word count."""
    house.people("blind", "other")
    house.phone("blind", visibility="managed-only")
    if not managed:
        house.devices(house.phone_row("other"), complete=True)
    browser = blocked(house, unseen=unseen)
    shown = words(asked(browser, user="blind@corp.example", device="phone-blind").text)
    assert "see whether TikTok is on it" in shown
    assert helps in shown
    assert "Ask them to remove" not in shown


def test_each_look_is_recorded_and_shown_to_the_person(house: House) -> None:
    """I-34: with who looked, and what for; opening the form records nothing."""
    browser = blocked(house)
    browser.get("/help-desk")
    assert looked_at(house) == []
    asked(browser)
    asked(browser, device="")
    assert looked_at(house) == [(DESK, "phone", FORM["purpose"])] * 2
    assert looked_at(house, "clean0@corp.example") == []


@pytest.mark.parametrize("missing", ["user", "purpose"])
def test_nothing_is_said_without_a_purpose_or_a_name(house: House, missing: str) -> None:
    """The field says what is missing, what was typed stays, and nothing is written."""
    browser = blocked(house)
    with nothing_written(house):
        shown = asked(browser, **{missing: " "})
    assert shown.status == 422
    assert re.search(rf'<input id="{missing}"[^>]*aria-invalid="true" autofocus>', shown.text)
    assert 'value="phone-u0"' in shown.text
    assert "Door" not in shown.text
    assert POLICY not in shown.text


def test_one_of_several_phones_is_chosen(house: House) -> None:
    """By a person's address alone: their devices in use, no word of what is on them; the choice is the answer."""
    house.people("two")
    house.phone("two", (TIKTOK,))
    house.phone("two", (), id="tablet-two", form="tablet", platform="ipados")
    browser = blocked(house)
    shown = asked(browser, user="two@corp.example", device="")
    assert shown.status == 200
    assert "Two uses 2 devices" in words(shown.text)
    assert "TikTok" not in shown.text
    assert 'name="device" value="tablet-two"' in shown.text
    assert looked_at(house, "two@corp.example") == [(DESK, "phone", FORM["purpose"])]
    one = asked(browser, user="two@corp.example", device="tablet-two")
    assert "✓ Mail flows on this device." in words(one.text)
    assert len(looked_at(house, "two@corp.example")) == 2


def test_somebody_without_a_device_and_nobody_at_all(house: House) -> None:
    """What is not known is said, with what to try."""
    browser = blocked(house)
    house.people("bare")
    assert "We know no device that Bare uses" in words(asked(browser, user="bare@corp.example", device="").text)
    nobody = asked(browser, user="nobody@corp.example")
    assert nobody.status == 422
    assert "Nobody is known by the login or address nobody@corp.example." in words(nobody.text)


def test_a_device_that_is_somebody_else_s_tells_nothing_of_them(house: House) -> None:
    """A wrong pair is answered as at the door: neither whose it is nor what is on it, and nobody was looked at."""
    browser = blocked(house)
    shown = asked(browser, user="clean0@corp.example", device="phone-u0")
    assert "somebody else's" in words(shown.text).replace("&#39;", "'")
    assert "U0" not in words(shown.text).replace("phone-u0", "")
    assert looked_at(house) == []
    unknown = asked(browser, device="no-such-device")
    assert "No inventory knows the device" in unknown.text
    assert "gatepost devices import" in unknown.text


def test_a_door_that_refuses_nobody_is_named(house: House) -> None:
    """A block that no door carries out: the help desk hears it, so that it looks elsewhere."""
    browser = blocked(house)
    assert "refuses nobody now" not in asked(browser).text
    house.hear("mail", 10**6, opened=Opened(house.now(), "root", "nobody gets mail"))
    assert "Door mail refuses nobody now" in words(asked(browser).text)
    assert "refuses nobody now" not in asked(browser, user="clean0@corp.example", device="phone-clean0").text


def test_the_help_desk_sees_nothing_else(house: House) -> None:
    """Every other page of the console is shut, also to be written to; its first page is the form, and so is all of its
    navigation. Whoever holds another role besides sees both."""
    browser = blocked(house)
    start = browser.get("/")
    assert (start.status, start.headers["location"]) == (303, "/help-desk")
    for path, _ in SECTIONS:
        visit = browser.get(f"/{path}")
        assert visit.status == (200 if path == "help-desk" else 403)
    assert browser.get(f"/policies/{POLICY}").status == 403
    with nothing_written(house):
        assert browser.post(f"/policies/{POLICY}/retract", because="error", reason="x", revision="1").status == 403
    links = [link for link in tags(browser.get("/help-desk").text).links if link.startswith("/")]
    assert set(links) == {"/static/gatepost.css", "/help-desk", "/passkeys", "/sign-out"}
    good(access.grant_role(house.site, None, DESK, "author"))
    assert browser.get("/today").status == 200


def test_who_may_not_look_up_is_told_so(house: House) -> None:
    """An author looks up their own phone, and nobody else's: no page, no look, and no link to it."""
    blocked(house)
    author = signed_in(house, AUTHOR)
    assert 'href="/help-desk"' not in author.get("/today").text
    refused = asked(author)
    assert refused.status == 403
    assert "holds none of the roles" in refused.text
    assert looked_at(house) == []
    assert 'href="/help-desk"' in signed_in(house, OPERATOR).get("/today").text


def test_a_form_of_another_site_looks_at_nobody(house: House) -> None:
    """CSRF: a look that somebody was led to would stand in their name."""
    browser = blocked(house)
    with nothing_written(house):
        assert browser.post("/help-desk", whence="cross-site", **FORM).status == 403


def test_hostile_names_change_nothing(house: House) -> None:
    """I-36: a name, a device and what is typed stand as text."""
    house.people_rows({"email": "u9@corp.example", "name": HOSTILE, "kind": "employee", "country": "US"})
    house.devices(house.phone_row("u9", (), id=HOSTILE.replace("\u202e", "")))
    browser = blocked(house)
    shapes = []
    for user, purpose in (("clean0@corp.example", "x"), ("u9@corp.example", HOSTILE)):
        shown = asked(browser, user=user, device="", purpose=purpose)
        assert shown.status == 200
        shapes.append(tags(shown.text).names)
        assert "<b>x" not in shown.text
    assert shapes[0] == shapes[1]
    again = asked(browser, user=HOSTILE, purpose="x")
    assert (again.status, "<b>x" in again.text) == (422, False)


def test_the_answer_is_of_now(house: House) -> None:
    """Once the app is gone the next look says so."""
    browser = blocked(house)
    assert "No new mail" in asked(browser).text
    house.report("u0", ())
    assert "Mail flows" in asked(browser).text
