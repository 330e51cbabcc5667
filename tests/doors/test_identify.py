"""Who the user and the device are: credentials, certificates, headers, tokens, and the device's type."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, DAY
from gatepost.core.policy.verdict import DueRule, Standing
from gatepost.doors.activesync import REFUSAL_129, PassOn, Request, Unidentified
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.credentials import LONGEST_CERTIFICATE, LONGEST_TOKEN, bearer_user, fingerprint
from gatepost.doors.entry import certificate_key, encode_standing, identity_key
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.report import Sighting
from gatepost.doors.request import TARGET, WEB, Headers, Reader, Sources
from gatepost.doors.sightings import Sightings
from tests.doors.site import FLEET, SITE, V140, Entry, basic, batch, device, plain
from tests.doors.test_check import ask

STRICT = DoorRules(on_unknown="block", on_unidentified="block", mode="enforce")
MILD = DoorRules(on_unknown="allow", on_unidentified="allow", mode="enforce")
ALICE = basic("alice@example.com")
BOB = basic("bob@example.com")

EVERY = Sources(
    users=("basic", "certificate", "header", "bearer"),
    user_header="X-Remote-User",
    bearer_claim="preferred_username",
    certificates=True,
    shared_types=frozenset({"outlook"}),
)
"""A door that believes everything."""

CLEAN, BLOCKED, BOBS, NEW = (hashlib.sha256(name).hexdigest() for name in (b"clean", b"blocked", b"bob", b"new"))
"""Fingerprints: of a clean phone of alice's, of her blocked one, of bob's phone, of a phone in no inventory."""


def certified(fingerprint: str, eas_id: str, *logins: str, rule: int | None = None) -> Entry:
    """The same standing as `device(eas_id, ...)`, under a certificate."""
    due = () if rule is None else (DueRule(rule, 0, 0, Finding.PRESENT, ALWAYS, ALWAYS),)
    return certificate_key(fingerprint), encode_standing(Standing(f"ref-{eas_id}", logins, 0, due))


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    opened = Copy(tmp_path / "door", SITE, DAY)
    entries = [
        *FLEET,
        certified(CLEAN, "CLEAN1", "alice@example.com"),
        certified(BLOCKED, "TIKTOK1", "alice@example.com", rule=1),
        device("BOB1", "bob@example.com"),
        certified(BOBS, "BOB1", "bob@example.com"),
    ]
    opened.apply(batch(10, *entries))
    opened.nothing_new()
    yield opened
    opened.close()


def check_of(copy: Copy, rules: DoorRules = STRICT, sources: Sources = EVERY) -> Check:
    return Check(Judge(copy, rules, "mail"), sources=sources)


def sent(uri: bytes = plain("CLEAN1"), authorization: bytes = ALICE, method: bytes = b"POST", **more: bytes) -> Headers:
    """What a proxy asks with; `more`: headers, underscores for hyphens; an empty one is left out."""
    fields = {"x-original-uri": uri, "x-original-method": method, "authorization": authorization}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return [(name.encode(), value) for name, value in fields.items() if value]


def reason(check: Check, headers: Headers, path: str = "/check") -> tuple[int, str]:
    status, told, _ = ask(check, headers, path)
    return status, told["reason"]


def token(**claims: Any) -> bytes:
    """A bearer token with these claims and a signature that nobody made."""
    return signed(json.dumps(claims).encode())


def signed(payload: bytes) -> bytes:
    parts = (b'{"alg":"RS256"}', payload, b"not a signature")
    return b"Bearer " + b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


# --- users


def test_a_header_names_the_user_only_where_it_is_listed(copy: Copy) -> None:
    """A door that does not list the header does not see it; one that does believes it and its domain's forms."""
    listed = check_of(copy, sources=Sources(users=("header",), user_header="X-Remote-User"))
    assert reason(listed, sent(authorization=b"", x_remote_user=b"Alice@Example.com")) == (204, "clear")
    assert reason(listed, sent(plain("BOB1"), b"", x_remote_user=b"alice@example.com")) == (403, "foreign")
    assert reason(listed, sent(authorization=b"", x_remote_user=b"al\x00ice")) == (403, "unidentified")
    basic_only = check_of(copy, sources=Sources(users=("basic",), user_header="X-Remote-User"))
    assert reason(basic_only, sent(authorization=b"", x_remote_user=b"alice@example.com")) == (204, "passed-on")
    assert reason(basic_only, sent(plain("CLEAN1"), BOB, x_remote_user=b"alice@example.com")) == (403, "foreign")


