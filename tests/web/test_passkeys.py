"""Passkeys by page: by whoever has just signed in, as a second way to sign in, and for a yes once they are a key."""

import re
from pathlib import Path
from typing import Any, NoReturn

import pytest

from gatepost.actions import access, ledger, passkeys, views
from gatepost.actions.sign_in import Visitor, official
from gatepost.core.instant import HOUR, MINUTE
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures.passkey import Bound, challenge_for
from gatepost.storage.store import Store
from gatepost.verifier import verify_export
from gatepost.web import app as web
from tests.verbs.administrators import Pair
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, AUTHOR, POLICY, PRIVACY, SECURITY, House, good
from tests.web.asking import URL, application
from tests.web.authenticator import NAME, PRESENT, Authenticator, b64
from tests.web.visiting import Browser, Visit, signed_in, words

PAGE = f"/policies/{POLICY}"


def built(build: Build) -> House:
    return build(web__sign_in="mail", web__url=URL)


def field(page: str, form: str, name: str) -> str:
    """What a form of a page says: of an attribute, or of a hidden field."""
    (found,) = re.findall(rf'<form[^>]*action="[^"]*{re.escape(form)}".*?</form>', page, re.DOTALL)
    value = re.search(rf'(?:data-{name}="|name="{name}" value=")([^"]*)"', found)
    assert value, found
    return value[1]


def register(browser: Browser, authenticator: Authenticator) -> Visit:
    page = browser.get("/passkeys").text
    made = authenticator.create(field(page, "/passkeys", "challenge"))
    return browser.post("/passkeys", kept=field(page, "/passkeys", "kept"), **made)


def sign_in(browser: Browser, authenticator: Authenticator) -> Visit:
    page = browser.get("/sign-in").text
    made = authenticator.get(field(page, "/sign-in/passkey", "challenge"))
    return browser.post("/sign-in/passkey", kept=field(page, "/sign-in/passkey", "kept"), **made)


def newest(house: House) -> str:
    rows: Any = good(ledger.show(house.site, None, 0, ("PasskeyRegistered",), 99))
    return str(rows[-1]["data"]["fingerprint"])


def test_a_passkey_is_a_second_way_to_sign_in(build: Build) -> None:
    """I-31: registered from a session, it signs in without mail; both stand in the ledger."""
    house = built(build)
    browser, authenticator = signed_in(house, AUTHOR), Authenticator()
    assert "You have none yet" in words(browser.get("/passkeys").text)
    assert register(browser, authenticator).status == 303
    assert newest(house) in browser.get("/passkeys").text
    other = Browser(application(house))
    before = len(house.ledger())
    assert sign_in(other, authenticator).headers["location"] == "/today"
    assert other.get("/today").status == 200
    rows: Any = good(ledger.show(house.site, None, before, ("SignedIn",), 9))
    assert [(row["by"], row["data"]) for row in rows] == [(AUTHOR, {"way": "passkey"})]
    house.sound()


def test_registering_needs_a_sign_in_that_is_fresh(build: Build) -> None:
    """An open session that somebody left is not enough; signing in again leads back."""
    house = built(build)
    browser = signed_in(house, AUTHOR)
    page = browser.get("/passkeys").text
    made = Authenticator().create(field(page, "/passkeys", "challenge"))
    house.clock(house.now() + 10 * MINUTE)
    late = browser.post("/passkeys", kept=field(page, "/passkeys", "kept"), **made)
    assert late.headers["location"] == "/sign-in/again?then=passkeys"
    assert "Add a passkey" not in browser.get("/passkeys").text
    assert browser.get("/sign-in/again", "then=passkeys").headers["location"] == "/sign-in?again=1"
    assert "Sign in again" in browser.get("/sign-in", "again=1").text
    house.clock(house.now() - 20 * MINUTE)
    assert browser.get("/today").status == 303


