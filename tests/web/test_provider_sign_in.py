"""Signing in at an OpenID provider that runs in a process of its own: its word, and nothing else, says who it is."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from starlette.types import ASGIApp

from gatepost.actions import access, provider_sign_in
from gatepost.actions.ledger import show
from gatepost.clock import system_now
from gatepost.config.reading import parse_settings
from gatepost.config.writing import init_text
from gatepost.core.instant import MINUTE
from gatepost.identity.provider import AT_ONCE, Provider
from gatepost.signatures.attempt import LASTS
from gatepost.storage.session_schema import sessions
from gatepost.storage.store import Store
from gatepost.web import app as web
from tests.servers.provider import Running
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, House, good
from tests.web.asking import URL
from tests.web.at_provider import Place, come_back, go, place, provider_for
from tests.web.visiting import HOSTILE, Browser, words


@pytest.fixture
def there(shared: Place) -> Iterator[Running]:
    """The provider, which knows the author and tells the truth."""
    shared.running.person("ann", email=AUTHOR, email_verified=True)
    yield shared.running
    shared.running.lie()


@pytest.fixture
def house(shared: Place, build: Build) -> House:
    return shared.house(build)


def application(house: House, provider: Provider | None = None) -> ASGIApp:
    return web.application(house.site, URL, "", provider or provider_for(house))


def test_the_provider_s_word_signs_in(house: House, there: Running) -> None:
    """I-31: there and back by the authorization code flow; the ledger says who signed in, in which way."""
    browser = Browser(application(house))
    assert "Sign in with your organisation" in words(browser.get("/sign-in").text)
    before = len(house.ledger())
    visit = come_back(browser, go(browser, there, "ann"))
    assert (visit.status, visit.headers["location"]) == (303, "/today")
    assert browser.get("/today").status == 200
    newest = good(show(house.site, None, before, ("SignedIn",), 9))
    assert [(row["by"], row["data"]) for row in newest] == [(AUTHOR, {"way": "provider"})]
    house.sound()


def test_what_the_provider_is_asked(house: House) -> None:
    """OpenID Connect Core 3.1.2.1, RFC 7636: a code, with state, nonce and an S256 challenge that are new each time."""
    browser = Browser(application(house))
    asked = [parse_qs(urlsplit(browser.get("/sign-in/provider").headers["location"]).query) for _ in range(2)]
    first, second = asked
    assert first["response_type"] == ["code"]
    assert first["scope"] == ["openid email"]
    assert first["redirect_uri"] == [f"{URL}/sign-in/back"]
    assert first["code_challenge_method"] == ["S256"]
    secret = {first[name][0] for name in ("state", "nonce", "code_challenge")}
    assert len(secret | {second[name][0] for name in ("state", "nonce", "code_challenge")}) == 6
    assert "max_age" not in first
    assert browser.cookies["__Host-gatepost-begun"] not in str(asked)


def test_only_the_browser_that_began_is_signed_in(house: House, there: Running) -> None:
    """Whoever sees the address with the code, or makes somebody follow theirs, signs in nobody."""
    app = application(house)
    mine, other, fresh = Browser(app), Browser(app), Browser(app)
    said = go(mine, there, "ann")
    go(other, there, "ann")
    for browser in (other, fresh):
        assert come_back(browser, said).status == 403
        assert browser.get("/today").status == 303
    assert come_back(mine, said).status == 303


def test_it_works_once_and_for_ten_minutes(house: House, there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way back that was used, or is older, is over; whoever has kept the cookie too gets nowhere."""
    browser = Browser(application(house))
    said = go(browser, there, "ann")
    kept = Browser(application(house), dict(browser.cookies))
    assert come_back(browser, said).status == 303
    assert come_back(kept, said).status == 403
    said = go(browser, there, "ann")
    later = system_now() + LASTS + MINUTE
    monkeypatch.setattr(provider_sign_in, "system_now", lambda: later)
    assert come_back(browser, said).status == 403


def test_an_attempt_is_good_once(house: House, there: Running) -> None:
    """Also with another code that answers the same attempt, which a provider gives that signs in without asking."""
    browser = Browser(application(house))
    address = browser.get("/sign-in/provider").headers["location"]
    kept = Browser(application(house), dict(browser.cookies))
    first, second = there.sign_in(address, "ann"), None
    assert come_back(browser, first).status == 303
    there.lie(nonce=parse_qs(urlsplit(address).query)["nonce"][0])
    second = there.sign_in(address.replace("nonce=", "nonce=x"), "ann")
    assert come_back(kept, second).status == 403


