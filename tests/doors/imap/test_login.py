"""The door's answer to a login by a device password, without a mail server."""

import asyncio
import json
import string
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost import clock
from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from gatepost.doors.device_password import (
    ALPHABET,
    SECRET_LENGTH,
    SELECTOR_LENGTH,
    DevicePassword,
    fits,
    keep,
    new_password,
    read_password,
)
from gatepost.doors.entry import mode_key
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.login import MOST_BYTES, Login
from tests.doors.imap.passwords import ALICE, BOB, GONE, PASSWORDS, PHONE, SHARED, TABLET, WARNED, entries
from tests.doors.site import FLEET, SITE, batch

Seen = list[tuple[str, str, str, str]]

REFUSED = {"result": "disabled"}
MISMATCH = {"result": "mismatch"}


class Asked:
    """A door in enforce mode that a mail server asks. `seen`: what it told of logins."""

    def __init__(self, directory: Path, on_no_copy: Literal["allow", "block", "undecided"] = "undecided") -> None:
        self.copy = Copy(directory / "door", SITE, DAY)
        self.judge = Judge(self.copy, DoorRules("allow", "allow", on_no_copy, DAY, "enforce"), "mail")
        self.seen: Seen = []
        self.login = Login(self.judge, lambda *fields: self.seen.append(fields))

    def full(self) -> "Asked":
        self.copy.apply(batch(1, *FLEET, *PASSWORDS))
        self.copy.nothing_new()
        return self

    def ask(self, password: object, user: object = ALICE) -> dict[str, Any]:
        status, answer = self.post(json.dumps({"user": user, "password": password}).encode())
        assert status == 200
        return answer

    def post(self, *parts: bytes, method: str = "POST") -> tuple[int, dict[str, Any]]:
        """Status and body for a request whose body comes in these parts."""
        sent: list[Any] = []
        events = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        events.append({"type": "http.request", "body": b""})

        async def receive() -> Any:
            return events.pop(0)

        async def send(event: Any) -> None:
            sent.append(event)

        asyncio.run(self.login({"type": "http", "method": method, "path": "/login"}, receive, send))
        return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def door(tmp_path: Path) -> Asked:
    return Asked(tmp_path).full()


def test_a_password_opens_its_device_s_session(door: Asked) -> None:
    """The right password of a device that may gives the session's name, LOGIN+LABEL, and is seen."""
    assert door.ask(str(TABLET)) == {"result": "ok", "login": ALICE, "user": f"{ALICE}+tablet1"}
    assert door.ask(str(TABLET), "Alice") == {"result": "ok", "login": "alice", "user": "alice+tablet1"}
    assert door.seen[0] == (ALICE, "password", TABLET.selector, "clear")


def test_a_blocked_device_is_refused_and_the_other_is_not(door: Asked) -> None:
    """I-1: one device of a person blocked, another warned, the third undisturbed."""
    assert door.ask(str(PHONE)) == REFUSED
    assert door.ask(str(WARNED))["result"] == "ok"
    assert door.ask(str(TABLET))["result"] == "ok"
    assert [reason for *_, reason in door.seen] == ["blocked", "warned", "clear"]


def test_results_are_counted(door: Asked) -> None:
    """Each answer is counted by its result, and what is no question is not."""
    for password in (str(TABLET), str(TABLET), str(PHONE), "hunter2"):
        door.ask(password)
    door.post(b"no question")
    assert door.login.counts == {"ok": 2, "mismatch": 1, "disabled": 1, "unavailable": 0}


def test_what_is_no_password_matches_nothing(door: Asked) -> None:
    """A wrong secret, an unknown or revoked selector, an ordinary password, nothing: a mismatch, nothing seen."""
    wrong = DevicePassword(TABLET.selector, new_password().secret)
    for typed in (str(wrong), str(GONE), "hunter2", "", "\x00", "é" * 28, "a" * 4000, TABLET.selector):
        assert door.ask(typed) == MISMATCH, typed
    assert door.seen == []


def test_a_password_opens_its_owner_s_mail_only(door: Asked) -> None:
    """In every mode: not somebody else's, not that of a login which only looks like the owner's."""
    door.copy.apply(batch(2, (mode_key("mail"), b"observe")))
    for user in (BOB, "alice@other.example", "EXAMPLE\\alice", "", "\0", f"{ALICE}\0", " alice", "alice+x"):
        assert door.ask(str(TABLET), user) == MISMATCH, user
    assert {reason for *_, reason in door.seen} == {"foreign"}


def test_a_password_of_a_shared_device_opens_nothing(door: Asked) -> None:
    """A shared device has no logins, which a check takes for anybody's; a password of it must not be anybody's key."""
    assert door.ask(str(SHARED)) == MISMATCH
    door.copy.apply(batch(2, *entries(TABLET, "tablet1")))  # it became shared after the password was issued
    assert door.ask(str(TABLET)) == MISMATCH
    somebody_gone = entries(WARNED, "phone2", "\0")
    door.copy.apply(batch(3, *somebody_gone))
    assert door.ask(str(WARNED), "\0") == MISMATCH