def test_signing_in_again_leads_back_to_a_page_of_ours(build: Build) -> None:
    """And to nothing else that an address or a cookie says."""
    house = built(build)
    authenticator = Authenticator()
    register(signed_in(house, AUTHOR), authenticator)
    browser = Browser(application(house))
    browser.get("/sign-in/again", "then=passkeys")
    assert sign_in(browser, authenticator).headers["location"] == "/passkeys"
    assert sign_in(browser, authenticator).headers["location"] == "/today"
    for evil in ("//evil.example", "https://evil.example", "passkeys/../x", "policies/x/retract", "passkeys\n"):
        browser = Browser(application(house))
        browser.get("/sign-in/again", f"then={evil}")
        assert "__Host-gatepost-then" not in browser.cookies
        browser.cookies["__Host-gatepost-then"] = evil.strip()
        if evil != "passkeys\n":
            assert sign_in(browser, authenticator).headers["location"] == "/today"


def test_only_its_own_answer_signs_in(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key or challenge, an answer twice, another site, not verified: nobody, and nothing is written."""
    house = built(build)
    authenticator = Authenticator()
    register(signed_in(house, AUTHOR), authenticator)
    browser = Browser(application(house))
    page = browser.get("/sign-in").text
    kept, asked = (field(page, "/sign-in/passkey", name) for name in ("kept", "challenge"))
    good_answer = authenticator.get(asked)
    thief = Authenticator(credential=authenticator.credential)
    on_evil = Authenticator(authenticator.key, authenticator.credential, origin="https://evil.example")
    unverified = Authenticator(authenticator.key, authenticator.credential, flags=PRESENT)
    assert browser.post("/sign-in/passkey", whence="cross-site", kept=kept, **good_answer).status == 403
    writing = Store.writing

    def no_writing(_store: Store) -> NoReturn:
        raise AssertionError("a stranger writes")

    monkeypatch.setattr(Store, "writing", no_writing)
    for answer in (
        thief.get(asked),
        on_evil.get(asked),
        unverified.get(asked),
        Authenticator().get(asked),
        authenticator.get("another"),
        good_answer | {"signature": "x"},
        good_answer | {"signature": "é"},
        good_answer | {"client_data": ""},
        good_answer | {"client_data": b64(b"[" * 2900)},
        good_answer | {"credential": ""},
        {},
    ):
        assert browser.post("/sign-in/passkey", kept=kept, **answer).status == 403
    assert browser.post("/sign-in/passkey", kept="made up", **good_answer).status == 403
    monkeypatch.setattr(Store, "writing", writing)
    assert browser.post("/sign-in/passkey", kept=kept, **good_answer).status == 303
    assert Browser(application(house)).post("/sign-in/passkey", kept=kept, **good_answer).status == 403


def test_a_passkey_ends(build: Build) -> None:
    """Removed by its owner or an administrator, by nobody else; and whoever has no role signs in no more."""
    house = built(build)
    one, two = Authenticator(), Authenticator()
    browser = signed_in(house, AUTHOR)
    register(browser, one)
    first = newest(house)
    register(browser, two)
    assert register(browser, two).status == 409, "it is registered already"
    assert isinstance(passkeys.remove(house.site, SECURITY, first), Refusal)
    assert browser.post("/passkeys/remove", fingerprint=first).status == 303
    assert browser.post("/passkeys/remove", fingerprint=first).status == 409
    assert sign_in(Browser(application(house)), one).status == 403
    assert sign_in(Browser(application(house)), two).status == 303
    good(access.revoke_role(house.site, None, AUTHOR, "author"))
    assert sign_in(Browser(application(house)), two).status == 403
    assert passkeys.remove(house.site, ADMIN, newest(house)) == newest(house)
    house.sound()


def test_whoever_came_in_by_a_removed_passkey_is_out(build: Build) -> None:
    """Somebody read a mailbox, signed in, added a passkey and came back by it: removing that ends all of it, at once,
    and not the session that removed it. An administrator's removal ends every session of its owner, and no other."""
    house = built(build)
    thief, theirs = signed_in(house, AUTHOR), Authenticator()
    register(thief, theirs)
    again, owner, other = Browser(application(house)), signed_in(house, AUTHOR), signed_in(house, SECURITY)
    sign_in(again, theirs)
    assert isinstance(passkeys.remove(house.site, SECURITY, newest(house)), Refusal)
    assert again.get("/today").status == 200
    assert owner.post("/passkeys/remove", fingerprint=newest(house)).headers["location"] == "/passkeys"
    assert [one.get("/today").status for one in (thief, again, owner, other)] == [303, 303, 200, 200]
    register(owner, Authenticator())
    good(passkeys.remove(house.site, ADMIN, newest(house)))
    assert [one.get("/today").status for one in (owner, other)] == [303, 200]
    house.sound()


def test_nobody_has_more_than_ten(build: Build) -> None:
    """And a page says so."""
    house = built(build)
    browser = signed_in(house, AUTHOR)
    for _ in range(passkeys.MOST):
        assert register(browser, Authenticator()).status == 303
    assert "remove one first" in browser.get("/passkeys").text


def test_an_address_has_no_passkeys(build: Build) -> None:
    """Web Authentication needs a name: on http://127.0.0.1 the pages do not speak of passkeys."""
    house = build(web__sign_in="mail")
    browser = Browser(web.application(house.site, "http://127.0.0.1:8180", ""))
    assert "passkey" not in browser.get("/sign-in").text
    assert browser.get("/passkeys").status == 404


def live(build: Build) -> House:
    """A live site with an app that is looked for and a policy that waits for a yes."""
    house = build(exercise=False, web__sign_in="mail", web__url=URL)
    house.key(PRIVACY)
    house.look_for("tiktok")
    return house


def approve(browser: Browser, authenticator: Authenticator, **changed: str) -> Visit:
    page = browser.get(PAGE).text
    form = f"{PAGE}/approve"
    made = authenticator.get(field(page, form, "challenge"))
    said = {"role": "security", "hash": field(page, form, "hash")} | made
    return browser.post(form, **(said | changed))


def test_a_yes_by_passkey_stands_before_an_auditor(build: Build, tmp_path: Path) -> None:
    """I-12: on a live site, by a touch; the assertion is the signature, and the stand-alone verifier takes it."""
    house = live(build)
    authenticator = Authenticator()
    approver = signed_in(house, SECURITY)
    register(approver, authenticator)
    good(access.add_key(house.site, None, SECURITY, newest(house)))
    house.propose(deadline="2040-07-10")
    before = len(house.ledger())
    assert approve(approver, authenticator).status == 303
    rows: Any = good(ledger.show(house.site, None, before, ("PolicyApproved",), 9))
    (row,) = rows
    assert row["data"]["fingerprint"] == newest(house)
    assert row["data"]["signature"].startswith("-----BEGIN SSH SIGNATURE-----")
    assert good(views.show_policy(house.site, POLICY))["stage"] == "approved"
    good(ledger.export(house.site, None, tmp_path / "export"))
    report = verify_export(tmp_path / "export", [])
    assert report.problems == []
    assert report.approvals_checked == 2, "with that for the app"
    house.sound()


def test_a_passkey_that_is_no_key_says_no_yes(build: Build) -> None:
    """I-12: registering alone gives nobody a voice; the page says what is missing."""
    house = live(build)
    authenticator = Authenticator()
    approver = signed_in(house, SECURITY)
    register(approver, authenticator)
    house.propose(deadline="2040-07-10")
    page = approver.get(PAGE).text
    assert "data-passkey" not in page
    assert "have a passkey" in words(page)
    digest = str(good(views.show_policy(house.site, POLICY))["hash"])
    made = authenticator.get(b64(challenge_for(digest)))
    assert approver.post(f"{PAGE}/approve", role="security", hash=digest, **made).status == 409
    good(access.add_key(house.site, None, SECURITY, newest(house)))
    visit = approve(approver, authenticator)
    assert visit.status == 409
    assert "granted after the proposal" in visit.text


def test_what_was_touched_for_something_else_is_no_yes(build: Build) -> None:
    """I-13: another proposal's hash, another person's passkey, a challenge to sign in, a touch nobody verified."""
    house = live(build)
    mine, others = Authenticator(), Authenticator()
    approver = signed_in(house, SECURITY)
    register(approver, mine)
    good(access.add_key(house.site, None, SECURITY, newest(house)))
    register(signed_in(house, AUTHOR), others)
    house.propose(deadline="2040-07-10")
    assert approve(approver, others).status == 409
    assert approve(approver, Authenticator(mine.key, mine.credential, flags=PRESENT)).status == 409
    assert approve(approver, mine, hash="0" * 64).status == 409
    assert approve(approver, mine, signature="AAAA").status == 409
    page = approver.get("/sign-in").text
    made = mine.get(field(page, "/sign-in/passkey", "challenge"))
    assert approve(approver, mine, **made).status == 409
    assert good(views.show_policy(house.site, POLICY))["stage"] == "proposed"


def test_a_passkey_as_a_key_obeys_what_keys_obey(build: Build) -> None:
    """Two administrators sign it where there are two (0030); nobody adds their own, or another's as somebody's."""
    house = build(exercise=False, web__sign_in="mail", web__url=URL)
    pair = Pair(house)
    authenticator = Authenticator()
    register(signed_in(house, SECURITY), authenticator)
    name = newest(house)
    refused = access.add_key(house.site, ADMIN, AUTHOR, name)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.KEY_KNOWN
    assert good(access.add_key(house.site, ADMIN, SECURITY, name)).waits
    assert "waits until two administrators" in words(signed_in(house, SECURITY).get("/passkeys").text)
    good(pair.sign(ADMIN, name))
    good(pair.sign("ben@corp.example", name))
    assert "It carries your yes" in words(signed_in(house, SECURITY).get("/passkeys").text)
    unknown = access.add_key(house.site, ADMIN, SECURITY, "SHA256:unknown")
    assert isinstance(unknown, Refusal)


def test_everybody_with_a_role_is_told(build: Build) -> None:
    """On a live site, its owner first of all: a passkey that somebody else registered in one's name is noticed."""
    house = build(exercise=False, web__sign_in="mail", web__url=URL)
    browser = signed_in(house, AUTHOR)
    house.deliver()
    register(browser, Authenticator())
    told = {letter.recipient: letter.message for letter in house.deliver()}
    assert {AUTHOR, ADMIN, SECURITY} <= set(told)
    assert b"Passkey to sign in with" in told[AUTHOR]
    good(passkeys.remove(house.site, AUTHOR, newest(house)))
    assert any(b"Passkey removed" in letter.message for letter in house.deliver())


def test_a_refusal_says_what_to_do(build: Build) -> None:
    """Without a sign-in that was shown, and with what no browser says."""
    house = built(build)
    with house.site.store.reading() as conn:
        actor = official(conn, house.now(), name=AUTHOR)
    assert actor is not None
    bound = Bound(NAME, URL)
    for proved_at, code in ((None, Code.SIGN_IN_AGAIN), (house.now() - HOUR, Code.SIGN_IN_AGAIN)):
        refused = passkeys.register(house.site, Visitor(actor, proved_at=proved_at), bound, {})
        assert isinstance(refused, Refusal)
        assert refused.code is code
    asked = good(passkeys.challenge(house.site))
    fresh = Visitor(actor, proved_at=house.now())
    refused = passkeys.register(house.site, fresh, bound, {"kept": asked.kept, "client_data": "x"})
    assert isinstance(refused, Refusal)
    assert refused.code is Code.PASSKEY_UNFIT
