"""Which sessions end, and when: the watch over a mail server that is a list."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gatepost import clock
from gatepost.core.instant import DAY, NEVER, SECOND
from gatepost.doors.entry import Batch, identity_key, mode_key
from gatepost.doors.judge import DoorRules
from gatepost.doors.sessions import watch as watch_module
from gatepost.doors.sessions.watch import PART, Session, SessionsUnknown, SessionWatch
from tests.doors.sessions.watching import Site
from tests.doors.site import FLEET, SITE, device, rule

ALICE = "alice@example.com"


class Listed:
    """A mail server that is a list. `stubborn`: it ends nothing. `fails`: raised instead of listing."""

    name = "a list"

    def __init__(self, *sessions: Session) -> None:
        self.open = list(sessions)
        self.ended: list[list[Session]] = []
        self.stubborn = False
        self.fails: Exception | None = None
        self.while_ending: Callable[[], object] = lambda: None
        self.looked: Callable[[], object] = lambda: None

    def sessions(self) -> Sequence[Session]:
        if self.fails:
            raise self.fails
        self.looked()
        return list(self.open)

    def end(self, sessions: Sequence[Session]) -> None:
        self.ended.append(list(sessions))
        if not self.stubborn:
            self.open = [session for session in self.open if session not in sessions]
        self.while_ending()


def of(*devices: str, user: str = ALICE, handle: str = "1") -> Session:
    return Session(handle, user, tuple(map(identity_key, devices)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as site:
        yield site


def test_what_the_door_would_refuse_ends(site: Site) -> None:
    """I-1, I-28: a session ends exactly when the judge answers block for its device and its login."""
    stay = [of("CLEAN1"), of("WARNED1"), of("LATER1"), of("SHARED1", user="bob"), of("NOBODYS")]
    end = [of("TIKTOK1"), of("CLEAN1", user="mallory"), of(), of("v140Device", "76313430446576696365")]
    server = Listed(*stay, *end)
    SessionWatch(site.judge, server).look()
    assert (server.open, server.ended) == (stay, [end])


def test_a_cloud_cache_s_id_is_judged_as_at_the_door(tmp_path: Path) -> None:
    """I-1: the id of a cloud cache is answered as unidentified where it is unknown, and by what holds of it where it is
    known, whatever the site does about unknown devices."""
    for on_unknown, on_unidentified, stay in (("block", "allow", 2), ("allow", "block", 0)):
        rules = DoorRules(on_unknown, on_unidentified, "undecided", DAY, "enforce")  # type: ignore[arg-type]
        with Site(tmp_path / on_unknown, *FLEET, rules=rules) as site:
            known = [of(name)._replace(shared=True) for name in ("NOBODYS", "CLEAN1", "TIKTOK1")]
            server = Listed(*known)
            SessionWatch(site.judge, server).look()
            assert server.open == known[:stay]


@pytest.mark.parametrize("stance", ["observe", "open"])
def test_nothing_ends_unless_the_door_enforces(site: Site, stance: str) -> None:
    """A door that observes, and one that somebody opened by hand, end nothing, but what a revoked password opened."""
    if stance == "open":
        site.judge.opened = True
    else:
        site.tell((mode_key("mail"), b"observe"))
    revoked = Session("9", ALICE, (b"p:gone",), revoked=True)
    server = Listed(of("TIKTOK1"), revoked)
    SessionWatch(site.judge, server).look()
    assert server.ended == [[revoked]]


@pytest.mark.parametrize(("declared", "ends"), [("undecided", 0), ("allow", 0), ("block", 2)])
def test_without_a_copy_only_a_declared_block_ends(tmp_path: Path, declared: str, ends: int) -> None:
    """I-29: an expired copy ends no session, unless the site declared that such a door blocks."""
    rules = DoorRules("allow", "block", declared, DAY, "enforce")  # type: ignore[arg-type]
    with Site(tmp_path, *FLEET, rules=rules) as site:
        site.copy.reader, site.copy.why_not = None, "expired"
        server = Listed(of("TIKTOK1", handle="1"), of("CLEAN1", handle="2"))
        SessionWatch(site.judge, server).look()
        assert sum(map(len, server.ended)) == ends


def test_a_retraction_saves_what_is_not_ended_yet(site: Site) -> None:
    """I-27, I-28: many sessions end in parts, and a retraction that comes meanwhile saves all the rest."""
    site.tell(*(device(f"B{number}", ALICE, rule=1) for number in range(3 * PART)))
    server = Listed(*(of(f"B{number}", handle=str(number)) for number in range(3 * PART)))
    server.while_ending = lambda: site.tell(rule(1, counts=False))
    SessionWatch(site.judge, server).look()
    assert list(map(len, server.ended)) == [PART]
    assert len(server.open) == 2 * PART


def test_a_session_that_goes_on_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not end within three seconds is a problem, by number and server; it is none once it has ended."""
    now = clock.boot_elapsed()
    monkeypatch.setattr("gatepost.clock.boot_elapsed", lambda: now)
    server = Listed(of("TIKTOK1"), of("CLEAN1", handle="2"))
    server.stubborn = True
    watch = SessionWatch(site.judge, server)
    for passed, problem in ((0, ""), (2 * SECOND, ""), (2 * SECOND, "1 open sessions of blocked devices at a list")):
        now += passed
        watch.look()
        assert watch.problem.startswith(problem)
        assert bool(watch.problem) == bool(problem)
    server.stubborn = False
    watch.look()
    watch.look()
    assert (watch.problem, server.open) == ("", [of("CLEAN1", handle="2")])