LIES: list[dict[str, object]] = [
    {"nonce": "another"},
    {"nonce": None},
    {"iss": "https://evil.example"},
    {"aud": "another-program"},
    {"aud": ["gatepost", "another-program"]},
    {"azp": "another-program"},
    {"exp": 1_500_000_000},
    {"exp": None},
    {"iat": None},
    {"sub": None},
    {"alg": "none"},
    {"alg": "HS256"},
    {"auth_time": "now"},
    {"auth_time": True},
    {"email": None},
    {"email": ""},
    {"email": [AUTHOR]},
    {"email_verified": None},
    {"email_verified": False},
    {"email_verified": "true"},
    {"email": "nobody@corp.example"},
    {"email": HOSTILE},
]


def test_a_word_that_does_not_hold_signs_in_nobody(house: House, there: Running) -> None:
    """Core 3.1.3.7: of whom, for whom, in answer to what, until when, by which key; and whom it means."""
    browser = Browser(application(house))
    before = len(house.ledger())
    for lie in LIES:
        there.lie(**lie)
        visit = come_back(browser, go(browser, there, "ann"))
        assert visit.status == 403, lie
        assert "<b>" not in visit.text
        assert browser.get("/today").status == 303
    assert len(house.ledger()) == before
    there.lie()
    assert come_back(browser, go(browser, there, "ann")).status == 303


