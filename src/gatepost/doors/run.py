"""The door's process: the check, and the thread that follows the site."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import uvicorn

from gatepost.doors import login
from gatepost.doors.authzen import door_authzen
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.feed import Changes, Follower
from gatepost.doors.glass import Watch, endings, forget
from gatepost.doors.haproxy.kept import KeptMaps
from gatepost.doors.judge import REASONS, DoorRules, Judge
from gatepost.doors.metrics import Counted, door_figures
from gatepost.doors.mode import KeptMode
from gatepost.doors.probe import Probe
from gatepost.doors.report import Report, Tell
from gatepost.doors.request import Sources
from gatepost.doors.serving import STOP_WITHIN, listen, serving
from gatepost.doors.sessions.watches import MailServers, Watches
from gatepost.doors.sightings import Sightings

LOOK_AT_AGE_EVERY: Final = 0.25
LOOK_AT_FILES_EVERY: Final = 0.05
STEP: Final = 0.1
"""Seconds."""

_log = logging.getLogger(__name__)


class Door(NamedTuple):
    """What a door is made of. `retry_on`: the exceptions by which the site's absence shows. `url`: where programs that
    ask by AuthZEN reach it. `servers`: where it ends open sessions. `maps`: the HAProxy that goes by its maps.
    `metrics`: where its figures are shown."""

    name: str
    listen: tuple[str, int]
    table: Path
    site: str
    rules: DoorRules
    changes: Changes
    tell: Tell
    retry_on: tuple[type[Exception], ...]
    sources: Sources = Sources()
    url: str = ""
    servers: MailServers = MailServers()
    maps: KeptMaps | None = None
    metrics: tuple[str, int] | None = None


def run_door(door: Door, ready: Callable[[], None]) -> None:
    """Answer checks until SIGTERM or SIGINT, then return.

    `ready` is called, from another thread, once checks are answered and the copy has caught up or is known to be all
    there is. `changes` and `tell` are called from threads of their own. OSError: the address is taken, or another door
    uses the copy.
    """
    with _signals_asking_to_end() as asked:
        copy = Copy(door.table, door.site, door.rules.copy_expires_after)
        judge = Judge(copy, door.rules, door.name)
        stop = threading.Event()
        glass = Watch(door.table, judge.open)
        sightings = Sightings(judge)
        watches = Watches(judge, door.servers)
        probe = Probe(door.table)
        maps = door.maps.keep(judge, sightings, probe.heard) if door.maps else None
        check = Check(judge, sightings.note, door.sources, probe, maps.behind if maps else str)
        logins, evaluated = login.Login(judge, sightings.see), dict.fromkeys(REASONS, 0)
        authzen = door_authzen(judge, door.url, sightings.see, evaluated)
        check.beside.update(dict.fromkeys(authzen.paths, authzen) | {login.PATH: logins})
        problems = {
            "copy": lambda: bool(copy.problem),
            "haproxy": lambda: bool(maps and maps.behind()),
            "sessions": lambda: bool(watches.problems()),
        }
        counted = Counted({"check": check.counts, "evaluation": evaluated}, logins.counts, watches.ended, problems)
        server = _Server(check, copy, asked)
        follower = Follower(
            copy,
            door.changes,
            _telling_of_glass(door),
            retry_on=door.retry_on,
            pushes=(KeptMode(door.table, judge).push, *([maps.push] if maps else []), *watches.pushes),
            sightings=sightings,
            opened=lambda: glass.opened,
            problems=watches.problems,
        )
        thread = threading.Thread(target=_follow, args=(server, follower, stop, ready), name="door-feed", daemon=True)
        try:
            listener = listen(door.listen)
            thread.start()
            looks = (glass.look, *([maps.show] if maps else []), probe.look)
            threading.Thread(target=_look, args=(stop, looks), name="door-look", daemon=True).start()
            watches.start(stop)
            with _showing(door, judge, counted):
                server.run(sockets=[listener])
        finally:
            stop.set()
            watches.wake()
            if maps:
                maps.close()
            server.open.set()
            if thread.ident is not None:
                thread.join(STOP_WITHIN)
            # A site that hangs must not keep the door from ending. What the follower may still use stays open then:
            # the process ends with it, and the copy is sound at any moment.
            if not thread.is_alive():
                copy.close()


def _showing(door: Door, judge: Judge, counted: Counted) -> contextlib.AbstractContextManager[None]:
    if door.metrics is None:
        return contextlib.nullcontext()
    from gatepost.doors.scrape import showing  # late: most doors show none

    return showing(door.metrics, lambda: door_figures(judge, counted))


def _follow(server: "_Server", follower: Follower, stop: threading.Event, ready: Callable[[], None]) -> None:
    server.open.wait()
    follower.run(stop, ready)


def _look(stop: threading.Event, looks: Sequence[Callable[[], None]]) -> None:
    """Look at files beside the copy, in a thread of its own: a disk may hang, and the site's database too."""
    while not stop.wait(LOOK_AT_FILES_EVERY):
        for look in looks:
            try:
                look()
            except Exception:  # a door that looked no more could not be opened by hand
                _log.exception("the files beside the copy cannot be looked at, for an unforeseen reason")


def _telling_of_glass(door: Door) -> Tell:
    """Tells of openings that ended too, each once."""

    def tell(report: Report) -> None:
        closed = endings(door.table)
        door.tell(report._replace(closed=closed))
        forget(door.table, closed)

    return tell


class _Server(uvicorn.Server):
    """uvicorn, with a look at the copy's age now and then. `open` is set once it listens."""

    def __init__(self, check: Check, copy: Copy, asked_to_end: threading.Event) -> None:
        self.open = threading.Event()
        self._copy = copy
        self._asked_to_end = asked_to_end
        super().__init__(serving(check))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        self._copy.read_in_thread(lambda act: _run_in(loop, act))
        self._watch = asyncio.create_task(self._look_at_age())
        self.open.set()
        self.should_exit = self.should_exit or self._asked_to_end.is_set()

    async def _look_at_age(self) -> None:
        while not self.should_exit:
            self._copy.check_age()
            await asyncio.sleep(LOOK_AT_AGE_EVERY)


def _run_in(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Run a function in the loop's thread and wait for it. OSError if the loop does not come to it (it has ended)."""
    done = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as failure:
            failures.append(failure)
        done.set()

    try:
        loop.call_soon_threadsafe(run)
    except RuntimeError as error:
        raise OSError("the door is closing") from error
    while not done.wait(STEP):
        if loop.is_closed():
            raise OSError("the door is closing")
    if failures:
        raise failures[0]


@contextlib.contextmanager
def _signals_asking_to_end() -> Iterator[threading.Event]:
    """Set by a signal that comes before the server takes them; and by the one that ended it, which uvicorn raises once
    more when it has ended and which must not kill the process then."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
