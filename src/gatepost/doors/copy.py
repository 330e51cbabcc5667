"""The copy as a running door has it: perhaps refused, perhaps not whole yet, perhaps too old to answer from."""

from pathlib import Path
from typing import Final

from gatepost.core.instant import SECOND, Duration
from gatepost.doors.entry import Batch
from gatepost.doors.table import BatchRefused, BetweenReads, CopyRefused, Reader, Table, at_once, set_aside
from gatepost.doors.time import Contact, DoorTime

KEEP_CONTACT_EVERY: Final[Duration] = 10 * SECOND
"""How often a contact without news is written down: so much of it may be forgotten by a restart."""


class Copy:
    """`reader`: what to answer from, None while there is nothing to answer from; `why_not` then says which: no-copy
    or expired. `problem`: what is wrong, for people, "" if nothing is. `time`: the door's time.

    A copy counts once it was whole: while it is loaded for the first time, a device that it lacks may yet come.
    """

    def __init__(self, path: Path, site: str, expires_after: Duration) -> None:
        """Opens what is on disk; a copy that is refused is left there until the site is reached. OSError."""
        self.site = site
        self.problem = ""
        self.reader: Reader | None = None
        self.why_not = "no-copy"
        self._path = path
        self._expires_after = expires_after
        self._view: Reader | None = None
        self._between_reads: BetweenReads = at_once
        self.table: Table | None = None
        contact: Contact | None = None
        try:
            self.table = Table.open(path, site)
            contact = self.table.contact
        except CopyRefused as refused:
            self.problem = str(refused)
        self.time = DoorTime(contact)
        self._kept = contact
        self._open_view()
        self.check_age()

    def read_in_thread(self, between_reads: BetweenReads) -> None:
        """From now on one thread reads, and `between_reads` runs a function in it (see Table)."""
        self._between_reads = between_reads
        if self.table:
            self.table.between_reads = between_reads

    @property
    def position(self) -> int:
        return self.table.position if self.table else 0

    def close(self) -> None:
        self.reader = self._view = None
        if self.table:
            self.table.close()
            self.table = None

    def apply(self, batch: Batch) -> None:
        """Take in a batch, or nothing of it. BatchRefused, lmdb.Error, OSError."""
        if batch.site != self.site:
            raise BatchRefused(f"a batch of site {batch.site} came to a door of site {self.site}")
        contact = self.time.contact(batch.server_now, batch.clock_offset)
        table = self._usable_table()
        if not table.whole and 0 < table.position < batch.gone_until:
            # A load that was cut off: what was taken away meanwhile is not told any more, so it begins anew.
            self.close()
            return
        table.apply(batch, contact)
        self._heard(contact)
        self._kept = contact

    def nothing_new(self) -> None:
        """The site was reached and has nothing more. lmdb.Error, OSError."""
        contact = self.time.contact_without_news()
        table = self._usable_table()
        kept = self._kept
        if (
            not table.whole
            or kept is None
            or kept.boot != contact.boot
            or contact.elapsed - kept.elapsed >= KEEP_CONTACT_EVERY
        ):
            table.touch(contact)
            self._kept = contact
        self._heard(contact)

    @property
    def erasures(self) -> int:
        """Up to which erasure nothing is left in the copy's file."""
        return self.table.erasures if self.table else 0

    def write_anew(self) -> None:
        """A step of it, if something was erased. lmdb.Error, OSError."""
        if self.table:
            self.table.write_anew()

    def check_age(self) -> None:
        """Answer from the copy only while it is whole and not too old. To be called about once a second."""
        silent_for = self.time.silent_for()
        if self._view is None or silent_for is None:
            self.reader, self.why_not = None, "no-copy"
        elif silent_for > self._expires_after:
            self.reader, self.why_not = None, "expired"
        else:
            self.reader = self._view

    def _heard(self, contact: Contact) -> None:
        self.time.hear(contact)
        self.problem = ""
        self._open_view()
        self.check_age()

    def _open_view(self) -> None:
        if self._view is None and self.table and self.table.whole:
            self._view = self.table.reader()

    def _usable_table(self) -> Table:
        """The table; a fresh one in place of a refused one, which is kept beside it for whoever wants to look."""
        if self.table is None:
            if self._path.exists():
                set_aside(self._path)
            self.table = Table.open(self._path, self.site)
            self.table.between_reads = self._between_reads
        return self.table
