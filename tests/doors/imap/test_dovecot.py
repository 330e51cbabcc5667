"""Device passwords at a real Dovecot, which runs what `gatepost door config dovecot` writes."""

import imaplib
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatepost.config.kinds import Address
from gatepost.doors.device_password import DevicePassword, new_password
from gatepost.doors.fronts import CHECKED_BY, FrontUnfit, files
from tests.doors.away import answering
from tests.doors.imap.door import Door
from tests.doors.imap.passwords import ALICE, BOB, BOBS, GONE, PHONE, TABLET, WARNED
from tests.servers.daemon import found
from tests.servers.dovecot import Dovecot
from tests.servers.front import a_front

pytestmark = [pytest.mark.needs(package) for package in ("dovecot-imapd", "dovecot-auth-lua", "lua-cjson")]

NO = "AUTHENTICATIONFAILED"
LATER = "UNAVAILABLE"
PENALTY = 6
"""Seconds: less than a login waits after that many refused ones where Dovecot counts them (8, measured)."""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with Door(tmp_path) as running:
        yield running


@pytest.fixture
def dovecot(door: Door) -> Iterator[Dovecot]:
    with Dovecot(door.port, [ALICE, BOB]) as running:
        yield running


def opened(dovecot: Dovecot, password: DevicePassword | str, user: str = ALICE) -> imaplib.IMAP4:
    """An IMAP session."""
    session = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=60)
    try:
        session.login(user, str(password))
    except imaplib.IMAP4.error:
        session.shutdown()
        raise
    return session


def login(dovecot: Dovecot, password: DevicePassword | str, user: str = ALICE) -> str:
    """What comes of a login: ok, or the response code of RFC 5530."""
    try:
        session = opened(dovecot, password, user)
    except imaplib.IMAP4.error as refused:
        return str(refused).partition("[")[2].partition("]")[0]
    session.logout()
    return "ok"


def subjects(session: imaplib.IMAP4) -> list[str]:
    """Of all that is in the inbox."""
    session.select()
    _, found_mails = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    return [part[1].decode().strip().removeprefix("Subject: ") for part in found_mails if isinstance(part, tuple)]


def test_a_device_reads_its_person_s_mail(door: Door, dovecot: Dovecot) -> None:
    """A real mail, by the person's login and the device's password; the session is named LOGIN+LABEL and was seen."""
    dovecot.deliver(ALICE, "Lunch")
    dovecot.deliver(BOB, "Not hers")
    session = opened(dovecot, TABLET)
    assert subjects(session) == ["Lunch"]
    session.logout()
    assert f"Login: user=<{ALICE}+tablet1>" in dovecot.log
    assert login(dovecot, str(TABLET).upper().replace("-", " "), "Alice@Example.COM") == "ok"
    door.seen(TABLET.selector)


def test_wrong_passwords_are_refused(door: Door, dovecot: Dovecot) -> None:
    """A wrong secret, an unknown password, somebody else's, none at all; and one that is revoked, from then on."""
    wrong = DevicePassword(TABLET.selector, new_password().secret)
    tries = [(wrong, ALICE), (GONE, ALICE), (BOBS, ALICE), (TABLET, BOB), ("hunter2", ALICE), ('"\\{1}', ALICE)]
    with ThreadPoolExecutor(len(tries)) as pool:
        answers = list(pool.map(lambda one: login(dovecot, *one), tries))
    assert answers == [NO] * len(tries)
    assert login(dovecot, TABLET) == "ok"
    door.tell("revoked")
    assert login(dovecot, TABLET) == NO


def test_one_device_of_a_person_is_blocked_and_the_others_go_on(door: Door, dovecot: Dovecot) -> None:
    """The blocked phone is refused; tablet and warned phone of the same person open mail, as does a colleague."""
    tablet = opened(dovecot, TABLET)
    assert login(dovecot, PHONE) == NO
    assert [login(dovecot, WARNED), login(dovecot, TABLET), login(dovecot, BOBS, BOB)] == ["ok"] * 3
    dovecot.deliver(ALICE, "Still here")
    assert subjects(tablet) == ["Still here"]
    tablet.logout()
    door.tell("retracted")
    assert login(dovecot, PHONE) == "ok"


def test_in_observe_mode_the_blocked_phone_gets_in(door: Door, dovecot: Dovecot) -> None:
    """A door that observes refuses no device; a wrong password stays wrong."""
    door.tell("observed")
    assert login(dovecot, PHONE) == "ok"
    assert login(dovecot, GONE) == NO


