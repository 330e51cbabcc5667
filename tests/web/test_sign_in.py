"""Signing in by a link: who may, in which browser, how often, for how long; and that nobody else learns anything."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatepost.actions import access, backup, erase, person_record
from gatepost.actions.change import changing
from gatepost.actions.ledger import show
from gatepost.actions.sign_in import MOST_FOR_ALL, MOST_FOR_ONE, forget_over
from gatepost.config.reading import parse_settings
from gatepost.config.settings import Settings
from gatepost.config.writing import init_text
from gatepost.core.instant import HOUR, MINUTE
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.problem import Problem
from gatepost.storage.belongings import rows, whose
from gatepost.storage.people import find
from gatepost.storage.store import Store
from gatepost.web import app as web
from gatepost.web.pages import browser as pages
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, AUTHOR, OPERATOR, ROLES, SECURITY, House, good, reopen
from tests.web.asking import URL, application
from tests.web.visiting import LINK, Browser, ask, link_in, signed_in


def built(build: Build, url: str = URL, idle: str = "1h", longest: str = "12h") -> House:
    """An exercise whose pages people sign in to by mail."""
    return build(web__sign_in="mail", web__url=url, web__session_idle=idle, web__session_longest=longest)


def test_a_link_signs_in_once_and_by_the_button_only(build: Build) -> None:
    """Following the link, as scanners of mail do, changes nothing; the button signs in, and the link is used up."""
    house = built(build)
    browser = Browser(application(house))
    (letter,) = ask(house, browser, AUTHOR)
    path = link_in(letter)
    assert letter.recipient == AUTHOR
    for _ in range(3):
        assert browser.get(path).status == 200
    assert browser.get("/today").status == 303
    assert browser.post(path).status == 303
    assert browser.get("/today").status == 200
    assert browser.get(path).status == 410
    assert browser.post(path).status == 410
    house.sound()


def test_a_sign_in_is_in_the_ledger_by_pseudonym(build: Build) -> None:
    """I-31: who signed in, and when, is recorded; asking for a link, which anybody can do, is not."""
    house = built(build)
    browser = Browser(application(house))
    before = len(house.ledger())
    browser.post("/sign-in", address=AUTHOR)
    assert len(house.ledger()) == before
    (letter,) = house.deliver()
    browser.post(link_in(letter))
    newest = good(show(house.site, None, before, ("SignedIn",), 9))
    assert [(row["by"], row["data"]) for row in newest] == [(AUTHOR, {"way": "mail"})]


def test_only_the_browser_that_asked_is_signed_in(build: Build) -> None:
    """Whoever reads the mail, or the outbox, gets nowhere with it; and the link still works where it was asked for."""
    house = built(build)
    asker, thief = Browser(application(house)), Browser(application(house))
    (letter,) = ask(house, asker, AUTHOR)
    thief.post("/sign-in", address="nobody@corp.example")
    for other in (Browser(application(house)), thief):
        assert other.get(link_in(letter)).status == 410
        assert other.post(link_in(letter)).status == 410
        assert other.get("/today").status == 303
    assert asker.post(link_in(letter)).status == 303


def test_a_link_lasts_ten_minutes(build: Build) -> None:
    """At ten minutes it is over."""
    house = built(build)
    browser = Browser(application(house))
    (letter,) = ask(house, browser, AUTHOR)
    house.clock(house.now() + 10 * MINUTE)
    assert browser.get(link_in(letter)).status == 410
    assert browser.post(link_in(letter)).status == 410


def test_nobody_learns_who_is_known(build: Build) -> None:
    """The answer is the same for somebody with a role, somebody without, nobody, and what is no address."""
    house = built(build)
    house.people("zoe")
    answers = set()
    for address in (AUTHOR, "zoe@corp.example", "nobody@corp.example", "<script>", "", "x" * 9000):
        browser = Browser(application(house))
        visit = browser.post("/sign-in", address=address)
        kept = {name: value for name, value in visit.headers.items() if name != "set-cookie"}
        answers.add((visit.status, visit.text, tuple(sorted(kept.items()))))
    assert len(answers) == 1
    assert [letter.recipient for letter in house.deliver()] == [AUTHOR]


def test_links_are_few_for_one_and_for_all(build: Build) -> None:
    """Nobody's mailbox is filled, and the mail provider's limits are not used up, by whoever asks again and again."""
    house = built(build)
    browser = Browser(application(house))
    for _ in range(MOST_FOR_ONE + 3):
        browser.post("/sign-in", address=AUTHOR)
    assert len(house.deliver()) == MOST_FOR_ONE
    many = [f"m{number}" for number in range(MOST_FOR_ALL)]
    house.people(*many)
    for name in many:
        good(access.grant_role(house.site, None, f"{name}@corp.example", "auditor"))
        browser.post("/sign-in", address=f"{name}@corp.example")
    assert len(house.deliver()) == MOST_FOR_ALL - MOST_FOR_ONE
    house.clock(house.now() + 10 * MINUTE)
    browser.post("/sign-in", address=AUTHOR)
    assert len(house.deliver()) == 1


def test_the_cookie_is_for_this_host_alone(build: Build) -> None:
    """No script reads it, no other host sets it, it goes over TLS only; and each sign-in makes another."""
    house = built(build)
    browser = Browser(application(house))
    (letter,) = ask(house, browser, AUTHOR)
    (again,) = ask(house, browser, AUTHOR)
    assert browser.post(link_in(letter)).status == 410, "of several the newest counts"
    browser.post(link_in(again))
    first = browser.cookies["__Host-gatepost"]
    (letter,) = ask(house, browser, AUTHOR)
    answer = browser.post(link_in(letter))
    assert browser.cookies["__Host-gatepost"] != first
    assert answer.status == 303
    everything = repr(house.tables())
    assert first not in everything
    assert browser.cookies["__Host-gatepost"] not in everything
    old = Browser(application(house), {"__Host-gatepost": first})
    assert old.get("/today").status == 303, "a sign-in ends the session before it"


def test_a_cookie_s_attributes(build: Build) -> None:
    """Secure, HttpOnly, SameSite=Lax and the prefix on https; in an exercise on plain loopback, what goes there."""
    asked = Browser(application(built(build)))
    asked.post("/sign-in", address=AUTHOR)
    (cookie,) = asked.set_cookies
    everywhere = {"httponly", "samesite=lax", "path=/", "max-age=600"}
    assert attributes(cookie) == everywhere | {"__host-gatepost-asked", "secure"}
    house = built(build, url="")
    plain = Browser(web.application(house.site, "http://127.0.0.1:8180", ""))
    plain.post("/sign-in", address=AUTHOR)
    (cookie,) = plain.set_cookies
    assert attributes(cookie) == everywhere | {"gatepost-asked"}


def attributes(cookie: str) -> set[str]:
    """A cookie's name and its attributes (RFC 6265bis section 4.1)."""
    first, *others = (part.strip().lower() for part in cookie.split(";"))
    return {first.split("=")[0], *others}


