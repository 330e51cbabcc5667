"""Whom HAProxy saw: it sends a line to this socket when somebody opens mail with something, not one for each request.

    STATUS REASON LOGIN IDS TYPE AGENT    the last four in base64, - for what there is not; IDS: the names of one
                                          device, with commas between, first the one by which it is known: c:HEX, as it
                                          is, for a client certificate

New is (login, device) that it has not seen for ten minutes, and of the others every `EVERY`th request, as its
configuration counts them. A request that the mail server answered with 401 opened no mail, so nothing was seen.

Whoever can write to the socket can make sightings up, which people read and the share of unmanaged devices is counted
from; no decision rests on them. Who HAProxy runs as is not known here: a directory that was given to its group keeps
everybody else out, and without one anybody on this machine may write.
"""

import contextlib
import logging
import os
import socket
import threading
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gatepost.doors.entry import CERTIFICATE
from gatepost.doors.judge import REASONS
from gatepost.doors.sightings import Sightings

SOCKET: Final = "seen"
EVERY: Final = 64
LONGEST: Final = 4096
"""Bytes of a line."""

AGAIN_AFTER: Final = 0.1
"""Seconds after a line that could not be taken: a socket that is broken for good must not take all of a processor."""

_log = logging.getLogger(__name__)

_NO_DEVICE: Final = frozenset({"unidentified", "shared"})
"""There is none, or its id stands for many phones."""

_UNAUTHORIZED: Final = b"401"


OfDoctor = Callable[[str, str], bool]
"""Takes a login and a reason; whether that request was the doctor's (see probe.py), which is nobody's."""


def nobody_s(_login: str, _reason: str) -> bool:
    """Where no doctor asks."""
    return False


class Seen:
    """`directory`: of HAProxy's maps. Listens from the start; `run` in a thread of its own, until `close`."""

    def __init__(self, directory: Path, sightings: Sightings, of_doctor: OfDoctor = nobody_s) -> None:
        """OSError."""
        self._sightings, self._of_doctor = sightings, of_doctor
        self._path = directory / SOCKET
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._closing = threading.Event()
        try:
            self._socket.bind(str(self._path))
            _give_to_group(self._path)
        except OSError as error:
            self._socket.close()
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def run(self) -> None:
        with self._socket:
            while not self._closing.is_set():
                try:
                    self.take(self._socket.recv(LONGEST))
                except Exception:  # whatever it was: a thread that ended would see nobody any more, and say nothing
                    if not self._closing.is_set():
                        _log.exception("a line from HAProxy cannot be taken")
                        self._closing.wait(AGAIN_AFTER)

    def close(self) -> None:
        """`run` ends."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)
        self._path.unlink(missing_ok=True)

    def take(self, line: bytes) -> None:
        """One line; whatever is none is left."""
        fields = line.rstrip(b"\n").split(b" ")
        if len(fields) != 6:
            return
        reason = fields[1].decode("ascii", "replace")
        if reason not in REASONS or reason == "passed-on":
            return
        if self._of_doctor(_text(fields[2]), reason) or fields[0] == _UNAUTHORIZED:
            return
        fields[3] = fields[3].partition(b",")[0]
        login, identity, device_type, agent = map(_text, fields[2:])
        kind = "activesync" if identity and reason not in _NO_DEVICE else ""
        if fields[3].startswith(CERTIFICATE):
            kind, identity = "certificate", fields[3][len(CERTIFICATE) :].decode("ascii", "replace")
        self._sightings.see(login, kind, identity if kind else "", reason, device_type=device_type, user_agent=agent)


def _give_to_group(path: Path) -> None:
    """Let the group write whose directory it is in, or anybody where that is no group but the door's own. OSError."""
    group = path.parent.stat().st_gid
    if group == os.getegid():
        path.chmod(0o666)
        return
    if path.stat().st_gid != group:  # a directory with the set-group-ID bit gives it by itself
        os.chown(path, -1, group)
    path.chmod(0o660)


def _text(field: bytes) -> str:
    try:
        return b64decode(field, validate=True).decode("utf-8", "replace")
    except Error:  # -, or cut
        return ""
