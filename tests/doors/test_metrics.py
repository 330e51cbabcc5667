"""A door's figures, and how a process shows them."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatepost.core.figure import Figure, Shown
from gatepost.core.instant import DAY
from gatepost.doors import scrape
from gatepost.doors.authzen import door_authzen
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.judge import REASONS, Judge
from gatepost.doors.login import Login
from gatepost.doors.metrics import FIGURES, Counted, door_figures
from gatepost.doors.scrape import showing
from tests.doors.authzen_door import ask, by_device
from tests.doors.site import FLEET, SITE, basic, batch, plain
from tests.doors.test_check import STRICT
from tests.servers.ports import free_port, wait_for


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    opened = Copy(tmp_path / "door", SITE, DAY)
    yield opened
    opened.close()


class Door:
    """A judge, and all that counts beside it."""

    def __init__(self, copy: Copy) -> None:
        self.judge = Judge(copy, STRICT, "mail")
        self.check = Check(self.judge)
        self.logins = Login(self.judge, lambda *_: None)
        self.evaluated = dict.fromkeys(REASONS, 0)
        self.authzen = door_authzen(self.judge, "http://door.example", counts=self.evaluated)
        self.wrong = False

    def ask(self, device: str) -> None:
        headers = [(b"x-original-uri", plain(device)), (b"x-original-method", b"POST")]
        self.check.answer([*headers, (b"authorization", basic("alice@example.com"))])

    def figures(self) -> list[Shown]:
        answers = {"check": self.check.counts, "evaluation": self.evaluated}
        problems = {"copy": lambda: self.wrong}
        counted = Counted(answers, self.logins.counts, lambda: {"dovecot": 3}, problems)
        return list(door_figures(self.judge, counted))

    def values(self, figure: str) -> dict[tuple[str, ...], float]:
        return {shown.figure.name: dict(shown.values) for shown in self.figures()}[figure]


def get(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read().decode()


def test_every_figure_of_a_door_is_told(copy: Copy) -> None:
    """What the reference lists is what a door says, also one that never heard of its site: it has no silence yet."""
    door = Door(copy)
    assert tuple(shown.figure for shown in door.figures()) == FIGURES
    assert door.values("gatepost_door_can_decide") == {(): 0}
    assert door.values("gatepost_door_site_silence_seconds") == {}
    copy.apply(batch(10, *FLEET))
    copy.nothing_new()
    assert door.values("gatepost_door_can_decide") == {(): 1}
    assert door.values("gatepost_door_position") == {(): 10}
    assert 0 <= door.values("gatepost_door_site_silence_seconds")[()] < 60
    assert door.values("gatepost_door_sessions_ended_total") == {("dovecot",): 3}


def test_answers_are_counted_by_what_was_asked(copy: Copy) -> None:
    """Checks and evaluations are told apart; every reason is there from the first, so that a rate is right."""
    copy.apply(batch(10, *FLEET))
    copy.nothing_new()
    door = Door(copy)
    assert set(door.values("gatepost_door_answers_total")) == {
        (to, reason) for to in ("check", "evaluation") for reason in REASONS
    }
    for name in ("CLEAN1", "CLEAN1", "TIKTOK1", "NOBODY1"):
        door.ask(name)
    ask(door.authzen, by_device("TIKTOK1"))
    told = {key: count for key, count in door.values("gatepost_door_answers_total").items() if count}
    assert told == {
        ("check", "clear"): 2,
        ("check", "blocked"): 1,
        ("check", "unknown"): 1,
        ("evaluation", "blocked"): 1,
    }
    door.logins.counts["ok"] += 1
    told = door.values("gatepost_door_logins_total")
    assert told == {("ok",): 1, ("mismatch",): 0, ("disabled",): 0, ("unavailable",): 0}


def test_stance_and_problem_are_told_as_they_are(copy: Copy) -> None:
    """One stance is 1; something wrong is 1 without saying what, for a problem's text may name whatever broke."""
    door = Door(copy)
    assert door.values("gatepost_door_stance") == {("observe",): 0, ("enforce",): 1, ("open",): 0}
    door.judge.open(True)
    assert door.values("gatepost_door_stance") == {("observe",): 0, ("enforce",): 0, ("open",): 1}
    assert door.values("gatepost_door_problem") == {("copy",): 0}
    door.wrong = True
    assert door.values("gatepost_door_problem") == {("copy",): 1}


def test_figures_are_shown_at_their_own_address(copy: Copy) -> None:
    """Prometheus reads at /metrics what the door says and what the process costs, and nothing at another path."""
    door, port = Door(copy), free_port()
    with showing(("127.0.0.1", port), door.figures):
        wait_for(port)
        status, kind, text = get(port)
        assert (status, kind.partition(";")[0]) == (200, "text/plain")
        families = {family.name: family for family in text_string_to_metric_families(text)}
        names = {figure.name.removesuffix("_total") for figure in FIGURES}
        process = {name for name in families if name.startswith("process_")}
        assert names | process == set(families)
        assert process
        assert {figure.name: families[figure.name.removesuffix("_total")].documentation for figure in FIGURES} == {
            figure.name: figure.meaning for figure in FIGURES
        }
        assert families["gatepost_door_answers"].type == "counter"
        assert families["gatepost_door_position"].type == "gauge"
        assert get(port, accept="application/openmetrics-text")[2].endswith("# EOF\n")
        assert get(port, "/")[0] == get(port, "/metrics/more")[0] == 404
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_address_keeps_nobody_from_working(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process is for does not wait for its figures; they are shown as soon as the address is free."""
    monkeypatch.setattr(scrape, "AGAIN", 0.02)
    figure = Figure("gatepost_one", "One.")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        shown = showing(("127.0.0.1", port), lambda: [figure.is_(1)])
        shown.__enter__()
        time.sleep(0.1)
    wait_for(port)
    assert "gatepost_one 1.0" in get(port)[2]
    shown.__exit__(None, None, None)


def test_figures_that_cannot_be_read_break_nothing_else() -> None:
    """A fault while they are read is one answer with status 500; the next is asked for as before."""
    found: list[float] = []

    def read() -> list[Shown]:
        return [Figure("gatepost_one", "One.").is_(found[0])]

    port = free_port()
    with showing(("127.0.0.1", port), read):
        wait_for(port)
        assert get(port)[0] == 500
        found.append(7)
        assert "gatepost_one 7.0" in get(port)[2]


def test_ending_does_not_wait_for_a_reader() -> None:
    """Whoever holds a connection open keeps no process from ending."""
    port = free_port()
    before = set(threading.enumerate())
    with showing(("127.0.0.1", port), list), socket.socket() as idle:
        wait_for(port)
        idle.connect(("127.0.0.1", port))
        idle.sendall(b"GET /metrics HTTP/1.1\r\n")
        started = time.monotonic()
    assert time.monotonic() - started < 4
    assert set(threading.enumerate()) <= before