def test_a_session_ends_unused_and_ends_anyway(build: Build) -> None:
    """`session_idle` after the last page; `session_longest` after the sign-in, however busy."""
    house = built(build, longest="3h")
    browser = signed_in(house, AUTHOR)
    begun = house.now()
    for _ in range(3):
        house.clock(house.now() + HOUR - MINUTE)
        assert browser.get("/today").status == 200
    house.clock(begun + 3 * HOUR)
    assert browser.get("/today").status == 303
    browser = signed_in(house, AUTHOR)
    house.clock(house.now() + HOUR)
    assert browser.get("/today").status == 303
    with changing(house.site) as change:
        forget_over(house.site, change.conn, change.now)
    assert house.tables()["sessions"] == []
    assert house.tables()["sign_ins"] == []


def test_roles_that_change_make_another_cookie(build: Build) -> None:
    """A cookie that somebody copied dies with the next change of roles; without a role the session is over."""
    house = built(build)
    browser = signed_in(house, AUTHOR)
    copied = Browser(application(house), dict(browser.cookies))
    good(access.grant_role(house.site, None, AUTHOR, "auditor"))
    assert browser.get("/today").status == 200
    assert browser.cookies != copied.cookies
    assert browser.get("/today").status == 200
    assert copied.get("/today").status == 303
    for role in ("auditor", "author"):
        good(access.revoke_role(house.site, None, AUTHOR, role))
    assert browser.get("/today").status == 303


def test_signing_out_ends_it_here(build: Build) -> None:
    """The cookie is dropped, and would open nothing any more."""
    house = built(build)
    browser = signed_in(house, AUTHOR)
    kept = dict(browser.cookies)
    assert browser.post("/sign-out").status == 303
    assert Browser(application(house), kept).get("/today").status == 303


