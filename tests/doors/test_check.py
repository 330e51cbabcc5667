"""The check, as an ASGI application over a copy."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatepost.core.instant import DAY
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Mode
from gatepost.doors.judge import DoorRules, Judge
from tests.doors.site import FLEET, SITE, V140, basic, batch, device, plain, rule


def check_of(copy: Copy, rules: DoorRules, kept: Mode = "enforce") -> Check:
    judge = Judge(copy, rules, "mail")
    judge.kept = kept
    return Check(judge)


STRICT = DoorRules(on_unknown="block", on_unidentified="block", mode="enforce")
MILD = DoorRules(on_unknown="allow", on_unidentified="allow", mode="enforce")
ALICE = basic("alice@example.com")


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    opened = Copy(tmp_path / "door", SITE, DAY)
    opened.apply(batch(10, *FLEET))
    opened.nothing_new()
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Copy]:
    opened = Copy(tmp_path / "empty", SITE, DAY)
    yield opened
    opened.close()


def headers(uri: bytes, authorization: bytes = ALICE, method: bytes = b"POST") -> list[tuple[bytes, bytes]]:
    return [
        (b"host", b"mail.example.com"),
        (b"x-original-uri", uri),
        (b"x-original-method", method),
        (b"authorization", authorization),
        (b"ms-asprotocolversion", b"14.1"),
    ]


def ask(check: Check, sent: list[tuple[bytes, bytes]], path: str = "/check") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer."""
    events: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the check reads no body")

    async def send(event: Any) -> None:
        events.append(event)

    asyncio.run(check({"type": "http", "method": "GET", "path": path, "headers": sent}, receive, send))
    start, end = events
    told = {name.decode().removeprefix("x-gatepost-"): value.decode() for name, value in start["headers"]}
    return start["status"], told, end["body"]


def reason(check: Check, uri: bytes, authorization: bytes = ALICE, method: bytes = b"POST") -> tuple[int, str]:
    status, told, body = ask(check, headers(uri, authorization, method))
    assert body == b""
    return status, told["reason"]


def test_what_the_copy_says(copy: Copy) -> None:
    """A clean phone and a warned one are let through, a blocked one is not, and one to be blocked later is warned."""
    check = check_of(copy, STRICT)
    assert reason(check, plain("CLEAN1")) == (204, "clear")
    assert reason(check, plain("clean1")) == (204, "clear")
    assert reason(check, plain("WARNED1")) == (204, "warned")
    assert reason(check, plain("TIKTOK1")) == (403, "blocked")
    assert reason(check, plain("LATER1")) == (204, "warned")


def test_a_refusal_tells_the_proxy_how_to_answer(copy: Copy) -> None:
    """The proxy learns command and protocol generation, and nobody learns the app or the policy (I-37)."""
    check = check_of(copy, STRICT)
    expected = {"verdict": "block", "reason": "blocked", "command": "Ping", "generation": "14", "content-length": "0"}
    assert ask(check, headers(plain("TIKTOK1", "Ping"))) == (403, expected, b"")
    sent = [(name, value) for name, value in headers(plain("TIKTOK1", "Evil")) if name != b"ms-asprotocolversion"]
    assert ask(check, sent) == (403, expected | {"command": "other", "generation": "12"}, b"")


def test_an_answer_that_lets_through_is_short(copy: Copy) -> None:
    """A 204 has the verdict and the reason, no length and no body."""
    assert ask(check_of(copy, STRICT), headers(plain("WARNED1"))) == (
        204,
        {"verdict": "warn", "reason": "warned"},
        b"",
    )


def test_a_device_is_bound_to_its_logins(copy: Copy) -> None:
    """Somebody else's device id is foreign, with and without a domain the owner's is not; a shared device is free."""
    check = check_of(copy, STRICT)
    copy.apply(batch(11, device("CORP1", "bob")))
    assert reason(check, plain("CLEAN1"), basic("mallory@example.com")) == (403, "foreign")
    assert reason(check, plain("CLEAN1"), basic("alice")) == (403, "foreign")
    assert reason(check, plain("CLEAN1"), basic("CORP\\alice@example.com")) == (403, "foreign")
    assert reason(check, plain("CORP1"), basic("CORP\\bob")) == (204, "clear")
    assert reason(check, plain("CORP1"), basic("Bob@corp.example")) == (204, "clear")
    assert reason(check, plain("SHARED1"), basic("mallory")) == (204, "clear")
    assert reason(check_of(copy, MILD), plain("CLEAN1"), basic("mallory")) == (204, "foreign")