def test_a_token_names_the_user_by_its_claim(copy: Copy) -> None:
    """The claim that the site names is looked up, and nothing else of a token; without it nobody is identified."""
    check = check_of(copy, sources=Sources(users=("bearer",), bearer_claim="upn"))
    assert reason(check, sent(authorization=token(upn="Alice@example.com", sub="bob"))) == (204, "clear")
    assert reason(check, sent(plain("TIKTOK1"), token(upn="alice@example.com"))) == (403, "blocked")
    assert reason(check, sent(authorization=token(upn="bob@example.com"))) == (403, "foreign")
    assert reason(check, sent(authorization=token(sub="alice@example.com"))) == (403, "unidentified")
    assert reason(check, sent(authorization=ALICE)) == (403, "unidentified"), "Basic is not listed"
    assert reason(check, sent(authorization=b"")) == (204, "passed-on")


@pytest.mark.parametrize(
    "authorization",
    [
        b"Bearer",
        b"Bearer ",
        b"Bearer opaque",
        b"Bearer a.b",
        b"Bearer a.!.c",
        b"Bearer a.b.c.d.e",
        signed(b"[]"),
        signed(b"nothing"),
        signed(b'{"user": 1}'),
        signed(b'{"user": ""}'),
        signed(b'{"user": "alice\\u0000"}'),
        signed(b'{"user": "alice", "user": "bob"}'),
        signed(b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b', "user": "alice"}'),
        signed(b'{"user": "\xff"}'),
        signed(b'{"user": "' + b"a" * LONGEST_TOKEN + b'"}'),
        b"Bearer eyJ.e30=.x",
    ],
)
def test_a_token_that_cannot_be_read_names_nobody(authorization: bytes) -> None:
    """I-30: whatever stands in its place, a token is read in one way only, or not at all; it never raises."""
    assert isinstance(bearer_user(authorization, "user"), Unidentified)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
    )
)
def test_a_token_is_read_as_it_was_written(value: Any) -> None:
    """Whatever the claims are, the user is the text of the claim that is asked for, or nobody."""
    user = bearer_user(token(other=1, user=value), "user")
    fits = isinstance(value, str) and value != "" and all(char >= " " and char != "\x7f" for char in value)
    assert user == value.casefold() if fits else isinstance(user, Unidentified)
    event("a name" if fits else "none")


def test_two_sources_must_agree(copy: Copy) -> None:
    """The first source that a request has names the user; two that name different people name nobody."""
    check = check_of(copy)
    assert reason(check, sent(x_remote_user=b"alice@example.com")) == (204, "clear")
    assert reason(check, sent(x_remote_user=b"bob@example.com")) == (403, "unidentified")
    assert reason(check, sent(authorization=token(preferred_username="bob"), x_remote_user=b"alice")) == (
        403,
        "unidentified",
    )
    read = Reader(EVERY).read(sent(authorization=basic("CORP\\alice"), x_remote_user=b"alice"))
    assert isinstance(read, Request)
    assert read.user == "corp\\alice"
    other = Reader(EVERY).read(sent(authorization=basic("alice@one.example"), x_remote_user=b"alice@two.example"))
    assert isinstance(other, Unidentified)


def test_without_credentials_the_mail_server_answers(copy: Copy) -> None:
    """Nothing of what a door's sources need: passed on, to be answered with 401. Another kind: unidentified, or a
    blocked phone would only have to use that."""
    for users in (("basic",), ("bearer",), ("header",), ("certificate",), EVERY.users):
        reader = Reader(EVERY._replace(users=users))
        assert isinstance(reader.read(sent(authorization=b"")), PassOn), users
        assert isinstance(reader.read(sent(authorization=b"Negotiate TlRM")), Unidentified), users
        assert isinstance(reader.read(sent(method=b"OPTIONS")), PassOn)
    assert isinstance(Reader(EVERY).read(sent(authorization=b"Basic !!")), PassOn)


# --- certificates


