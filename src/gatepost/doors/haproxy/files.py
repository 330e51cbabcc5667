"""The files that HAProxy reads its maps from when it starts: each is replaced as a whole, so it is never half written.

They name logins, devices and who is refused: for their owner only. HAProxy reads them before it becomes another user.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gatepost.doors.haproxy.rows import DOOR, MAPS, lines

SYNC_EVERY: Final = 4 << 20
"""Bytes of a large file that are brought to the disk at once, so that its end does not wait for all of it."""

_NOTHING_YET: Final = {DOOR: {b"until": b"0", b"load": b"-"}}


class MapFile:
    """A file that is being written: it takes its name when it is finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scratch = path.with_name(f"{path.name}.new")
        self._scratch.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(self._scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._unsynced = 0

    def write(self, text: bytes) -> None:
        self._file.write(text)
        self._unsynced += len(text)
        if self._unsynced >= SYNC_EVERY:
            self._sync()

    def finish(self) -> None:
        self._sync()
        self._file.close()
        self._scratch.replace(self._path)

    def abandon(self) -> None:
        self._file.close()
        self._scratch.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self._unsynced = 0


class MapFiles:
    """Of one HAProxy. Makes those that are missing, since HAProxy does not start without. OSError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        for name in MAPS:
            if not self.path(name).exists():
                self.write(name, _NOTHING_YET.get(name, {}))

    def path(self, name: str) -> Path:
        return self._directory / name

    def begin(self, name: str) -> MapFile:
        return MapFile(self.path(name))

    def write(self, name: str, rows: Mapping[bytes, bytes]) -> None:
        file = self.begin(name)
        file.write(lines(rows.items()))
        file.finish()

    def rows(self, name: str) -> dict[bytes, bytes]:
        """What a file says. OSError."""
        fields = (line.partition(b" ") for line in self.path(name).read_bytes().splitlines())
        return {key: value for key, _, value in fields}
