"""What a door runs for its HAProxy: the maps, and a thread that hears whom it saw."""

import threading
from pathlib import Path
from typing import NamedTuple

from gatepost.doors.feed import Push
from gatepost.doors.haproxy.maps import Maps
from gatepost.doors.haproxy.seen import OfDoctor, Seen, nobody_s
from gatepost.doors.judge import Judge
from gatepost.doors.sightings import Sightings


class Keeping:
    """`push`, `show`, `behind`: of the maps. `close` when the door ends."""

    def __init__(self, maps: Maps, seen: Seen) -> None:
        self.push: Push = maps.push
        self.show, self.behind = maps.show, maps.behind
        self._seen = seen
        threading.Thread(target=seen.run, name="door-seen", daemon=True).start()

    def close(self) -> None:
        self._seen.close()


class KeptMaps(NamedTuple):
    """An HAProxy that goes by a door's maps: its stats socket (level admin) and the directory of its files.
    `certificates`: it knows devices by them too."""

    socket: Path
    files: Path
    certificates: bool = False

    def keep(self, judge: Judge, sightings: Sightings, of_doctor: OfDoctor = nobody_s) -> Keeping:
        """OSError."""
        maps = Maps(judge, self.socket, self.files, certificates=self.certificates)
        return Keeping(maps, Seen(self.files, sightings, of_doctor))