def test_a_certificate_recognises_its_device(copy: Copy) -> None:
    """A verified certificate's device is recognised without any id, with its own, and with one that nobody knows."""
    check = check_of(copy)
    for uri in (plain("CLEAN1"), plain("NOBODY"), plain("clean1")):
        assert reason(check, sent(uri, x_gatepost_certificate=CLEAN.encode())) == (204, "clear")
        assert reason(check, sent(uri, x_gatepost_certificate=CLEAN.upper().encode())) == (204, "clear")
    for uri in (plain("TIKTOK1"), plain("NOBODY")):
        assert reason(check, sent(uri, x_gatepost_certificate=BLOCKED.encode())) == (403, "blocked")


def test_a_certificate_that_contradicts_the_claim_is_a_mismatch(copy: Copy) -> None:
    """Another device's id, or another person's credentials, beside a certificate: mismatch, answered as unidentified;
    never milder than what the certificate's own device, or the claimed one, would get."""
    for rules, status in ((STRICT, 403), (MILD, 204)):
        check = check_of(copy, rules)
        assert reason(check, sent(plain("BOB1"), x_gatepost_certificate=CLEAN.encode())) == (status, "mismatch")
        assert reason(check, sent(plain("CLEAN1"), BOB, x_gatepost_certificate=CLEAN.encode())) == (status, "mismatch")
    strict, mild = check_of(copy), check_of(copy, MILD)
    assert reason(strict, sent(plain("WARNED1"), x_gatepost_certificate=CLEAN.encode())) == (403, "mismatch")
    assert reason(mild, sent(plain("WARNED1"), x_gatepost_certificate=CLEAN.encode())) == (204, "warned")
    assert reason(mild, sent(plain("CLEAN1"), x_gatepost_certificate=BLOCKED.encode())) == (403, "blocked")
    assert reason(mild, sent(plain("TIKTOK1"), x_gatepost_certificate=CLEAN.encode())) == (403, "blocked")


def test_a_certificate_in_no_inventory_is_an_unknown_device(copy: Copy) -> None:
    """`on_unknown` answers it, and it makes no claimed device's answer milder."""
    strict, mild = check_of(copy), check_of(copy, MILD)
    assert reason(strict, sent(plain("CLEAN1"), x_gatepost_certificate=NEW.encode())) == (403, "unknown")
    assert reason(mild, sent(plain("CLEAN1"), x_gatepost_certificate=NEW.encode())) == (204, "unknown")
    assert reason(mild, sent(plain("TIKTOK1"), x_gatepost_certificate=NEW.encode())) == (403, "blocked")


def test_a_certificate_names_its_owner_where_it_is_listed(copy: Copy) -> None:
    """Without other credentials the user is whoever the certificate's device belongs to; not listed, nobody is."""
    owner = sent(authorization=b"", x_gatepost_certificate=CLEAN.encode())
    assert reason(check_of(copy), owner) == (204, "clear")
    assert reason(check_of(copy), sent(plain("TIKTOK1"), b"", x_gatepost_certificate=BLOCKED.encode())) == (
        403,
        "blocked",
    )
    assert reason(check_of(copy), sent(plain("CLEAN1"), b"", x_gatepost_certificate=NEW.encode())) == (403, "unknown")
    unlisted = Sources(users=("basic",), certificates=True)
    assert reason(check_of(copy, sources=unlisted), owner) == (204, "passed-on")


def test_without_certificates_the_header_is_not_seen(copy: Copy) -> None:
    """A door that takes no certificates is not moved by a client's own header, whatever stands in it."""
    check = check_of(copy, sources=Sources())
    for value in (CLEAN.encode(), BLOCKED.encode(), b"garbage"):
        assert reason(check, sent(plain("CLEAN1"), x_gatepost_certificate=value)) == (204, "clear")
        assert reason(check, sent(plain("TIKTOK1"), x_gatepost_certificate=value)) == (403, "blocked")
    assert reason(check_of(copy), sent(x_gatepost_certificate=b"garbage")) == (403, "unidentified")
    twice = [*sent(x_gatepost_certificate=CLEAN.encode()), (b"x-gatepost-certificate", BLOCKED.encode())]
    assert reason(check_of(copy), twice) == (403, "unidentified")