BOBS_SESSION = b'{"result": "ok", "login": "bob@example.com", "user": "bob@example.com+phone1"}'
BODIES = (b"", b"{", b"[]", b'{"result": "ok"}', b'{"result": {}}', BOBS_SESSION)
STATUSES = ("200 OK", "302 Found\r\nLocation: http://127.0.0.1:1/", "503 Not now")


def test_no_odd_answer_lets_anybody_in() -> None:
    """I-29: only what the door says in so many words, and of this user; anything else is UNAVAILABLE."""
    answers = [
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        for status in STATUSES
        for body in BODIES
    ]
    with answering(*answers) as port, Dovecot(port, [ALICE]) as dovecot, ThreadPoolExecutor(len(answers)) as pool:
        tries = [pool.submit(login, dovecot, TABLET) for _ in answers]
        assert [one.result() for one in tries] == [LATER] * len(answers)
        assert dovecot.log.count("the door cannot decide") == len(answers)


def test_a_door_that_comes_back_lets_in_again(door: Door, dovecot: Dovecot) -> None:
    """I-26: from the copy that it kept, without its site."""
    door.stop()
    assert login(dovecot, TABLET) == LATER
    door.start()
    assert login(dovecot, TABLET) == "ok"
    assert login(dovecot, PHONE) == NO


def test_refused_logins_slow_no_colleague(door: Door, dovecot: Dovecot) -> None:
    """Twenty refused logins from an address, and a colleague behind it gets in at once: there is no auth penalty."""
    typed = [PHONE, *(DevicePassword(TABLET.selector, new_password().secret) for _ in range(19))]
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda password: login(dovecot, password), typed)) == [NO] * 20
    started = time.monotonic()
    assert login(dovecot, BOBS, BOB) == "ok"
    assert time.monotonic() - started < PENALTY


def test_many_logins_at_once_and_one_after_the_other(door: Door, dovecot: Dovecot) -> None:
    """A worker asks many times by one connection, and many workers ask at once; none mixes up whose answer it has."""
    people = [(TABLET, ALICE), (BOBS, BOB), (WARNED, ALICE)] * 20
    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(lambda one: login(dovecot, *one), people)) == ["ok"] * len(people)
    names = re.findall(r"Login: user=<([^>]+)>", dovecot.log)
    assert {name: names.count(name) for name in names} == {
        f"{ALICE}+tablet1": 20,
        f"{BOB}+phone1": 20,
        f"{ALICE}+phone2": 20,
    }


# --- what is written


def written(**front: Any) -> dict[str, str]:
    return {name: content.decode() for name, content in files("dovecot", a_front(1, 8181, 2, **front)).items()}


def test_dovecot_s_own_check_takes_the_files(tmp_path: Path) -> None:
    """`doveconf` reads the file without a word of complaint; an IPv6 address is written as each wants it."""
    key = tmp_path / "key"
    key.write_text("secret")
    loopback = {"check": Address("::1", 8181), "sasl": Address("::1", 12345), "doveadm": "http://[::1]:8080"}
    content = written(doveadm_key_file=key, **loopback)
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    command = CHECKED_BY["dovecot"].format(file=next(iter(content))).split()
    done = subprocess.run([found(command[0]), *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "auth_cache_size" not in done.stdout  # 0 is the default: nothing is let in from memory
    assert "http://[::1]:8181/login" in content["gatepost.lua"]


def test_what_the_files_lack_is_refused(tmp_path: Path) -> None:
    """Settings that Dovecot could not be told of are refused before anything is written."""
    key = tmp_path / "key"
    key.write_text("secret\n")
    for front in (
        {"dovecot_script": Path("/etc/with blank/gatepost.lua")},
        {"doveadm": "http://127.0.0.1:8080"},
        {"doveadm": "https://127.0.0.1:8080", "doveadm_key_file": Path("/etc/key")},
        {"doveadm": "http://127.0.0.1", "doveadm_key_file": Path("/etc/key")},
        {"doveadm": "http://127.0.0.1:8080", "doveadm_key_file": key},
    ):
        with pytest.raises(FrontUnfit):
            written(**front)
    assert "doveadm" not in written()["gatepost.conf"]


@pytest.mark.parametrize("declared", ["allow", "block", "undecided"])
def test_what_happens_without_the_door_stands_in_the_file(declared: Any) -> None:
    """I-29: whatever the site declares for its doors, the file says what Dovecot does."""
    rules = a_front(1, 2, 3).rules
    text = written(rules=type(rules)("allow", "block", declared))["gatepost.conf"]
    assert "NO [UNAVAILABLE]" in text
    assert f"(Here: {declared}.)" in text