def test_in_observe_mode_and_with_the_glass_broken_a_blocked_device_gets_in(door: Asked) -> None:
    """Only enforce mode refuses; what it would have refused is seen as such."""
    door.copy.apply(batch(2, (mode_key("mail"), b"observe")))
    assert door.ask(str(PHONE))["result"] == "ok"
    assert door.seen[-1][-1] == "blocked"
    door.copy.apply(batch(3, (mode_key("mail"), b"enforce")))
    assert door.ask(str(PHONE)) == REFUSED
    door.judge.open(True)
    assert door.ask(str(PHONE))["result"] == "ok"


def test_a_revoked_password_opens_nothing(door: Asked) -> None:
    """From the moment that the door's copy knows."""
    assert door.ask(str(TABLET))["result"] == "ok"
    door.copy.apply(batch(2, *((key, None) for key, _ in entries(TABLET, "tablet1"))))
    assert door.ask(str(TABLET)) == MISMATCH


@pytest.mark.parametrize(
    ("declared", "answer"), [("undecided", "unavailable"), ("block", "disabled"), ("allow", "unavailable")]
)
def test_without_a_copy_nobody_gets_in(
    declared: Literal["allow", "block", "undecided"], answer: str, tmp_path: Path
) -> None:
    """I-29: passwords are checked by the copy. Even where the site declares allow, nothing could be checked."""
    door = Asked(tmp_path, declared)
    assert door.ask(str(TABLET)) == {"result": answer}


def test_a_copy_that_expired_opens_nothing(door: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-29: the last good copy goes on for as long as the site allows, and not longer."""
    now = clock.boot_elapsed()
    monkeypatch.setattr(clock, "boot_elapsed", lambda: now + DAY - 1000)
    door.copy.check_age()
    assert door.ask(str(TABLET))["result"] == "ok"
    monkeypatch.setattr(clock, "boot_elapsed", lambda: now + DAY + 1000)
    door.copy.check_age()
    assert door.ask(str(TABLET)) == {"result": "unavailable"}


def test_what_is_no_question_is_answered_so(door: Asked) -> None:
    """Anything that is no JSON object with both texts, and what is too long, gets 400; a body may come in parts."""
    whole = json.dumps({"user": ALICE, "password": str(TABLET)}).encode()
    assert door.post(whole[:10], whole[10:])[1]["result"] == "ok"
    assert door.post(whole, method="GET")[0] == 400
    deep = b"[" * 4000
    for body in (b"", b"no", b"[]", b"{}", b'{"user": "alice"}', b'{"user": 1, "password": "x"}', deep):
        assert door.post(body)[0] == 400, body
    assert door.post(whole + b" " * MOST_BYTES)[0] == 400
    assert door.post(*[b" " * 1000] * 5, whole)[0] == 400
    assert door.post(b'{"user": "alice", "password": "\xff\\ud800"}') == (200, MISMATCH)
    assert door.post(b'{"user": "\\ud800", "password": "' + str(TABLET).encode() + b'"}') == (200, MISMATCH)


def test_an_answer_that_cannot_be_worked_out_is_unavailable(door: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks, nobody gets in by it, and the log says what it was."""

    def broken(_reason: str) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(door.judge, "answer", broken)
    assert door.ask(str(TABLET)) == {"result": "unavailable"}


# --- the passwords themselves


def test_a_password_has_its_bits_and_is_easy_to_type() -> None:
    """A public selector of 40 bits, a secret of 100, in 32 signs that no font confuses, grouped by four."""
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("01lo" + string.ascii_uppercase)
    assert (5 * SELECTOR_LENGTH, 5 * SECRET_LENGTH) == (40, 100)
    assert [len(group) for group in str(new_password()).split("-")] == [4] * 7
    assert len({new_password() for _ in range(100)}) == 100


WAYS = st.lists(st.sampled_from(["", "-", " ", "\u00a0", "\u2013", "- "]), min_size=28, max_size=28)


@given(gaps=WAYS, capitals=st.lists(st.booleans(), min_size=28, max_size=28))
def test_a_password_may_be_typed_in_many_ways(gaps: list[str], capitals: list[bool]) -> None:
    """Blanks, hyphens of any kind and capitals make no difference."""
    password = new_password()
    signs = password.selector + password.secret
    typed = [gap + (sign.upper() if big else sign) for gap, sign, big in zip(gaps, signs, capitals, strict=True)]
    assert read_password("".join(typed)) == password


@given(st.text(max_size=300))
def test_reading_what_is_typed_is_total(typed: str) -> None:
    """Whatever comes is read, or is no password; never an error."""
    password = read_password(typed)
    assert password is None or set(password.selector + password.secret) <= set(ALPHABET)


def test_the_same_secret_is_never_kept_twice_alike() -> None:
    """Each has a salt of its own; and only the secret itself fits."""
    password = new_password()
    first, second = keep(password.secret, "phone1"), keep(password.secret, "phone1")
    assert first.salt != second.salt
    assert first.digest != second.digest
    assert fits(password.secret, first)
    assert not fits(new_password().secret, first)