@pytest.mark.parametrize("failure", [SessionsUnknown("a list is away"), RuntimeError("a list is wrong")])
def test_whatever_fails_is_told_and_tried_again(
    site: Site, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure, foreseen or not, is the door's problem; the thread goes on, and the next look mends it."""
    server = Listed(of("TIKTOK1"))
    server.fails = failure
    watch = SessionWatch(site.judge, server)
    watch.look()
    assert str(failure) in watch.problem
    assert bool(caplog.records) == isinstance(failure, RuntimeError)
    server.fails = None
    watch.look()
    assert (watch.problem, server.open) == ("", [])


def test_a_failure_keeps_no_other_session_open(site: Site) -> None:
    """I-28: what cannot be ended is told, and everything else is ended all the same."""
    names = [f"B{number}" for number in range(2 * PART)]
    site.tell(*(device(name, ALICE, rule=1) for name in names))
    server = Listed(*(of(name, handle=name) for name in names))

    def fail_once() -> None:
        server.while_ending = lambda: None
        raise SessionsUnknown("the first part is refused")

    server.while_ending = fail_once
    watch = SessionWatch(site.judge, server)
    watch.look()
    assert (len(server.ended), watch.problem) == (2, "the first part is refused")
    watch.look()
    assert watch.problem == ""


def test_a_server_that_is_away_at_an_instant_is_not_asked_without_pause(site: Site) -> None:
    """An instant that passed while the server could not be asked waits for the next look, a second later."""
    server = Listed(of("SOON1"))
    effect = clock.system_now() + 400
    site.tell(device("SOON1", ALICE, rule=1, not_before=effect))
    watch = SessionWatch(site.judge, server)
    watch.look()
    assert watch._pause() <= 0.4
    server.fails = SessionsUnknown("away")
    while clock.system_now() < effect:
        time.sleep(0.01)
    watch.look()
    assert watch._pause() == watch_module.LOOK_EVERY
    watch.push(())
    assert not watch._woken.is_set()


def test_the_thread_looks_when_something_changed_and_at_instants(site: Site) -> None:
    """The copy's change, an instant that passes, and waking: each makes it look at once, and stopping ends it."""
    looked = threading.Semaphore(0)
    server = Listed()
    server.looked = looked.release
    watch = SessionWatch(site.judge, server)
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    try:
        assert looked.acquire(timeout=5)
        wakers: list[Callable[[], None]] = [lambda: watch.push([b"e:x"]), watch.wake]
        for wake in wakers:
            wake()
            assert looked.acquire(timeout=0.5), "well before the next look that is due anyway"
        watch.push(())
        assert not looked.acquire(timeout=0.3), "time passed is no change"
        server.open.append(of("SOON1"))
        effect = clock.system_now() + 300
        site.tell(device("SOON1", ALICE, rule=1, not_before=effect))
        watch.push([identity_key("SOON1")])
        assert looked.acquire(timeout=0.25)
        assert server.open
        assert looked.acquire(timeout=0.5)
        assert (server.open, clock.system_now() >= effect) == ([], True)
    finally:
        stop.set()
        watch.wake()
        thread.join(5)
    assert not thread.is_alive()


def test_a_door_that_begins_to_refuse_looks_at_once(site: Site) -> None:
    """I-28: closing the door again after it was opened by hand ends sessions without waiting for anything else."""
    looked = threading.Semaphore(0)
    server = Listed(of("TIKTOK1"))
    server.looked = looked.release
    site.judge.opened = True
    watch = SessionWatch(site.judge, server)
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    try:
        assert looked.acquire(timeout=5)
        watch.push(())
        assert not looked.acquire(timeout=0.2)
        site.judge.opened = False
        watch.push(())
        assert looked.acquire(timeout=5)
    finally:
        stop.set()
        watch.wake()
        thread.join(5)
    assert server.open == []


def test_an_instant_that_a_set_clock_passes_is_seen(site: Site) -> None:
    """In an exercise the site's clock jumps: a door that hears of it looks at once, as at any instant."""
    server = Listed(of("LATER1"))
    watch = SessionWatch(site.judge, server)
    watch.look()
    assert server.open
    site.copy.apply(Batch(SITE, site.copy.position, NEVER, NEVER, ()))
    watch.push(())
    assert watch._woken.is_set()
    watch.look()
    assert server.open == []


def test_an_idle_door_looks_seldom(site: Site) -> None:
    """A door that refuses nothing does not fill a mail server's log: it looks when something changes, and else twice a
    minute."""
    watch = SessionWatch(site.judge, Listed())
    watch.look()
    assert watch._pause() == watch_module.LOOK_EVERY
    site.judge.opened = True
    watch.look()
    assert watch._pause() == watch_module.LOOK_WHILE_OPEN_EVERY