def test_keys_change(house: House, there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token by a key that came since is believed as soon as the provider shows that key, and not before."""
    monkeypatch.setattr("gatepost.identity.provider.KEYS_AGAIN_AFTER", 0)
    browser = Browser(application(house))
    assert come_back(browser, go(browser, there, "ann")).status == 303
    there.key("hidden", shown=False)
    assert come_back(browser, go(browser, there, "ann")).status == 403
    there.key("two")
    assert come_back(browser, go(browser, there, "ann")).status == 303


def test_another_claim_finds_somebody(shared: Place, there: Running, build: Build) -> None:
    """By an id or a login, where the site's settings name the claim that has it."""
    house = shared.house(build, sign_in__claim="employee")
    there.person("op", email="else@where.example", email_verified=True, employee=OPERATOR)
    browser = Browser(application(house))
    assert come_back(browser, go(browser, there, "op")).status == 303
    assert OPERATOR in str(good(show(house.site, None, 0, ("SignedIn",), 9)))


def test_a_letter_that_folds_into_another_is_another(house: House, there: Running) -> None:
    """People are found without regard to case, and Unicode folds "ß" into "ss" and "ſ" into "s": somebody at the
    provider whose verified address is such a one is somebody else. Capital letters are nobody else."""
    house.people("oss", "ok")
    for known in ("oss@corp.example", "ok@corp.example"):
        good(access.grant_role(house.site, None, known, "operator"))
    browser = Browser(application(house))
    for theirs in ("ſec@corp.example", "oß@corp.example", "o\N{KELVIN SIGN}@corp.example"):
        there.lie(email=theirs)
        assert come_back(browser, go(browser, there, "ann")).status == 403, theirs
    for mine in (AUTHOR.upper(), "SEC@Corp.Example", "OSS@corp.example"):
        there.lie(email=mine)
        assert come_back(browser, go(browser, there, "ann")).status == 303, mine


def test_whoever_has_no_role_is_told_so(house: House, there: Running) -> None:
    """Their name and what to do: they have shown who they are, so this tells nothing to a stranger."""
    house.people("zoe")
    there.person("zoe", email="zoe@corp.example", email_verified=True)
    browser = Browser(application(house))
    visit = come_back(browser, go(browser, there, "zoe"))
    assert visit.status == 403
    assert "zoe@corp.example" in visit.text
    assert "role grant" in visit.text


def test_a_fresh_sign_in_is_asked_for_and_checked(house: House, there: Running) -> None:
    """max_age=0 with auth_time (Core 3.1.2.1): a provider that takes an older sign-in, or does not say, is refused."""
    provider, now = provider_for(house), system_now() // 1000

    def fresh(**lie: object) -> object:
        there.lie(**lie)
        begun = good(provider_sign_in.ask_provider(house.site, provider, URL, fresh=True))
        asked = parse_qs(urlsplit(begun.address).query)
        assert (asked["max_age"], asked["prompt"]) == (["0"], ["login"])
        said = there.sign_in(begun.address, "ann")
        return provider_sign_in.sign_in_by_provider(house.site, provider, URL, begun.kept, said)

    assert isinstance(fresh(), str)
    with house.site.store.reading() as conn:
        assert conn.execute(select(sessions.c.proved_at)).scalar_one() is not None
    for lie in ({"auth_time": now - 3600}, {"auth_time": None}, {"auth_time": now + 3600}):
        assert not isinstance(fresh(**lie), str), lie
    assert isinstance(fresh(auth_time=now - 30), str), "the clocks differ a little"


def test_the_old_session_ends(house: House, there: Running) -> None:
    """Each sign-in makes another cookie."""
    browser = Browser(application(house))
    come_back(browser, go(browser, there, "ann"))
    old = Browser(application(house), dict(browser.cookies))
    come_back(browser, go(browser, there, "ann"))
    assert old.get("/today").status == 303
    assert browser.get("/today").status == 200
    everything = repr(house.tables())
    assert browser.cookies["__Host-gatepost"] not in everything


def test_a_provider_that_is_away(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-40: the page says so, and whoever asks again within seconds waits for nothing."""
    with place(tmp_path) as gone:
        house = gone.house(build)
        provider = provider_for(house)
    browser = Browser(application(house, provider))
    visit = browser.get("/sign-in/provider")
    assert visit.status == 502
    assert "cannot be used" in visit.text
    monkeypatch.setattr(http.client, "HTTPConnection", None)  # nobody asks it again
    assert browser.get("/sign-in/provider").status == 502
    assert browser.get("/sign-in").status == 200


def test_only_so_many_exchange_codes_at_once(house: House, there: Running) -> None:
    """I-18: strangers who come back with codes that they made up take no more threads from whoever retracts."""
    provider = provider_for(house)
    browser = Browser(application(house, provider))
    said = go(browser, there, "ann")
    for _ in range(AT_ONCE):
        assert provider._exchanging.acquire(blocking=False)
    assert come_back(browser, said).status == 502
    for _ in range(AT_ONCE):
        provider._exchanging.release()
    assert come_back(browser, said).status == 303


def test_strangers_write_nothing(house: House, there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-18: nobody comes to write before the provider's word holds, and for somebody with a role."""
    house.people("zoe")
    there.person("zoe", email="zoe@corp.example", email_verified=True)

    def writing(_store: Store) -> NoReturn:
        raise AssertionError("a stranger writes")

    browser = Browser(application(house))
    monkeypatch.setattr(Store, "writing", writing)
    said = go(browser, there, "zoe")
    assert come_back(browser, said).status == 403
    assert come_back(browser, said | {"code": "made-up"}).status == 403
    assert come_back(browser, said | {"state": "made-up"}).status == 403
    assert come_back(browser, said | {"iss": "https://evil.example"}).status == 403
    assert come_back(browser, {}).status == 403
    assert come_back(browser, {"state": said["state"], "error": HOSTILE}).status == 403
    assert browser.get("/sign-in/back", "%ff=%fe").status == 403


def test_there_is_no_link_by_mail_beside_it(house: House) -> None:
    """Else a mailbox would be the way around the provider."""
    browser = Browser(application(house))
    assert browser.post("/sign-in", address=AUTHOR).status == 405
    assert browser.get("/sign-in/anything").status == 404
    assert house.deliver() == []


@pytest.mark.parametrize(
    ("exercise", "issuer", "client", "wrong"),
    [
        (False, "https://login.example/realms/corp", "gatepost", []),
        (True, "http://127.0.0.1:9466", "gatepost", []),
        (False, "http://127.0.0.1:9466", "gatepost", ["sign_in.issuer"]),
        (True, "http://login.example", "gatepost", ["sign_in.issuer"]),
        (False, "", "", ["sign_in.issuer", "sign_in.client_id"]),
        (False, "https://login.example/?realm=corp", "gatepost", ["sign_in.issuer"]),
        (False, "https://user@login.example", "gatepost", ["sign_in.issuer"]),
        (False, "login.example", "gatepost", ["sign_in.issuer"]),
    ],
)
def test_settings_that_cannot_be(exercise: bool, issuer: str, client: str, wrong: list[str]) -> None:
    """`config check` names what is missing, and an issuer to which people would go in clear text."""
    changes: dict[str, object] = {"web.sign_in": "provider", "web.url": URL}
    changes |= {"sign_in.issuer": issuer, "sign_in.client_id": client}
    read = parse_settings(init_text(site_id="0011223344556677", exercise=exercise, changes=changes).encode(), Path("/"))
    assert [problem.field for problem in (read if isinstance(read, tuple) else ())] == wrong
