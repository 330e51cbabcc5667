"""Following the site's change stream: the thread that keeps the door's copy, and what hangs on it, up to date.

Another thread tells the site how the door stands: that waits for the site's one writer, and a retraction that takes
long to write must find the door following.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

import lmdb

from gatepost import clock
from gatepost.core.instant import SECOND, Duration
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch
from gatepost.doors.report import Opened, Report, Tell
from gatepost.doors.sightings import Sightings
from gatepost.doors.table import BatchRefused

__all__ = ["Batch", "Changes", "DevicesBehind", "Follower", "Push"]

Changes = Callable[[int], Batch | None]
"""Everything after a position, or a page of it; None or a batch without entries: nothing more. It must hand over a
batch (without entries, if need be) when the site's clock was moved."""


class DevicesBehind(OSError):
    """Many devices are on their way to a program that goes by the copy."""


Push = Callable[[Sequence[bytes]], None]
"""Brings another program that goes by the copy (HAProxy's maps) up to date: these keys changed, or none did and time
passed. OSError: it cannot; it is called again, and knows by itself what it still owes. DevicesBehind: it goes by the
rules as they are, and so by every retraction, but not by all devices yet."""

POLL: Final = 0.015
FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 2.0
"""Seconds."""

LOOK: Final = 0.1
"""Seconds between two looks at whether there is something to tell, besides the news of the stream."""

TELL_EVERY: Final[Duration] = SECOND
"""How long sightings are gathered, and what else is no hurry."""

CALL_EVERY: Final[Duration] = 30 * SECOND
"""How often a door without news is heard of."""

_log = logging.getLogger(__name__)


class Follower:
    """`retry_on`: the exceptions by which the site's absence shows. `opened` gives how the glass stands,
    `problems` what else is wrong at this door besides its copy."""

    def __init__(
        self,
        copy: Copy,
        changes: Changes,
        tell: Tell,
        *,
        retry_on: tuple[type[Exception], ...],
        pushes: Sequence[Push] = (),
        sightings: Sightings | None = None,
        opened: Callable[[], Opened | None] = lambda: None,
        problems: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._copy, self._changes, self._tell, self._pushes = copy, changes, tell, pushes
        self._sightings, self._opened, self._problems = sightings, opened, problems
        self._expected: tuple[type[Exception], ...] = (*retry_on, OSError, lmdb.Error)
        # As of the end of the last round, and replaced as a whole: it is told by another thread.
        self._stood = Report(copy.position, copy.problem, erasures=copy.erasures, stream=copy.site)
        self._told: Report | None = None
        self._told_at = -CALL_EVERY
        self._news = threading.Event()

    def run(self, stop: threading.Event, after_first_round: Callable[[], None] = lambda: None) -> None:
        """Apply what the stream brings until `stop` is set. Polls every 15 ms, waits longer while it fails.

        Whatever fails, the door goes on with its last good copy and says so in `copy.problem` (I-26).
        `after_first_round` is called once, when the door has caught up or knows that it cannot.
        """
        telling = threading.Thread(target=self._keep_telling, args=(stop,), name="door-tell", daemon=True)
        telling.start()
        wait = FIRST_WAIT
        first = True
        while not stop.is_set():
            more, failed = self._round()
            if more or failed:
                self._news.set()
            if more and not failed:
                continue
            if first:
                first = False
                after_first_round()
            stop.wait(wait if failed else POLL)
            wait = min(2 * wait, LONGEST_WAIT) if failed else FIRST_WAIT
        self._news.set()
        telling.join()

    def _round(self) -> tuple[bool, bool]:
        """One step along the stream: whether there may be more at once, and whether it failed.

        An unforeseen exception is logged and tried again too: a door that stopped following would never open again.
        """
        try:
            keys = self._take()
        except BatchRefused as refused:
            self._copy.problem = str(refused)
        except self._expected as error:
            self._copy.problem = f"the copy cannot be brought up to date: {error}"
        except Exception as error:
            _log.exception("the copy cannot be brought up to date, for an unforeseen reason")
            self._copy.problem = f"the copy cannot be brought up to date: {error!r}"
        else:
            # What hangs on the copy and cannot be reached does not slow the following down: it tries again by itself.
            self._push(keys)
            return bool(keys), False
        self._push(())  # time passes for what hangs on the copy, whether the site is there or not
        return False, True

    def _take(self) -> Sequence[bytes]:
        batch = self._changes(self._copy.position)
        if batch is None:
            self._copy.nothing_new()
        else:
            self._copy.apply(batch)
        self._copy.write_anew()
        return [key for key, _ in batch.entries] if batch else ()

    def _push(self, keys: Sequence[bytes]) -> None:
        """Once everything that hangs on the copy is where the copy is, and only then, the position is told (I-27)."""
        position, clean = self._copy.position, self._copy.erasures
        good = ruled = True
        for push in self._pushes:
            try:
                push(keys)
            except DevicesBehind as behind:
                self._copy.problem, good = str(behind), False
            except OSError as error:
                self._copy.problem, good, ruled = str(error), False, False
            except Exception as error:
                _log.exception("what hangs on the copy cannot be brought up to date, for an unforeseen reason")
                self._copy.problem, good, ruled = f"what hangs on the copy is behind: {error!r}", False, False
        stood = self._stood._replace(problem=self._copy.problem)
        if ruled:
            stood = stood._replace(rules=position)
        self._stood = stood._replace(position=position, erasures=clean) if good else stood

    def _keep_telling(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._news.clear()
            self._report()
            self._news.wait(LOOK)
        self._report(last=True)

    def _report(self, *, last: bool = False) -> None:
        # What cannot be told is told at the next round, whatever keeps it from that: the door goes on.
        try:
            stood = self._stood
            problem = "; ".join(filter(None, (stood.problem, *self._problems())))
            report = stood._replace(problem=problem, opened=self._opened())
            since = clock.boot_elapsed() - self._told_at
            seen = self._seen() if last or since >= TELL_EVERY else Report(0, "")
            news = bool(seen.sightings or seen.dropped)
            if report == self._told and since < CALL_EVERY and not news:
                return
            self._tell(report._replace(sightings=seen.sightings, dropped=seen.dropped))
        except Exception as error:
            _log.debug("the site cannot be told: %r", error)
            return
        self._told, self._told_at = report, clock.boot_elapsed()
        if self._sightings:
            self._sightings.told(seen.sightings, seen.dropped)

    def _seen(self) -> Report:
        """A report of nothing but what was seen."""
        found = self._sightings
        return Report(0, "", found.owed(), dropped=found.dropped) if found else Report(0, "")
