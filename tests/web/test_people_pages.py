"""People, waivers, statements, roles and looks in the console: names for a purpose and recorded, else counts."""

import re
from typing import get_args

import pytest

from gatepost.actions import access, exempt, looks, waive
from gatepost.core.instant import DAY
from gatepost.web.pages.words import LOOKED
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    LEGAL,
    OPERATOR,
    POLICY,
    PRIVACY,
    SECURITY,
    TIKTOK,
    House,
    good,
    nothing_written,
)
from tests.web.asking import URL
from tests.web.visiting import HOSTILE, Browser, looked_at, rows_of, signed_in, tags, words

AUDITOR = "aud@corp.example"
U0 = "u0@corp.example"


@pytest.fixture
def house(build: Build) -> House:
    house = build(web__sign_in="mail", web__url=URL)
    good(access.grant_role(house.site, None, AUDITOR, "auditor"))
    house.deliver()
    return house


def live(house: House, number: int = 6) -> None:
    house.owners(number, (TIKTOK,))
    house.announce(unseen="attest")
    house.deliver()


def waiver(house: House, who: str = U0) -> str:
    until = house.now() + 3 * DAY
    done = good(waive.grant_waiver(house.site, OPERATOR, POLICY, person=who, until=until, reason="for a film"))
    return done.waiver


def test_a_person_s_page_is_a_look_for_a_purpose(house: House) -> None:
    """I-34: by their whole address; devices with the answer of now, waivers, mails, looks. They see who looked."""
    live(house)
    waiver(house)
    house.deliver()
    browser = signed_in(house, OPERATOR)
    with nothing_written(house):
        assert browser.post("/people", who=U0, purpose=" ").status == 422
        assert browser.get("/people").status == 200
    shown = browser.post("/people", who=U0, purpose="she asked why")
    assert shown.status == 200
    said = words(shown.text)
    for part in (
        "phone-u0",
        "✓ Mail flows on this device.",
        POLICY,
        "announcement accepted",
        "she asked why",
        OPERATOR,
    ):
        assert part in said
    assert looked_at(house) == [(OPERATOR, "person", "she asked why")]
    assert looked_at(house, "u1@corp.example") == []


def test_a_search_names_a_few_and_looks_at_each(house: House) -> None:
    """A part of a name: those whom it fits, at most twenty, who see it; less than three letters find nobody."""
    house.owners(25)
    house.people("zoe", "zola")
    browser = signed_in(house, OPERATOR)
    found = browser.post("/people", who="ZO", purpose="to test")
    assert (found.status, "Nobody is known by ZO" in found.text) == (422, True)
    found = browser.post("/people", who="ZO%", purpose="to test")
    assert found.status == 422
    found = browser.post("/people", who="zo", purpose="to test")
    assert found.status == 422
    two = browser.post("/people", who="@CORP.example", purpose="to test")
    assert len(re.findall(r'name="who" value="', two.text)) == 20
    assert "there are more" in two.text
    named = browser.post("/people", who="Zol", purpose="to test")
    assert re.findall(r'name="who" value="([^"]+)"', named.text) == ["zola@corp.example"]
    assert looked_at(house, "zola@corp.example")[-1] == (OPERATOR, "people", "to test")
    assert looked_at(house, "zoe@corp.example") == []


def test_only_operators_find_people(house: House) -> None:
    """Authors, approvers and auditors are shown no form, and refused if they send one; nothing is written."""
    live(house)
    for who in (AUTHOR, SECURITY, AUDITOR):
        browser = signed_in(house, who)
        assert 'name="who"' not in browser.get("/people").text
        with nothing_written(house):
            assert browser.post("/people", who=U0, purpose="curious").status == 403
    assert looked_at(house) == []