def test_a_form_of_another_site_does_nothing(build: Build) -> None:
    """CSRF: what another site's page sends is refused, by Sec-Fetch-Site, or by Origin where a browser is older."""
    house = built(build)
    browser = signed_in(house, AUTHOR)
    for whence in ("cross-site", "same-site", "none", ""):
        assert browser.post("/sign-out", whence=whence).status == 403
        assert browser.post("/sign-in", whence=whence, address=AUTHOR).status == 403
        assert browser.post("/sign-in/anything", whence=whence).status == 403
    assert browser.get("/today").status == 200
    assert house.deliver() == []
    for origin, status in (("https://evil.example", 403), ("null", 403), (URL, 303)):
        assert browser._send("/sign-out", b"", "POST", "", origin=origin).status == status


def test_strangers_make_nobody_wait(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-18: there is one writer at a time, so nothing that a stranger can send comes to be one: a retraction would
    wait, and who waits would learn that an address is known."""
    house = built(build)
    for _ in range(MOST_FOR_ONE):
        Browser(application(house)).post("/sign-in", address=AUTHOR)

    def writing(_store: Store) -> NoReturn:
        raise AssertionError("a stranger writes")

    monkeypatch.setattr(Store, "writing", writing)
    stranger = Browser(application(house), {"__Host-gatepost": "x", "__Host-gatepost-asked": "y"})
    assert stranger.post("/sign-in", address="nobody@corp.example").status == 200
    assert stranger.post("/sign-in", address=AUTHOR).status == 200
    assert stranger.get("/sign-in/x").status == 410
    assert stranger.post("/sign-in/x").status == 410
    assert stranger.get("/today").status == 303
    assert stranger.post("/sign-out").status == 303


def test_a_restored_site_lets_nobody_in(build: Build, tmp_path: Path) -> None:
    """Sessions of the backup are over, since it does not know who lost their roles since; and the page to sign in says
    what is to be done first."""
    house = built(build)
    cookies = dict(signed_in(house, AUTHOR).cookies)
    Browser(application(house)).post("/sign-in", address=OPERATOR)
    made = good(backup.backup(house.site, None, tmp_path / "backup"))
    assert backup.restore(tmp_path / "backup", tmp_path / "restored") is None
    restored = reopen(tmp_path / "restored")
    browser = Browser(application(restored), cookies)
    assert browser.get("/today").status == 303
    page = browser.get("/sign-in")
    assert (page.status, "gatepost acknowledge FILE" in page.text) == (503, True)
    browser.post("/sign-in", address=AUTHOR)
    assert restored.tables()["notices"] == house.tables()["notices"]
    good(backup.acknowledge(restored.site, None, str(made["checkpoint"])))
    assert Browser(application(restored), cookies).get("/today").status == 303
    assert restored.tables()["sessions"] == restored.tables()["sign_ins"] == []
    restored.deliver()
    assert signed_in(restored, AUTHOR).get("/today").status == 200
    restored.close()


def test_an_erased_person_is_signed_in_no_more(build: Build) -> None:
    """Neither their session nor a link that they asked for outlives them."""
    house = build(web__sign_in="mail", web__url=URL, fleet__complete_limit_percent=100)
    house.people("hal")
    hal = "hal@corp.example"
    good(access.grant_role(house.site, None, hal, "auditor"))
    browser = signed_in(house, hal)
    browser.post("/sign-in", address=hal)
    good(access.revoke_role(house.site, None, hal, "auditor"))
    staying = [{"email": who, "name": who, "kind": "employee", "country": "US"} for who in (ADMIN, *ROLES)]
    house.people_rows(*staying, complete=True)
    assert len(house.tables()["sessions"]) == len(house.tables()["sign_ins"]) == 1
    good(erase.erase(house.site, None, hal, "Their time here is over."))
    assert house.tables()["sessions"] == house.tables()["sign_ins"] == []
    assert browser.get("/today").status == 303


def test_a_form_is_bounded(build: Build) -> None:
    """More than a form of ours can hold is not read."""
    browser = Browser(application(built(build)))
    assert browser.post("/sign-in", address="x" * 20_000).status == 413
    assert browser.post("/sign-in", **{f"f{number}": "x" for number in range(60)}).status == 400


@pytest.mark.parametrize(("gone", "status"), [(True, 400), (False, 408)])
def test_a_form_that_does_not_come_breaks_nothing(
    build: Build, monkeypatch: pytest.MonkeyPatch, gone: bool, status: int
) -> None:
    """Somebody who goes away in the middle of a form, or sends it for ever, keeps no connection and fills no log."""
    monkeypatch.setattr(pages, "FORM_WITHIN", 0.05)
    told: list[Message] = []

    async def receive() -> Message:
        if not gone:
            await asyncio.sleep(9)
        return {"type": "http.disconnect"}

    async def send(event: Message) -> None:
        told.append(event)

    scope = {"type": "http", "method": "POST", "path": "/sign-in", "query_string": b""}
    ours = scope | {"headers": [(b"sec-fetch-site", b"same-origin")]}
    asyncio.run(_asked(application(built(build)), ours, receive, send))
    assert told[0]["status"] == status


async def _asked(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


def test_without_sign_in_there_are_no_pages(house: House) -> None:
    """`sign_in` is off unless somebody turns it on."""
    browser = Browser(application(house))
    for path in ("/sign-in", "/today", "/policies", "/ledger", "/"):
        assert browser.get(path).status == 404


def test_a_session_never_crosses_the_network_in_clear_text() -> None:
    """Without https there are no pages, but for an exercise on this machine."""

    def read(exercise: bool, url: str) -> Settings | tuple[Problem, ...]:
        changes: dict[str, object] = {"web.sign_in": "mail", "web.url": url}
        text = init_text(site_id="0011223344556677", exercise=exercise, changes=changes)
        return parse_settings(text.encode(), Path("/"))

    assert isinstance(read(False, URL), Settings)
    assert isinstance(read(True, ""), Settings)
    for exercise, url in ((False, ""), (False, "http://127.0.0.1:8180"), (True, "http://gatepost.example")):
        problems = read(exercise, url)
        assert isinstance(problems, tuple)
        assert [problem.field for problem in problems] == ["web.url"]


def test_a_sign_in_mail_overtakes_announcements(build: Build) -> None:
    """Somebody stands and waits for it: it is in the first batch, whatever else is queued."""
    house = built(build)
    house.owners(5)
    house.announce()
    browser = Browser(application(house))
    browser.post("/sign-in", address=SECURITY)
    assert house.deliver()[0].recipient == SECURITY


def test_somebody_sees_their_sessions_and_never_a_secret(build: Build) -> None:
    """What is held on them has their session and their links, without what these are recognised by."""
    house = built(build)
    browser = signed_in(house, OPERATOR)
    browser.post("/sign-in", address=OPERATOR)
    with house.site.store.reading() as conn:
        person = find(conn, OPERATOR)
        assert person is not None
        found = rows(conn, whose(conn, person.ref))
    assert [set(row) for row in found["sessions"]] == [{"person", "roles", "begun_at", "used_at", "proved_at"}]
    assert [set(row) for row in found["sign_ins"]] == [{"person", "asked_at"}]


def test_a_link_stands_in_its_mail_alone(build: Build) -> None:
    """Whoever exports what is held on somebody, or reads the database or a backup, asks for a link to that person in a
    browser of their own, and finds it nowhere: else the help desk would sign in as an administrator."""
    house = built(build)
    thief = Browser(application(house))
    thief.post("/sign-in", address=ADMIN)
    before = good(person_record.export(house.site, OPERATOR, ADMIN, "They asked."))
    (letter,) = house.deliver()
    secret = link_in(letter).rpartition("/")[2]
    after = good(person_record.export(house.site, OPERATOR, ADMIN, "They asked."))
    assert any(mail["kind"] == NoticeKind.SIGN_IN.value and "/sign-in/-" in mail["text"] for mail in after["mails"])
    for place in (before, after, house.tables()):
        assert secret not in repr(place)
        assert not LINK.search(repr(place).replace("/sign-in/-", ""))


def test_without_the_key_of_links_nobody_signs_in(build: Build) -> None:
    """What a key that is none would make, anybody could: the page says what to do instead."""
    house = built(build)
    house.site = replace(house.site, link_key="")
    browser = Browser(application(house))
    page = browser.get("/sign-in")
    assert (page.status, "gatepost upgrade" in page.text) == (503, True)
    browser.post("/sign-in", address=AUTHOR)
    assert house.tables()["sign_ins"] == []
    assert house.deliver() == []


def test_everybody_with_a_role_may_sign_in(build: Build) -> None:
    """Each of the roles; the help desk finds its own page, and sees nothing else."""
    house = built(build)
    for person in (ADMIN, *ROLES):
        assert signed_in(house, person).get("/today").status == 200
    house.people("hal")
    good(access.grant_role(house.site, None, "hal@corp.example", "helpdesk"))
    browser = signed_in(house, "hal@corp.example")
    for path in ("/today", "/policies", "/apps", "/doors", "/ledger"):
        assert browser.get(path).status == 403
