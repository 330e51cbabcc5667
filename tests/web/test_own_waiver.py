"""Asking for a waiver on one's own page: with the link and a code; who may grant it hears at once."""

import pytest

from gatepost.actions import access, ledger, person_record, waive, waiver_asks
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, House, good, nothing_written, refused
from tests.web import own
from tests.web.asking import URL
from tests.web.own import CODE, link_for, parsed, shown, words
from tests.web.visiting import HOSTILE, signed_in, tags

REASON = "I keep the company's own account."


@pytest.fixture
def house(build: Build) -> House:
    house = build(web__url=URL, web__sign_in="mail")
    own.two_are_told(house)
    return house


def press(house: House, path: str, fields: dict[str, str], **headers: str) -> tuple[int, dict[str, str], str]:
    return own.press(house, f"{path}/waiver", fields, **headers)


def mailed(house: House) -> dict[str, str]:
    """The plain texts of the mails that are sent now, by recipient."""
    found = {}
    for letter in house.deliver():
        body = parsed(letter).get_body(("plain",))
        assert body is not None
        found[letter.recipient] = body.get_content()
    return found


def asked(house: House, reason: str = REASON) -> str:
    """u0 asks for a waiver for their phone; its name. The mails to those who may grant it are still to be sent."""
    path, fields = link_for(house, "u0"), {"device": "phone-u0", "reason": reason}
    status, _, page = press(house, path, fields)
    assert status == 200, page
    (code,) = CODE.findall(mailed(house)["u0@corp.example"])
    status, headers, page = press(house, path, fields | {"code": code})
    assert (status, headers.get("location")) == (303, path), page
    with house.site.store.reading() as conn:
        return waiver_asks.asks(conn, house.now())[-1].ask


def test_what_was_asked_reaches_those_who_may_grant_it(house: House) -> None:
    """The owner asks with a code; operators and approvers hear by mail and on Today; the page says that it waits."""
    assert "Ask for a waiver" in shown(house, "u0")
    name = asked(house)
    mails = mailed(house)
    assert OPERATOR in mails
    assert SECURITY in mails
    assert AUTHOR not in mails
    assert "u0@corp.example" not in mails
    for part in ("U0", f"{POLICY}: phone-u0", REASON, "/waivers"):
        assert part in mails[OPERATOR]
    page = shown(house, "u0")
    assert "Nobody has answered yet" in page
    assert "Ask for a waiver" not in page, "one for each device"
    operator = signed_in(house, OPERATOR)
    assert "Somebody asks for a waiver" in words(operator.get("/today").text)
    waits = operator.get("/waivers").text
    assert REASON.replace("'", "&#39;") in waits
    assert f'href="/waivers/grant?ask={name}"' in waits
    assert "Somebody asks for a waiver" not in signed_in(house, AUTHOR).get("/today").text
    entry = next(row for row in good(ledger.show(house.site, None, 0, (), 10**9)) if row["event"] == "WaiverAsked")
    assert str(entry["by"]).startswith("p_"), "nobody is named"
    house.sound()


def test_who_asked_is_no_name_in_the_ledger(house: House) -> None:
    """I-34: whoever asks has what the policy is about, so the ledger names them to nobody without a look: on its page,
    in its file, on an entry's own page, on Today, in `ledger show`; nor does a search for them find it."""
    asked(house)
    entry = house.ledger().index("WaiverAsked")
    for role in (OPERATOR, AUTHOR, SECURITY):
        browser = signed_in(house, role)
        for path, query in (("/ledger", ""), ("/ledger.csv", ""), (f"/ledger/{entry}", "")):
            page = browser.get(path, query)
            assert page.status == 200
            assert "u0@" not in page.text, (role, path)
            assert path.endswith(str(entry)) or "WaiverAsked" in page.text
        found = browser.get("/ledger.csv", "by=u0@corp.example").text.splitlines()
        assert len(found) == 1, "the header alone"
        assert len(browser.get("/ledger.csv", f"by={role}").text.splitlines()) > 1
        assert "u0@corp.example" not in str(good(ledger.show(house.site, role, 0, ("WaiverAsked",), 9)))


def test_granting_answers_it(house: House) -> None:
    """The form is filled in with the device; the owner is told, mail flows, and nothing waits any more."""
    name = asked(house)
    house.deliver()
    operator = signed_in(house, OPERATOR)
    form = operator.get("/waivers/grant", f"ask={name}").text
    assert 'value="phone-u0"' in form
    fields = {"policy": POLICY, "of": "device", "who": "phone-u0", "until": "2020-07-20", "reason": "it is your work"}
    assert operator.post("/waivers/grant", **fields).status == 303
    assert "has been exempted" in mailed(house)["u0@corp.example"]
    assert house.word("u0", at=house.now() + 6 * DAY) == "allow"
    assert "Asked for" not in words(operator.get("/waivers").text)
    assert "Nobody has answered yet" not in shown(house, "u0")


