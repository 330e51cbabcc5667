"""Who the user and the device are: credentials, certificates, headers, tokens, and the device's type."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatepost.doors.activesync import REFUSAL_129, PassOn, Request, Unidentified
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.credentials import LONGEST_TOKEN, bearer_user
from gatepost.doors.entry import certificate_key, identity_key
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.request import Headers, Reader, Sources
from tests.doors.asking import (
    ALICE,
    BLOCKED,
    BOB,
    BOBS,
    CLEAN,
    EVERY,
    MILD,
    NEW,
    STRICT,
    check_of,
    opened,
    reason,
    sent,
    signed,
    token,
)
from tests.doors.site import V140, basic, plain
from tests.doors.test_check import ask


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    copy = opened(tmp_path / "door")
    yield copy
    copy.close()


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