def pem(der: bytes) -> str:
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


@given(st.binary(min_size=1, max_size=400))
def test_every_spelling_of_a_certificate_has_one_fingerprint(der: bytes) -> None:
    """nginx percent-encodes a certificate, others send its fingerprint, or fold its lines: one device."""
    expected = hashlib.sha256(der).hexdigest()
    text = pem(der)
    spellings = [expected, expected.upper(), text, quote(text, safe=""), quote(text), text.replace("\n", " ")]
    assert {fingerprint(spelling.encode()) for spelling in spellings} == {expected}


def test_no_certificate_is_none() -> None:
    """An empty header, and the SHA-256 of nothing, which Caddy sends for a client without a certificate."""
    assert fingerprint(b"") == ""
    assert fingerprint(hashlib.sha256().hexdigest().encode()) == ""


@pytest.mark.parametrize(
    "value",
    [
        b"0" * 63,
        b"0" * 65,
        b"g" * 64,
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA=AAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        (pem(b"one") + pem(b"two")).encode(),
        b"x" * (LONGEST_CERTIFICATE + 1),
        pem(b"x" * LONGEST_CERTIFICATE).encode(),
        b"\xff\x00",
    ],
)
def test_a_certificate_that_cannot_be_read_is_unidentified(value: bytes) -> None:
    """I-30: two certificates, none, a cut one, one without end: nobody's."""
    assert isinstance(fingerprint(value), Unidentified)


def test_a_mismatch_is_recorded(copy: Copy) -> None:
    """The site hears with whose certificate somebody came, as whom, and that the two do not fit."""
    judge = Judge(copy, STRICT, "mail")
    sightings = Sightings(judge)
    check = Check(judge, sightings.note, EVERY)
    check.answer(sent(plain("BOB1"), x_gatepost_certificate=CLEAN.encode(), user_agent=b"iOS/18"))
    check.answer(sent(b"/x?Cmd=Sync&User=a&DeviceId=CACHE1&DeviceType=Outlook"))
    mismatch, shared = sightings.owed()
    assert mismatch._replace(first=0, last=0) == Sighting(
        "alice@example.com", "certificate", CLEAN, "iPhone", "iOS/18", 0, 0, "mismatch", "block"
    )
    assert (shared.kind, shared.identity, shared.device_type, shared.reason) == ("", "", "Outlook", "shared")


# --- what a proxy tells of a request


def test_a_request_is_told_of_in_one_way(copy: Copy) -> None:
    """X-Original-*, X-Forwarded-*, or the question's own path: each alone is enough, and two must say the same, so that
    a client that writes the headers of another way changes nothing."""
    check = check_of(copy)
    forwarded = {"x_forwarded_uri": plain("TIKTOK1"), "x_forwarded_method": b"POST"}
    assert reason(check, sent(b"", method=b"", **forwarded)) == (403, "blocked")
    assert reason(check, sent(plain("TIKTOK1"), **forwarded)) == (403, "blocked")
    assert reason(check, sent(plain("CLEAN1"), **forwarded)) == (403, "unidentified")
    assert reason(check, sent(b"", method=b"OPTIONS", **forwarded)) == (403, "unidentified")
    assert reason(check, sent(plain("CLEAN1"), x_forwarded_uri=plain("CLEAN1"))) == (204, "clear")


def by_path(check: Check, target: bytes, headers: Headers, method: str = "POST") -> tuple[int, str]:
    """As Envoy asks: the request's own method, and its path and query after a prefix."""
    raw, _, query = target.partition(b"?")
    events: list[Any] = []

    async def send(told: Any) -> None:
        events.append(told)

    async def receive() -> Any:
        raise AssertionError("the check reads no body")

    scope = {"type": "http", "method": method, "path": raw.decode(), "raw_path": raw, "query_string": query}
    asyncio.run(check({**scope, "headers": headers}, receive, send))
    told = dict(events[0]["headers"])
    return events[0]["status"], told.get(b"x-gatepost-reason", b"").decode()