def test_devices_are_counted_and_few_are_hidden(house: House) -> None:
    """No name and no id; a platform with fewer than five devices is hidden, and the next with it."""
    browser = signed_in(house, SECURITY)
    assert "gatepost devices import FILE" in browser.get("/devices").text
    house.owners(20, ())
    house.people(*(f"a{n}" for n in range(9)), *(f"w{n}" for n in range(2)))
    house.devices(*(house.phone_row(f"a{n}", (), platform="android") for n in range(9)))
    house.devices(*(house.phone_row(f"w{n}", (), form="laptop", platform="windows") for n in range(2)))
    shown = browser.get("/devices")
    assert "31 devices in use" in words(shown.text)
    rows = rows_of(browser.get("/devices.csv").text)
    assert rows[0] == ["By", "What", "Devices"]
    assert {(by, what): count for by, what, count in rows[1:] if by == "platform"} == {
        ("platform", "ios"): "20",
        ("platform", "android"): "hidden",
        ("platform", "windows"): "hidden",
    }
    assert "phone-u0" not in shown.text
    assert browser.get("/devices.csv").headers["content-disposition"] == 'attachment; filename="devices-in-use.csv"'


def test_waivers_are_listed_without_names_and_with_them_for_a_purpose(house: House) -> None:
    """I-34: an approver sees pseudonyms, an operator names once they said what for."""
    live(house)
    browser = signed_in(house, OPERATOR)
    assert "Nobody is exempted from anything" in browser.get("/waivers").text
    granted = waiver(house)
    for who in (OPERATOR, SECURITY, AUDITOR):
        shown = signed_in(house, who).get("/waivers")
        assert granted in shown.text
        assert "for a film" in shown.text
        assert U0 not in shown.text
    assert looked_at(house) == []
    assert browser.post("/waivers", purpose="").status == 422
    assert U0 in browser.post("/waivers", purpose="the works council asked").text
    assert looked_at(house) == [(OPERATOR, "waivers", "the works council asked")]
    assert signed_in(house, SECURITY).post("/waivers", purpose="curious").status == 403
    assert signed_in(house, AUTHOR).get("/waivers").status == 403
    assert granted in browser.get("/waivers.csv").text
    assert U0 not in browser.get("/waivers.csv").text


def test_a_waiver_is_granted_and_taken_back_by_page(house: House) -> None:
    """To the end of the day where the granter is; the beneficiary is told; what is wrong stands at its field."""
    live(house)
    browser = signed_in(house, OPERATOR)
    form = {"policy": POLICY, "of": "person", "who": U0, "until": "2020-07-20", "reason": "for a film"}
    for field, value, status in (
        ("who", "nobody@corp.example", 422),
        ("until", "2021-07-20", 422),
        ("until", "soon", 422),
        ("reason", "", 422),
        ("who", OPERATOR, 422),
    ):
        wrong = browser.post("/waivers/grant", **form | {field: value})
        assert wrong.status == status, (field, value)
        assert re.search(rf'<(input|textarea)[^>]* id="{field}"[^>]*aria-invalid="true"', wrong.text), field
        assert "for a film" in wrong.text or field == "reason"
    done = browser.post("/waivers/grant", **form)
    assert done.status == 303
    name = done.headers["location"].partition("#")[2]
    assert house.word("u0", at=house.now() + 8 * DAY) == "allow"
    assert [letter.recipient for letter in house.deliver()] == [U0]
    assert f'id="{name}"' in browser.get("/waivers").text
    assert browser.get(f"/waivers/{name}/revoke").status == 200
    assert browser.post(f"/waivers/{name}/revoke", reason=" ").status == 422
    assert browser.post(f"/waivers/{name}/revoke", reason="the film is shot").status == 303
    assert "WaiverRevoked" in house.ledger()
    assert browser.get("/waivers/w_000000000000/revoke").status == 404
    assert signed_in(house, AUTHOR).get("/waivers/grant").status == 403


def test_where_roles_are_named_for_waivers_they_alone_are_led_there(build: Build) -> None:
    """The site names who grants waivers: an operator is not among them, and finds no form."""
    house = build(web__sign_in="mail", web__url=URL, waivers__roles=["legal"])
    live(house)
    assert 'href="/waivers/grant"' not in signed_in(house, OPERATOR).get("/waivers").text
    assert signed_in(house, OPERATOR).get("/waivers/grant").status == 403
    assert 'href="/waivers/grant"' in signed_in(house, LEGAL).get("/waivers").text
    assert 'type="date"' in signed_in(house, LEGAL).get("/waivers/grant").text


