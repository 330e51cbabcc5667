"""Phones that wait for mail while they are blocked: SOGo holds their Ping, HAProxy ends it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from gatepost.doors.sessions.haproxy import HaproxySessions
from tests.doors.site import PENNY
from tests.doors.sogo.fronts import Front, a_front_of
from tests.journeys.program import eventually
from tests.servers.certificates import Authority, Certificate
from tests.servers.phone import Phone
from tests.servers.sogo import PACKAGES, Sogo

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "haproxy")]

BLOCKED = [f"PENNY{number}" for number in range(5)]
LET_IN = [f"UNKNOWN{number}" for number in range(5)]
WITHIN = 5.0
"""Seconds that the issue allows."""


@pytest.fixture
def front(
    sogo: Sogo, certificate: Certificate, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    home = tmp_path_factory.mktemp("front")
    with a_front_of("haproxy", home, sogo, certificate, authority.file) as started:
        yield started


class Waiting:
    """A phone with a Ping open. `ended`: when, 0 while it is open. `how`: the status of SOGo's answer, or "cut"."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self.ended, self.how = 0.0, ""
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        try:
            self.how = self._phone.ping(55)
        except requests.ConnectionError:
            self.how = "cut"
        self.ended = time.monotonic()

    def join(self) -> None:
        self._thread.join(60)


def test_open_pings_of_blocked_phones_end(front: Front) -> None:
    """I-28: of ten Pings that SOGo holds open, those of the phones that are blocked end within five seconds; the others
    go on, and hear of the next mail."""
    with ExitStack() as ends:
        # An inbox that nobody has opened yet: of one with mail, SOGo's workers differ in what is the newest.
        phones = {name: ends.enter_context(front.phone(name, PENNY)) for name in (*BLOCKED, *LET_IN)}
        for phone in phones.values():
            assert phone.sync() == []
        waiting = {name: Waiting(phone) for name, phone in phones.items()}
        held = HaproxySessions(front.home / "haproxy.sock")
        eventually(lambda: len(list(held.sessions())) == len(waiting), "all Pings are open")
        begin = time.monotonic()
        front.door.stream.write_text("later")
        blocked, let_in = [waiting[name] for name in BLOCKED], [waiting[name] for name in LET_IN]
        eventually(lambda: all(one.ended for one in blocked), "the blocked phones' Pings have ended", 2 * WITHIN)
        assert {one.how for one in blocked} == {"cut"}
        assert max(one.ended for one in blocked) - begin < WITHIN
        assert not any(one.ended for one in let_in)
        front.sogo.deliver(PENNY, "Somebody waits")
        for one in let_in:
            one.join()
        assert {one.how for one in let_in} == {"2"}
