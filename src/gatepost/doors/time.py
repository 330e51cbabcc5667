"""The door's time, which no wrong clock can move ahead of the site's (I-11).

now = the lesser of the machine's wall clock, and the site's time at last contact plus what has elapsed since then,
plus a minute. Elapsed time is CLOCK_BOOTTIME: it counts a suspended machine's sleep and no clock step changes it.
"""

from typing import Final, NamedTuple

from gatepost import clock
from gatepost.core.instant import MINUTE, Duration, Instant

LEEWAY: Final[Duration] = MINUTE


class Contact(NamedTuple):
    """When the site was last heard of.

    `server_now`, `clock_offset`: the site's time then, and its clock's offset (0 but in an exercise). `boot` and
    `elapsed` say when that was on this machine's own scale: the run of the machine, and milliseconds since its start.
    """

    server_now: Instant
    clock_offset: int
    boot: str
    elapsed: int


class DoorTime:
    """Holds the last contact. Reading and hearing may happen in two threads: the anchor is replaced as a whole."""

    __slots__ = ("_anchor", "_boot", "_rebooted")

    def __init__(self, contact: Contact | None) -> None:
        self._boot = clock.boot_id()
        # After a restart of the machine nobody knows how long it was off: the elapsed time counts from now on.
        self._rebooted = contact is not None and contact.boot != self._boot
        if contact is not None and self._rebooted:
            contact = contact._replace(boot=self._boot, elapsed=clock.boot_elapsed())
        self._anchor = contact

    def contact(self, server_now: Instant, clock_offset: int) -> Contact:
        """What to keep of the site's telling its time just now, so that it holds across a restart."""
        return Contact(server_now, clock_offset, self._boot, clock.boot_elapsed())

    def contact_without_news(self) -> Contact:
        """The site was reached and told no time: it is what it was, plus what has elapsed (or, before any contact at
        all, the wall clock; a copy that never heard a time holds nothing to decide yet)."""
        anchor = self._anchor
        if anchor is None:
            return self.contact(clock.system_now(), 0)
        elapsed = clock.boot_elapsed()
        return anchor._replace(server_now=anchor.server_now + elapsed - anchor.elapsed, elapsed=elapsed)

    def hear(self, contact: Contact) -> None:
        """From now on the time rests on this contact."""
        self._anchor = contact
        self._rebooted = False

    def now(self) -> Instant:
        """The instant to decide at; the wall clock before any contact."""
        anchor = self._anchor
        if anchor is None:
            return clock.system_now()
        return min(
            clock.system_now() + anchor.clock_offset,
            anchor.server_now + clock.boot_elapsed() - anchor.elapsed + LEEWAY,
        )

    def silent_for(self) -> Duration | None:
        """How long ago the last contact was; None before any.

        After a restart of the machine the wall clock is all that tells how long it was off, if it tells more.
        """
        anchor = self._anchor
        if anchor is None:
            return None
        elapsed = clock.boot_elapsed() - anchor.elapsed
        if self._rebooted:
            return max(elapsed, clock.system_now() + anchor.clock_offset - anchor.server_now)
        return elapsed