def test_both_names_of_a_base64_device_count(copy: Copy) -> None:
    """I-30: a device known by its id and by the hex of it is blocked if either is; one known name is enough."""
    check = check_of(copy, STRICT)
    uri = b"/x?" + V140.encode()
    assert reason(check, plain("v140Device")) == (204, "clear")
    assert reason(check, uri) == (403, "blocked")
    copy.apply(batch(11, rule(1, counts=False)))
    assert reason(check, uri) == (204, "clear")
    copy.apply(batch(12, device("v140Device", "somebody.else")))
    assert reason(check, uri) == (403, "foreign")


def test_unknown_and_unidentified_as_declared(copy: Copy) -> None:
    """I-29: what the door does with unknown devices and unidentified requests is what the site declared."""
    strict, mild = check_of(copy, STRICT), check_of(copy, MILD)
    assert reason(strict, plain("NOBODY")) == (403, "unknown")
    assert reason(mild, plain("NOBODY")) == (204, "unknown")
    assert reason(strict, b"/x?Cmd=Sync") == (403, "unidentified")
    assert reason(mild, b"/x?Cmd=Sync") == (204, "unidentified")
    assert strict.counts["unknown"] == strict.counts["unidentified"] == 1


def test_a_header_twice_is_unidentified(copy: Copy) -> None:
    """I-30: two targets or two credentials are not guessed between; other headers may come twice."""
    check = check_of(copy, STRICT)
    sent = headers(plain("CLEAN1"))
    assert ask(check, [*sent, (b"x-original-uri", plain("TIKTOK1"))])[0] == 403
    assert ask(check, [*sent, (b"cookie", b"a"), (b"cookie", b"b")])[0] == 204


def test_what_opens_no_mail_is_passed_on(copy: Copy, empty: Copy) -> None:
    """OPTIONS and requests without credentials pass, whatever the site declared and also without a copy."""
    for check in (check_of(copy, STRICT), check_of(empty, STRICT)):
        assert reason(check, plain("TIKTOK1"), method=b"OPTIONS") == (204, "passed-on")
        assert reason(check, plain("TIKTOK1"), b"") == (204, "passed-on")


def test_without_a_copy_as_declared(empty: Copy) -> None:
    """I-29: a door without a copy cannot decide, or does what was declared; never 500."""
    status, told, body = ask(check_of(empty, STRICT), headers(plain("CLEAN1")))
    assert (status, told["retry-after"], told["verdict"], body) == (503, "180", "undecided", b"")
    for choice, expected in (("allow", 204), ("block", 403), ("undecided", 503)):
        check = check_of(empty, DoorRules("allow", "allow", choice, mode="enforce"))  # type: ignore[arg-type] # each of them
        assert reason(check, plain("CLEAN1")) == (expected, "no-copy")
        assert reason(check, b"/x?") == (expected, "no-copy")


def test_an_expired_copy_is_as_none(tmp_path: Path) -> None:
    """I-29: a copy older than declared is not decided from, and the reason says so."""
    Path(tmp_path / "door").mkdir()
    with_age = Copy(tmp_path / "door", SITE, expires_after=-1)
    with_age.apply(batch(10, *FLEET))
    with_age.nothing_new()
    check = check_of(with_age, STRICT)
    assert reason(check, plain("CLEAN1")) == (503, "expired")
    assert ask(check, [], "/readyz")[0] == 503
    with_age.close()


def test_observing_refuses_nothing(copy: Copy, empty: Copy) -> None:
    """In observe mode every answer is 204, and says what enforcing would have answered."""
    rules = DoorRules("block", "block", mode="observe")
    status, told, _ = ask(check_of(copy, rules), headers(plain("TIKTOK1")))
    assert (status, told) == (204, {"verdict": "allow", "reason": "blocked", "would": "block"})
    status, told, _ = ask(check_of(copy, rules), headers(plain("CLEAN1")))
    assert (status, told) == (204, {"verdict": "allow", "reason": "clear"})
    status, told, _ = ask(check_of(empty, rules, kept="observe"), headers(plain("CLEAN1")))
    assert (status, told) == (204, {"verdict": "allow", "reason": "no-copy", "would": "undecided"})


def test_a_door_that_never_heard_of_its_site_answers_as_declared(empty: Copy) -> None:
    """I-29: without a copy, and never having had one, nobody knows the door's mode: it does what was declared."""
    for declared, status in (("undecided", 503), ("allow", 204), ("block", 403)):
        rules = DoorRules("block", "block", declared, mode="observe")  # type: ignore[arg-type] # each of them
        assert ask(check_of(empty, rules), headers(plain("CLEAN1")))[0] == status