def test_a_question_s_own_path_tells_of_the_request(copy: Copy) -> None:
    """As Envoy asks; a client's own headers about another request make it unidentified, and its path no other kind."""
    check = check_of(copy)
    mine = [(b"authorization", ALICE)]
    assert by_path(check, b"/check" + plain("CLEAN1"), mine) == (200, "clear")
    assert by_path(check, b"/check" + plain("TIKTOK1"), mine) == (403, "blocked")
    assert by_path(check, b"/check/Microsoft-Server-ActiveSync?" + V140.encode(), mine) == (403, "blocked")
    assert by_path(check, b"/check" + plain("TIKTOK1"), mine, "OPTIONS") == (200, "passed-on")
    assert by_path(check, b"/check" + plain("TIKTOK1"), [*mine, (b"x-original-uri", plain("CLEAN1"))]) == (
        403,
        "unidentified",
    )
    assert by_path(check, b"/check/check-web" + plain("TIKTOK1"), mine) == (403, "blocked")
    assert by_path(check, b"/check-web/mail?x=1", mine)[1] == "unidentified", "no user agent"
    assert by_path(check, b"/checks/mail", mine)[0] == 404


# --- the device's type


def test_a_cloud_cache_is_no_device(copy: Copy) -> None:
    """The one id of a cloud cache stands for many phones: shared, answered as unidentified, in both forms and any
    case; but a device that is known and blocked is not let in by calling itself so."""
    for rules, status in ((STRICT, 403), (MILD, 204)):
        check = check_of(copy, rules)
        for uri in (
            b"/x?Cmd=Sync&User=a&DeviceId=CACHE1&DeviceType=Outlook",
            b"/x?Cmd=Sync&User=a&DeviceId=CACHE1&DeviceType=oUTLOOK",
            b"/x?Cmd=Sync&User=a&DeviceId=CACHE1&DeviceType=Out%6Cook",
            b"/x?Cmd=Sync&User=a&DeviceId=CLEAN1&DeviceType=Outlook",
            b"/x?" + base64.b64encode(b"\x8d\0\x09\x04\x06CACHE1\0\x07Outlook"),
        ):
            assert reason(check, sent(uri)) == (status, "shared"), uri
    blocked = sent(b"/x?Cmd=Sync&User=a&DeviceId=TIKTOK1&DeviceType=Outlook")
    assert reason(check_of(copy, MILD), blocked) == (403, "blocked")


def test_types_that_are_refused_plainly(copy: Copy) -> None:
    """The answer is a setting per DeviceType: what takes Status 129 badly gets 403 in every protocol."""
    rules = DoorRules("block", "block", mode="enforce", plain_refusal_types=frozenset({"oldmail"}))
    check = check_of(copy, rules)
    version = {"ms_asprotocolversion": b"14.1"}
    for command in REFUSAL_129:
        for kind, generation in ((b"OldMail", "12"), (b"oldmail", "12"), (b"iPhone", "14")):
            uri = b"/x?Cmd=%s&User=a&DeviceId=TIKTOK1&DeviceType=%s" % (command.encode(), kind)
            status, told, _ = ask(check, sent(uri, **version))
            assert (status, told["command"], told["generation"]) == (403, command, generation)
    packed = base64.b64encode(b"\x8d\0\x09\x04\x07TIKTOK1\0\x07OldMail")
    assert ask(check, sent(b"/x?" + packed))[1]["generation"] == "12"


# --- web applications

DESKTOP = b"Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
PHONE = b"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/138.0 Mobile Safari/537.36"


def web(authorization: bytes = b"", agent: bytes = DESKTOP, **more: bytes) -> Headers:
    return sent(b"/SOGo/so/alice/Mail", authorization, b"GET", user_agent=agent, **more)


def test_a_browser_without_a_certificate(copy: Copy) -> None:
    """`on_browser` answers it; one that says it is on a phone or tablet, or says nothing, is unidentified: never
    identified. Who asks for the desktop's pages gets by, which the page says."""
    forbidding = DoorRules("block", "allow", mode="enforce", on_browser="block")
    for rules, browser, unidentified in ((STRICT, 204, 403), (forbidding, 403, 204)):
        check = check_of(copy, rules)
        assert reason(check, web(), "/check-web") == (browser, "browser")
        assert reason(check, web(ALICE), "/check-web") == (browser, "browser")
        for phone in (
            web(agent=PHONE),
            web(agent=b""),
            web(agent=b"DAVx5/4.4 (2025/01/01; okhttp) Android/15"),
            web(agent=b"iOS/18.1 (22B83) dataaccessd/1.0"),
            web(agent=b"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1 Version/12.1 Safari/604.1"),
            web(sec_ch_ua_mobile=b"?1"),
        ):
            assert reason(check, phone, "/check-web") == (unidentified, "unidentified")