def test_declining_tells_why(house: House) -> None:
    """With a reason, else not; the owner reads it, the policy goes on applying, and they can ask again."""
    name = asked(house)
    house.deliver()
    operator, author = signed_in(house, OPERATOR), signed_in(house, AUTHOR)
    with nothing_written(house):
        assert operator.post(f"/waivers/asked/{name}/decline", reason=" ").status == 422
        assert author.post(f"/waivers/asked/{name}/decline", reason="no").status == 403
    assert operator.post(f"/waivers/asked/{name}/decline", reason="the account has another keeper").status == 303
    text = mailed(house)["u0@corp.example"]
    assert "was declined" in text
    assert "the account has another keeper" in text
    assert "Ask for a waiver" in shown(house, "u0")
    refused(waiver_asks.decline_ask(house.site, OPERATOR, name, "twice"), Code.NO_SUCH_WAIVER)
    house.sound()


def test_a_link_alone_asks_for_nothing(house: House) -> None:
    """Without the code, with a wrong one, for somebody else's device or one of which nothing is asked: no entry."""
    path, fields = link_for(house, "u0"), {"device": "phone-u0", "reason": REASON}
    press(house, path, fields)
    (code,) = CODE.findall(mailed(house)["u0@corp.example"])
    with nothing_written(house):
        for typed in ("AAAA-AAAA", code[:-1], "x" * 5000):
            status, _, page = press(house, path, fields | {"code": typed})
            assert (status, "aria-invalid" in page) == (422, True)
        assert press(house, path, fields | {"code": code, "reason": " "})[0] == 422
        for device in ("phone-u1", "tablet-u0", "no-such"):
            assert press(house, path, fields | {"code": code, "device": device})[0] == 409
        assert press(house, link_for(house, "u1"), fields | {"code": code})[0] == 409
        assert press(house, path, fields | {"code": code}, **{"sec-fetch-site": "cross-site"})[0] == 403
    assert "WaiverAsked" not in house.ledger()
    assert press(house, path, fields | {"code": code})[0] == 303
    assert press(house, path, fields | {"code": code})[0] == 409, "a code counts once"


def test_a_code_for_the_one_does_not_do_the_other(build: Build) -> None:
    """A code that was sent to ask for a waiver states nothing about the device."""
    house = build(web__url=URL)
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest")
    house.deliver()
    path = link_for(house, "u0")
    press(house, path, {"device": "phone-u0", "reason": REASON})
    (code,) = CODE.findall(mailed(house)["u0@corp.example"])
    assert own.press(house, f"{path}/absent", {"device": "phone-u0", "code": code})[0] == 409
    assert "AttestationGiven" not in house.ledger()


def test_nobody_answers_what_they_asked_themselves(house: House) -> None:
    """An operator who asks is not among those who hear of it, nor finds it on Today; others do."""
    good(access.grant_role(house.site, None, "u0@corp.example", "operator"))
    house.deliver()
    name = asked(house)
    assert "u0@corp.example" not in mailed(house)
    own = signed_in(house, "u0@corp.example")
    assert "Somebody asks for a waiver" not in words(own.get("/today").text)
    assert "Asked for" not in words(own.get("/waivers").text)
    refused(waiver_asks.decline_ask(house.site, "u0@corp.example", name, "no"), Code.NO_SUCH_WAIVER)
    assert "Somebody asks for a waiver" in words(signed_in(house, SECURITY).get("/today").text)


def test_what_is_over_waits_no_longer(house: House) -> None:
    """A waiver for the owner answers it too; so does the end of the policy, and a month without an answer."""
    asked(house)

    def waiting() -> int:
        with house.site.store.reading() as conn:
            return len(waiver_asks.asks(conn, house.now()))

    assert waiting() == 1
    until = house.now() + DAY
    good(waive.grant_waiver(house.site, OPERATOR, POLICY, person="u0@corp.example", until=until, reason="it is work"))
    assert waiting() == 0
    house.set(until + DAY)
    house.deliver()
    asked(house)
    house.retract()
    assert waiting() == 0


def test_hostile_reasons_change_nothing(house: House) -> None:
    """I-36: the reason stands as text in the page, in the mail and in the console."""
    plain = tags(press(house, link_for(house, "u0"), {"device": "phone-u0", "reason": "x"})[2]).names
    house.deliver()
    status, _, page = press(house, link_for(house, "u0"), {"device": "phone-u0", "reason": HOSTILE})
    assert (status, tags(page).names) == (200, plain)
    house.set(house.now() + 2 * DAY // 24)
    asked(house, HOSTILE)
    house.deliver()
    assert "b" not in tags(signed_in(house, OPERATOR).get("/waivers").text).names


def test_what_was_asked_is_in_the_export_and_goes_with_the_person(house: House) -> None:
    """Everything held on somebody has their own words; they are erased with them."""
    asked(house)
    record = good(person_record.export(house.site, "u0@corp.example", "u0@corp.example", ""))
    assert REASON in record["words"]
