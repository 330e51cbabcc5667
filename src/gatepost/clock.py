"""The only place that reads the time."""

import time
from dataclasses import dataclass

from gatepost.core.instant import Instant


def system_now() -> Instant:
    """The machine's wall clock."""
    return time.time_ns() // 1_000_000


def pause(seconds: float) -> None:
    """Wait for a while; the waiting loops of commands use it."""
    time.sleep(seconds)


def boot_elapsed() -> int:
    """Milliseconds since the machine started, suspend included; no clock step changes it (Linux CLOCK_BOOTTIME)."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def boot_id() -> str:
    """Names this run of the machine: elapsed times of two runs cannot be compared."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


@dataclass(slots=True)
class Clock:
    """The site's clock: the machine's, moved by `offset` milliseconds in an exercise (0 on a live site)."""

    offset: int = 0

    def now(self) -> Instant:
        return system_now() + self.offset
