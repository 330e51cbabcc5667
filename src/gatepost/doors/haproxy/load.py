"""devices.map on its way into HAProxy, a command after the other."""

from collections.abc import Callable

from gatepost.core.instant import NEVER, Instant
from gatepost.doors.haproxy.files import MapFile
from gatepost.doors.haproxy.rows import Class, Device, Rows, device_key
from gatepost.doors.haproxy.stats import PAYLOAD


class Load:
    """`meanwhile`: rows that changed since it began; `due`, `classes`: of what it holds."""

    def __init__(self, keys: list[bytes], version: int, file: MapFile) -> None:
        self.version, self.file = version, file
        self.meanwhile: Rows = {}
        self.due: list[tuple[Instant, bytes]] = []
        self.classes: dict[bytes, Class] = {}
        self.count = 0
        self._keys = iter(keys)
        self._left: list[bytes] = []

    def take(self, device_of: Callable[[bytes], Device | None]) -> bytes:
        """The next rows, as many as fit a command; b"" at the end."""
        taken, size = self._left, sum(map(len, self._left))
        self._left = []
        for key in self._keys:
            known = device_of(key)
            if known is None:
                continue  # gone since the load began, as `meanwhile` says
            if known.until != NEVER:
                self.due.append((known.until, key))
            line = b"%b %b\n" % (device_key(key), known.row)
            self.count += 1
            size += len(line)
            if size > PAYLOAD:
                self._left = [line]
                break
            taken.append(line)
        return b"".join(taken)
