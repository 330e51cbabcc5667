"""HAProxy's maps, by its stats socket (management.txt 9.3).

A map is always replaced as a whole: prepared beside the one that answers, filled, and committed, which is atomic.
HAProxy has no atomic change of one row: `add map` of a key that is there adds a second row behind the first, `set map`
walks the whole map, and between `del map` and `add map` the row is missing.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gatepost.doors.haproxy.rows import lines
from gatepost.doors.haproxy.socket import TIMEOUT, converse

COMMIT_TIMEOUT: Final = 60.0
"""Seconds for the answer to a commit, after which HAProxy frees what was there: one or two for a million rows."""

PAYLOAD: Final = 14_000
"""Bytes: a command with its rows must fit tune.bufsize, 16 kB."""

_VERSION: Final = re.compile(rb"New version created: ([0-9]+)")
_LISTED: Final = re.compile(rb"^[0-9]+ \(([^)]*)\) .* entry_cnt=([0-9]+)$", re.MULTILINE)
_FOUND: Final = re.compile(rb'found=yes.*, value="([^"]*)", type=')


class Stats:
    """`sent`: how many commands so far."""

    def __init__(self, path: Path) -> None:
        self.sent = 0
        self._path = path

    def ask(self, *commands: bytes, timeout: float | None = None) -> bytes:
        """What HAProxy answers to these commands, up to the end. OSError."""
        self.sent += len(commands)
        try:
            return converse(self._path, b";".join(commands), timeout or TIMEOUT)
        except OSError as error:
            raise OSError(f"HAProxy's maps cannot be kept by {self._path}: {error}; does HAProxy run?") from error

    def prepare(self, path: Path) -> int:
        """A new version of a map beside the one that answers, empty; its number. OSError."""
        said = self.ask(b"prepare map %b" % _name(path))
        if found := _VERSION.search(said):
            return int(found[1])
        raise _refused(said)

    def add(self, path: Path, version: int, rows: bytes) -> None:
        """Rows into a version that is not committed: lines, at most PAYLOAD bytes. OSError."""
        self._do(b"add map @%d %b <<\n%b" % (version, _name(path), rows))

    def commit(self, path: Path, version: int) -> None:
        """From now on this version answers, all at once. OSError."""
        self._do(b"commit map @%d %b" % (version, _name(path)), COMMIT_TIMEOUT)

    def replace(self, path: Path, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """A small map, as a whole. OSError."""
        version = self.prepare(path)
        for part in payloads(rows):
            self.add(path, version, part)
        self.commit(path, version)

    def counts(self) -> dict[bytes, int]:
        """How many rows each map has, by its path. OSError."""
        return {path: int(count) for path, count in _LISTED.findall(self.ask(b"show map"))}

    def get(self, path: Path, *keys: bytes) -> list[bytes | None]:
        """What a map answers for each key; None for nothing. As many keys as fit a line of 16 kB. OSError."""
        said = self.ask(*(b"get map %b %b" % (_name(path), key) for key in keys))
        answers = [answer for answer in said.split(b"\n") if answer.startswith(b"type=")]
        if len(answers) != len(keys):
            raise _refused(said)
        return [found[1] if (found := _FOUND.search(answer)) else None for answer in answers]

    def rows(self, path: Path) -> dict[bytes, bytes]:
        """A whole map. OSError."""
        rows = {}
        for line in self.ask(b"show map %b" % _name(path)).splitlines():
            pointer, _, row = line.partition(b" ")
            if pointer.startswith(b"0x"):
                key, _, value = row.partition(b" ")
                rows[key] = value
        return rows

    def _do(self, command: bytes, timeout: float | None = None) -> None:
        said = self.ask(command, timeout=timeout)
        if said.strip():
            raise _refused(said)


def payloads(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Rows as lines, in parts that fit one command."""
    part: list[tuple[bytes, bytes]] = []
    size = 0
    for row in rows:
        length = len(row[0]) + len(row[1]) + 2
        if size + length > PAYLOAD:
            yield lines(part)
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield lines(part)


def _name(path: Path) -> bytes:
    return str(path).encode()


def _refused(said: bytes) -> OSError:
    """Without what HAProxy was told: it names people."""
    return OSError(
        f"HAProxy does not take its maps; it says {said.strip()[:60].decode('latin-1')!r}. Was its configuration"
        " written by `gatepost door config haproxy`, and does its `stats socket` have level admin?"
    )
