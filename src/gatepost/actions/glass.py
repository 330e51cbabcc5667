"""Break-glass: doors are opened at their own machine with everything else down, and the ledger has it afterwards."""

import http.client
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from gatepost.actions.change import Change
from gatepost.clock import boot_elapsed, pause, system_now
from gatepost.config.kinds import Address
from gatepost.config.settings import DoorProcess
from gatepost.core.instant import Instant
from gatepost.core.ledger.door_events import DoorClosed, DoorOpened
from gatepost.core.ledger.leaf import parse
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.doors.glass import break_glass, mend, somebody
from gatepost.doors.report import Closed, Opened, Report
from gatepost.storage import feed, ledger

ANSWER_WITHIN: Final = 3000
"""Milliseconds in which a running door has to say that it stands as it should."""

_TIMEOUT: Final = 1.0
"""Seconds for one question."""


@dataclass(frozen=True, slots=True)
class Glass:
    """What was done at one door.

    `stands`: what its process says of itself: open, enforce or observe, or "" if it does not answer. `lasts`: the
    opening outlasts a restart of the machine. `maps`: HAProxy asks maps that only the running process can open.
    `behind`: why HAProxy does not stand so, "" if it does or there is none.
    """

    door: str
    stands: str
    since: str
    by: str
    reason: str
    lasts: bool
    maps: bool
    behind: str


def open_door(name: str, door: DoorProcess, reason: str, wait: Callable[[float], None] = pause) -> Glass:
    """Let everything pass at this door of this machine. Needs nothing but a place for a small file. OSError."""
    opened, lasts = break_glass(door.table, system_now(), somebody(), reason)
    stands, behind = _stands(door, wait, lambda stance: stance == "open")
    since, maps = instant_text(opened.at), door.haproxy_files is not None
    return Glass(name, stands, since, opened.by, opened.reason, lasts, maps, behind)


def close_door(name: str, door: DoorProcess, wait: Callable[[float], None] = pause) -> Glass | Refusal:
    """Let the door go by its copy again. OSError."""
    closed = mend(door.table, system_now(), somebody())
    if closed is None:
        text = f"Door {name} does not stand open: on this machine nobody broke its glass."
        return Refusal(Code.DOOR_NOT_OPEN, text)
    stands, behind = _stands(door, wait, lambda stance: stance != "open")
    at, maps = instant_text(closed.at), door.haproxy_files is not None
    return Glass(name, stands, at, closed.by, closed.opened.reason, True, maps, behind)


def _stands(door: DoorProcess, wait: Callable[[float], None], good: Callable[[str], bool]) -> tuple[str, str]:
    """How a door's process stands, and why what hangs on it does not; once all of it stands well or has had its time.
    "" if none answers."""
    started = boot_elapsed()
    while True:
        told = stance_of(door.listen)
        stands, behind = str(told.get("stance", "")), str(told.get("behind", ""))
        if not stands or (good(stands) and not behind) or boot_elapsed() - started >= ANSWER_WITHIN:
            return stands, behind
        wait(0.02)


def stance_of(listen: Address) -> dict[str, Any]:
    """What a door's process says of itself (GET /stance); {} if none answers, or something else does."""
    connection = http.client.HTTPConnection(listen.host, listen.port, timeout=_TIMEOUT)
    with closing(connection):
        try:
            connection.request("GET", "/stance")
            answer = connection.getresponse()
            told = json.loads(answer.read(100_000)) if answer.status == 200 else {}
        except (OSError, http.client.HTTPException, ValueError):
            return {}
    return told if isinstance(told, dict) and "stance" in told else {}


def glass_differs(known: feed.KnownDoor, report: Report) -> bool:
    """Whether a door tells something of its glass that is not recorded."""
    return bool(report.closed) or (report.opened and report.opened.at) != known.opened_at


def record_glass(change: Change, name: str, report: Report) -> None:
    """Write what a door tells of its glass in the ledger, each opening and closing once (I-31)."""
    stood = feed.known_doors(change.conn)[name].opened_at
    for ended in report.closed:
        if _recorded(change, name, ended):
            continue
        if stood != ended.opened.at:
            _record_opened(change, name, ended.opened)
        change.record(DoorClosed(name, _by_site(change, ended.at), change.words(ended.by)))
        stood = None
    opened = report.opened
    if opened is None:
        if stood is not None:  # the file was taken away by hand
            change.record(DoorClosed(name, change.now, ""))
        feed.set_open(change.conn, name, None)
    elif stood != opened.at:
        _record_opened(change, name, opened)
        feed.set_open(change.conn, name, opened.at, opened.by, opened.reason)


def _record_opened(change: Change, name: str, opened: Opened) -> None:
    who, why = change.words(opened.by), change.words(opened.reason)
    change.record(DoorOpened(name, _by_site(change, opened.at), who, why))


def _by_site(change: Change, at: Instant) -> Instant:
    """An instant of the machine's clock by the site's, which an exercise moves."""
    return at + change.site.clock.offset


def _recorded(change: Change, name: str, ended: Closed) -> bool:
    """A door that was killed before it forgot an opening tells of it again."""
    events = (parse(row.leaf).event for row in ledger.rows(change.conn, events=("DoorClosed",)))
    known = {(event.door, event.since) for event in events if isinstance(event, DoorClosed)}
    return (name, _by_site(change, ended.at)) in known
