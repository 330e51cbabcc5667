"""Following the site's change stream: the thread that keeps the door's copy up to date."""

import logging
import threading
from collections.abc import Callable
from typing import Final

import lmdb

from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch
from gatepost.doors.table import BatchRefused

__all__ = ["Batch", "Changes", "Confirm", "follow"]

Changes = Callable[[int], Batch | None]
"""Everything after a position, or a page of it; None or a batch without entries: nothing more. It must hand over a
batch (without entries, if need be) when the site's clock was moved."""

Confirm = Callable[[int, str], None]
"""Tells the site the door's position and problem ("" if it has none)."""

POLL: Final = 0.015
FIRST_WAIT: Final = 0.05
LONGEST_WAIT: Final = 2.0
"""Seconds."""

_log = logging.getLogger(__name__)


def follow(
    copy: Copy,
    changes: Changes,
    confirm: Confirm,
    *,
    retry_on: tuple[type[Exception], ...],
    stop: threading.Event,
    after_first_round: Callable[[], None] = lambda: None,
) -> None:
    """Apply what the stream brings until `stop` is set; returns then. Polls every 15 ms, waits longer while it fails.

    Whatever fails, the door goes on with its last good copy and says so in `copy.problem` (I-26). `retry_on` are the
    exceptions by which the site's absence shows; any other is logged too, and tried again all the same: a door that
    stopped following would never open again. `after_first_round` is called once, when the door has caught up or knows
    that it cannot.
    """
    expected: tuple[type[Exception], ...] = (*retry_on, OSError, lmdb.Error)
    told: tuple[int, str] | None = None
    wait = FIRST_WAIT
    first = True
    while not stop.is_set():
        more = failed = False
        try:
            more = _take(copy, changes)
            wait = FIRST_WAIT
        except BatchRefused as refused:
            copy.problem, failed = str(refused), True
        except expected as error:
            copy.problem, failed = f"the copy cannot be brought up to date: {error}", True
        except Exception as error:
            _log.exception("the copy cannot be brought up to date, for an unforeseen reason")
            copy.problem, failed = f"the copy cannot be brought up to date: {error!r}", True
        if (copy.position, copy.problem) != told and _tell(copy, confirm):
            told = (copy.position, copy.problem)
        if more:
            continue
        if first:
            first = False
            after_first_round()
        stop.wait(wait if failed else POLL)
        wait = min(2 * wait, LONGEST_WAIT) if failed else FIRST_WAIT


def _take(copy: Copy, changes: Changes) -> bool:
    """One step along the stream. True if there may be more at once."""
    batch = changes(copy.position)
    if batch is None:
        copy.nothing_new()
        return False
    copy.apply(batch)
    return bool(batch.entries)


def _tell(copy: Copy, confirm: Confirm) -> bool:
    """Whether the site now knows the position and the problem. What cannot be told is told at the next round."""
    try:
        confirm(copy.position, copy.problem)
    except Exception as error:
        _log.debug("the site cannot be told: %r", error)
        return False
    return True
