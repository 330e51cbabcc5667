r"""ActiveSync requests that HAProxy holds open (Ping, hanging Sync), by its stats socket (management.txt 9.3).

HAProxy cannot find a request by its device. So its configuration (doors/fronts/haproxy.py) tracks each request that it
let in, by `track-sc0`, in the stick table TABLE, whose entries have this key:

    %rt|%ci:%cp|LOGIN|DEVICES|     or with REASON| behind it. LOGIN: base64 of the user's name; DEVICES: base64 of the
                                   ActiveSync id, or of each of its names, with commas between; before them c:HEX for
                                   a client certificate; REASON: of REASONS, why it was let in

Base64, because names come from clients (I-36). A key that HAProxy cut has no bar at its end, or is as long as a key can
be: it names nobody, and its request ends once the door refuses anything. Longer names would otherwise be a way to go on
after a block. An entry counts as open while a stream holds it (use=1), however long ago it expired.

`%rt` numbers a stream, and `show sess POINTER` tells that number, but `shutdown session` wants the pointer, and a
pointer is used again when its stream ended. So: find pointers by the client's address, keep those whose stream has the
number, and shut these down at once. One stream of an HTTP/2 connection, or one request on a connection that several
people share, is ended without the others.
"""

import binascii
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from gatepost.doors.entry import CERTIFICATE, identity_key
from gatepost.doors.haproxy.socket import converse
from gatepost.doors.sessions.watch import Session, SessionsUnknown

TABLE: Final = "gatepost_sessions"
LONGEST_KEY: Final = 1000
"""Bytes, as the table is declared: what names a person and a device takes a third of it."""

AT_ONCE: Final = 200
"""Commands on one line, which must fit HAProxy's buffer (16 kB)."""

_ENTRY: Final = re.compile(rb"^0x[0-9a-f]+: key=((?:\\.|[^\\ \n])*) use=([0-9]+) ", re.MULTILINE)
_ESCAPED: Final = re.compile(rb"\\(.)")
_STREAM: Final = re.compile(rb"^(0x[0-9a-f]+): proto=\S+ src=(\S+) .* age=(\S+) ", re.MULTILINE)
_NUMBERED: Final = re.compile(rb"^(0x[0-9a-f]+): \[[^]]*\] id=([0-9]+) ", re.MULTILINE)
_YOUNG: Final = b"0s"
"""Age of a stream that began less than a second ago. It is left alone: it was let in, most end by themselves, and a
mail whose sending is cut is sent twice. If it is held open, the next look ends it."""


class HaproxySessions:
    """`socket_path`: a stats socket of level admin."""

    def __init__(self, socket_path: Path) -> None:
        self.name = f"HAProxy ({socket_path})"
        self._socket_path = socket_path

    def sessions(self) -> Sequence[Session]:
        """Every request that is being answered now. SessionsUnknown."""
        listed = self._ask(f"show table {TABLE}")
        if not listed.startswith(b"# table: "):
            raise SessionsUnknown(
                f"open sessions at {self.name} cannot be ended: it keeps no list of them. Write its configuration anew"
                " by `gatepost door config haproxy` and reload it"
            )
        return [_session(_ESCAPED.sub(rb"\1", key)) for key, uses in _ENTRY.findall(listed) if uses != b"0"]

    def end(self, sessions: Sequence[Session]) -> None:
        """SessionsUnknown."""
        wanted = {tuple(session.handle.encode().split(b"|")) for session in sessions}
        sources = {source for _, source in wanted}
        found = {
            pointer: source
            for pointer, source, age in _STREAM.findall(self._ask("show sess"))
            if source in sources and age != _YOUNG
        }
        for pointers in _parts(list(found)):
            numbers = _NUMBERED.findall(self._ask(";".join(f"show sess {pointer.decode()}" for pointer in pointers)))
            doomed = [pointer.decode() for pointer, number in numbers if (number, found[pointer]) in wanted]
            if doomed:
                self._end(doomed)

    def _end(self, pointers: Sequence[str]) -> None:
        said = self._ask(";".join(f"shutdown session {pointer}" for pointer in pointers)).strip()
        if b"ermission denied" in said:
            raise SessionsUnknown(
                f"open sessions at {self.name} cannot be ended: it says {said[:80].decode('latin-1')!r}. Its `stats"
                " socket` needs `level admin`"
            )

    def _ask(self, command: str) -> bytes:
        """What HAProxy answers to a line of commands, up to the end. SessionsUnknown."""
        try:
            return converse(self._socket_path, command.encode("ascii"))
        except OSError as error:
            raise SessionsUnknown(
                f"open sessions at {self.name} cannot be ended: {error}. Is HAProxy running, and may this door's user"
                " write to its stats socket?"
            ) from error


def _parts(pointers: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(pointers), AT_ONCE):
        yield pointers[start : start + AT_ONCE]


def _session(key: bytes) -> Session:
    """An entry's session; without device or user where the key does not name them."""
    number, _, rest = key.partition(b"|")
    source, *named = rest.split(b"|")
    handle = f"{number.decode('latin-1')}|{source.decode('latin-1')}"
    if not 3 <= len(named) <= 4 or named[-1] or len(key) >= LONGEST_KEY:
        return Session(handle, "", (), nameless=True)
    login, devices, *reason, _ = named
    names = devices.split(b",")
    certificate = names.pop(0)[len(CERTIFICATE) :] if devices.startswith(CERTIFICATE) else b""
    keys = tuple(identity_key(text) for name in names if (text := _text(name)))
    shared = reason == [b"shared"]
    return Session(
        handle, _text(login).casefold(), keys, shared=shared, certificate=certificate.decode("latin-1").lower()
    )


def _text(encoded: bytes) -> str:
    """Base64 of UTF-8 or, failing that, Latin-1, as the credentials are read; "" for what is none."""
    try:
        raw = binascii.a2b_base64(encoded, strict_mode=True) if encoded else b""
    except binascii.Error:
        return ""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