def test_a_web_application_knows_a_device_by_its_certificate(copy: Copy) -> None:
    """Whatever browser it is: the certificate's device is let in or refused; it must be the user's, if one is named."""
    check = check_of(copy)
    for agent in (DESKTOP, PHONE, b""):
        assert reason(check, web(agent=agent, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (204, "clear")
        assert reason(check, web(agent=agent, x_gatepost_certificate=BLOCKED.encode()), "/check-web") == (
            403,
            "blocked",
        )
        assert reason(check, web(agent=agent, x_gatepost_certificate=NEW.encode()), "/check-web") == (403, "unknown")
    assert reason(check, web(BOB, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (403, "mismatch")
    assert reason(check, web(ALICE, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (204, "clear")
    told = ask(check, web(x_gatepost_certificate=BLOCKED.encode()), "/check-web")[1]
    assert (told["command"], told["generation"]) == ("other", "12")


def test_no_client_makes_a_request_one_to_a_web_application(copy: Copy) -> None:
    """Which kind it is says the question's path, that only the proxy writes."""
    check = check_of(copy, MILD)
    assert reason(check, [*sent(plain("TIKTOK1")), (b"web", b""), (b"x-gatepost-kind", b"web")]) == (403, "blocked")
    assert WEB[0].startswith(b":")
    assert TARGET.startswith(b":"), "no name of a header (RFC 9110, 5.1), so no client can send it"


# --- together


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *(b"x-original-uri", b"x-original-method", b"x-forwarded-uri", b"x-forwarded-method"),
                    *(b"authorization", b"x-remote-user", b"x-gatepost-certificate", b"ms-asprotocolversion"),
                    *(b"user-agent", b"sec-ch-ua-mobile", b":web", b":target", b":method"),
                ]
            ),
            st.binary(max_size=30)
            | st.sampled_from(
                [plain("CLEAN1"), plain("TIKTOK1"), ALICE, BOB, token(preferred_username="alice@example.com"), b"POST"]
                + [each.encode() for each in (CLEAN, BLOCKED, BOBS, NEW)]
            ),
        ),
        max_size=9,
    )
)
def test_any_headers_are_read(headers: Headers) -> None:
    """I-30: whatever headers come together, they are read as something, and nothing raises."""
    for sources in (EVERY, Sources()):
        read = Reader(sources).read(headers)
        assert isinstance(read, Request | Unidentified | PassOn)
        event(type(read).__name__)


def test_the_short_cut_knows_what_it_does_not_read(copy: Copy) -> None:
    """I-1: whatever else a usual request brings, the short cut answers as reading it in full does, or not at all."""
    usual, careful, cut = check_of(copy), _Careful(Judge(copy, STRICT, "mail"), sources=EVERY), check_of(copy)
    taken = set()
    extras = {
        "": b"",
        "x-forwarded-uri": plain("TIKTOK1"),
        "x-forwarded-method": b"OPTIONS",
        "x-gatepost-certificate": BLOCKED.encode(),
        "x-remote-user": b"bob@example.com",
        ":web": b"",
        ":target": plain("TIKTOK1"),
    }
    for name, value in extras.items():
        for kind in (b"iPhone", b"Outlook", b"OUTLOOK"):
            uri = plain("CLEAN1").replace(b"iPhone", kind)
            headers = [*sent(uri), *([(name.encode(), value)] if name else [])]
            assert usual.answer(headers) == careful.answer(headers), (name, kind)
            if cut._usual(headers):
                taken.add((name, kind))
    assert taken == {("", b"iPhone")}


class _Careful(Check):
    def _usual(self, headers: Headers) -> None:  # noqa: ARG002 # as it is called
        return None


def test_identity_keys_are_apart() -> None:
    """No ActiveSync id is ever taken for a certificate."""
    assert not identity_key(CLEAN).startswith(certificate_key(CLEAN)[:2])