def test_statements_are_listed_and_named_for_a_purpose(house: House) -> None:
    """Those that count now; an author sees none of them."""
    house.people("blind")
    house.phone("blind", visibility="managed-only")
    live(house)
    browser = signed_in(house, OPERATOR)
    assert "None counts" in browser.get("/statements").text
    good(exempt.attest(house.site, "blind@corp.example", "phone-blind", "tiktok"))
    shown = browser.get("/statements")
    assert "tiktok" in shown.text
    assert "phone-blind" not in shown.text
    named = browser.post("/statements", purpose="to call them")
    assert "phone-blind" in named.text
    assert "blind@corp.example" in named.text
    assert looked_at(house, "blind@corp.example") == [(OPERATOR, "statements", "to call them")]
    assert signed_in(house, AUTHOR).get("/statements").status == 403


def test_roles_and_keys_say_who_let_whom(house: House) -> None:
    """For administrators and auditors: each role with who granted it, keys, and as a file."""
    shown = signed_in(house, AUDITOR).get("/access")
    said = words(shown.text)
    assert f"{SECURITY} approver:security {ADMIN}" in said
    assert "No key is recorded" in said
    assert signed_in(house, AUTHOR).get("/access").status == 403
    rows = rows_of(signed_in(house, ADMIN).get("/access.csv").text)
    assert [SECURITY, "approver:security", ADMIN, "", ""] in rows


def test_looks_say_who_looked_and_never_at_whom(house: House) -> None:
    """For auditors and for those who stand for privacy; looks at oneself for everybody; at somebody for a purpose."""
    live(house)
    signed_in(house, OPERATOR).post("/people", who=U0, purpose="she asked why")
    for who in (AUDITOR, PRIVACY, ADMIN):
        said = words(signed_in(house, who).get("/looks").text)
        assert "their page 1 1 she asked why" in said
        assert U0 not in said
    plain = signed_in(house, SECURITY).get("/looks")
    assert "she asked why" not in plain.text
    assert "Nobody has looked at you by name." in plain.text
    assert 'name="who"' not in plain.text
    auditor = signed_in(house, AUDITOR)
    at = auditor.post("/looks", who=U0, purpose="an inquiry")
    assert "she asked why" in at.text
    assert looked_at(house)[-1] == (AUDITOR, "looks", "an inquiry")
    assert auditor.post("/looks", who=U0, purpose="").status == 422
    assert signed_in(house, SECURITY).post("/looks", who=U0, purpose="x").status == 403
    assert rows_of(auditor.get("/looks.csv").text)[0][0] == "Who"


def test_every_kind_of_look_has_its_words() -> None:
    """A look without its word would break the page on the day it first occurs."""
    assert set(LOOKED) == set(get_args(looks.What))


def test_hostile_names_change_no_page_and_no_file(house: House) -> None:
    """I-36: names, reasons and purposes stand as text; a cell that looks like a formula is run by no spreadsheet."""
    live(house)
    house.people_rows({"email": "u9@corp.example", "name": HOSTILE, "kind": "employee", "country": "US"})
    browser = signed_in(house, OPERATOR)
    until = house.now() + 3 * DAY
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person=U0, until=until, reason="=cmd|' /C calc'!A0"))
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person="u1@corp.example", until=until, reason=HOSTILE))
    answers = [
        browser.post("/people", who="u9@corp.example", purpose=HOSTILE),
        browser.post("/people", who="corp.example", purpose=HOSTILE),
        browser.get("/waivers"),
        browser.get("/waivers/grant", "ask=%3Cb%3Ex"),
    ]
    for answer in answers:
        assert answer.status == 200
        assert "b" not in tags(answer.text).names
    cells = {cell for row in rows_of(browser.get("/waivers.csv").text) for cell in row}
    assert "'=cmd|' /C calc'!A0" in cells
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_every_page_has_one_heading_and_no_script(house: House) -> None:
    """One main heading, links to ourselves only, and a way to go on from an empty site."""
    browser = signed_in(house, ADMIN)
    for path in ("/people", "/devices", "/waivers", "/statements", "/access", "/looks", "/reach", "/settings"):
        found = tags(page(browser, path))
        assert found.names.count("h1") == found.names.count("main") == 1, path
        assert "script" not in found.names
        assert all(link.startswith(("/", "#")) for link in found.links), found.links


def page(browser: Browser, path: str) -> str:
    visit = browser.get(path)
    assert visit.status == 200, path
    return visit.text