def test_a_deadline_needs_no_message(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-9: a rule takes effect at its instant by the door's own time; before it the phone is only warned."""
    now = copy.time.now()
    copy.apply(batch(11, rule(4, now + 500), device("SOON1", "alice@example.com", rule=4), server_now=now))
    check = check_of(copy, STRICT)
    monkeypatch.setattr("gatepost.clock.system_now", lambda: now + 499)
    assert reason(check, plain("SOON1")) == (204, "warned")
    monkeypatch.setattr("gatepost.clock.system_now", lambda: now + 500)
    assert reason(check, plain("SOON1")) == (403, "blocked")


def test_broken_entries_are_undecided_and_counted(copy: Copy) -> None:
    """A device whose rule lacks its cell is no 500: the door cannot decide, and the counter shows it."""
    key, value = device("ODD1", "alice@example.com", rule=1)
    assert value is not None
    place = value.rindex((1).to_bytes(4, "little") + b"\0\0") + 4
    copy.apply(batch(11, (key, value[:place] + b"\x07\x00" + value[place + 2 :])))
    check = check_of(copy, STRICT)
    assert reason(check, plain("ODD1")) == (503, "error")
    assert check.counts["error"] == 1


def test_other_paths_are_not_there(copy: Copy, empty: Copy) -> None:
    """Without a body there are /check and two more: the process answers, and it can decide."""
    assert ask(check_of(copy, STRICT), [], "/") == (404, {"content-length": "0"}, b"")
    assert ask(check_of(copy, STRICT), [], "/healthz") == ask(check_of(copy, STRICT), [], "/readyz") == (204, {}, b"")
    assert ask(check_of(empty, STRICT), [], "/healthz") == (204, {}, b"")
    assert ask(check_of(empty, STRICT), [], "/readyz")[0] == 503


@given(st.binary(max_size=60), st.none() | st.binary(max_size=40), st.binary(max_size=6))
def test_any_bytes_get_an_answer(uri: bytes, authorization: bytes | None, version: bytes) -> None:
    """I-30: whatever a proxy hands on, the answer is one of 204, 403, 503 with a reason of the list."""
    check = check_of(NO_COPY, STRICT)
    sent = headers(b"/x?" + uri, ALICE if authorization is None else authorization)
    start = check.answer([*sent[:-1], (b"ms-asprotocolversion", version)])
    assert start["status"] in (204, 503)
    assert sum(check.counts.values()) == 1
    assert not check.counts["error"]
    event(str(start["status"]))


class _NoCopy(Copy):
    def __init__(self) -> None:
        self.reader, self.why_not = None, "no-copy"


NO_COPY = _NoCopy()


class Careful(Check):
    """The check without its short cut."""

    def _usual(self, headers: list[tuple[bytes, bytes]]) -> None:  # noqa: ARG002 # as it is called
        return None


SHAPES = [
    "/a?Cmd={c}&User={u}&DeviceId={d}&DeviceType=iPhone",
    "/a?User={u}&DeviceId={d}&DeviceType=SAMSUNG&Cmd={c}",
    "/a?Cmd={c}&User={u}&DeviceId={d}&DeviceType=x&Cmd={c}",
    "/a?DeviceType=x&DeviceId={d}&Cmd={c}",
    "/a?User={u}&DeviceId={d}&DeviceType=x",
    "/a?" + V140,
]


def test_the_short_cut_answers_as_the_long_way(copy: Copy) -> None:
    """I-1: the usual requests, decided from the bytes, get the answer that reading them in full would get."""
    usual, careful, cut = (
        check_of(copy, STRICT),
        Careful(Judge(copy, STRICT, "mail")),
        check_of(copy, STRICT),
    )
    taken: set[str] = set()

    @settings(max_examples=300)
    @given(
        st.sampled_from(SHAPES),
        st.sampled_from(
            ["CLEAN1", "clean1", "TIKTOK1", "WARNED1", "LATER1", "SHARED1", "NOBODY", "CL%45AN1", "A" * 70]
        ),
        st.sampled_from(["Sync", "ping", "Nothing", ""]),
        st.sampled_from(["x", "alice%40example.com", "a=b", "", "?;#", "\u00e9"]),
        st.sampled_from(
            ["Alice@Example.com", "alice@example.com", "CORP\\alice@example.com", "bob", "", "\u00c9", "a\0"]
        ),
        st.sampled_from([b"POST", b"POST", b"POST", b"post", b"GET"]),
        st.sampled_from([b"Basic ", b"Basic ", b"Basic ", b"basic ", b"Bearer ", b""]),
    )
    def compare(shape: str, eas_id: str, command: str, name: str, user: str, method: bytes, scheme: bytes) -> None:
        uri = shape.format(c=command, u=name, d=eas_id).encode()
        sent = headers(uri, scheme + basic(user).removeprefix(b"Basic "), method)
        assert usual.answer(sent) == careful.answer(sent)
        if short := cut._usual(sent):
            taken.add(dict(short["headers"])[b"x-gatepost-reason"].decode())

    compare()
    assert taken == {"clear", "warned"}
    assert usual.counts == careful.counts
    assert usual.counts["blocked"]
