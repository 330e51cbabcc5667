"""A change: one transaction with its ledger entries, its tables and its door entries, all or nothing (I-31)."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection

from gatepost.actions.rails_changed import are_owed, put_rails
from gatepost.actions.rails_mail import tell_of_rails
from gatepost.actions.site import Site
from gatepost.actions.webhook_queue import tell_webhooks
from gatepost.core.instant import Instant
from gatepost.core.ledger.events import Event
from gatepost.core.ledger.leaf import SYSTEM, Leaf, envelope
from gatepost.core.ledger.merkle import Frontier, leaf_hash
from gatepost.core.ledger.words import salted
from gatepost.documents.canonical import canonical
from gatepost.storage import feed, ledger, reading, sitemeta
from gatepost.storage.entry import Entry


class Change:
    """What a verb writes through. `now` is read once, so that everything in one change happened at one instant."""

    def __init__(self, site: Site, conn: Connection, now: Instant, by: str) -> None:
        self.site, self.conn, self.now, self.by = site, conn, now, by
        self._frontier = Frontier.from_bytes(ledger.head(conn)[1])
        self._entries: dict[bytes, bytes | None] = {}
        self._first: int | None = None
        self._size, self._written = self._frontier.size, _rows_written(conn)
        self._owes_rails, self._put_rails = are_owed(site, conn), False

    def record(self, event: Event) -> int:
        """Append the event to the ledger and write what it means to the tables. Its entry's number."""
        self._record_rails()
        index = self._append(event, self.by)
        self._first = index if self._first is None else self._first
        return index

    def _append(self, event: Event, by: str) -> int:
        index = self._frontier.size
        data = canonical(envelope(Leaf(index, self.now, by, event)))
        row = ledger.Row(index, self.now, by, type(event).__name__, data)
        ledger.append(self.conn, row)
        self._frontier.append(leaf_hash(data))
        reading.apply(self.conn, Entry(index, self.now, by, lambda: self.latest(-1)), event)
        tell_webhooks(self.conn, self.site.settings.webhooks, row, event)
        return index

    def _record_rails(self) -> None:
        """Before anything else is recorded: under which rails it was done, if nobody knows."""
        if not self._owes_rails:
            return
        self._owes_rails, self._put_rails = False, True
        if event := put_rails(self.site, self.conn):
            tell_of_rails(self, self._append(event, SYSTEM), event)

    def latest(self, entry: int) -> Instant:
        """Now, or the latest instant recorded since an entry: a clock that steps back revives no approval, here or in
        the verifier. An exercise's clock is set as they like."""
        return self.now if self.site.exercise else max(self.now, ledger.latest(self.conn, entry))

    def words(self, text: str) -> str:
        """Keep free text outside the ledger; gives its salted hash, which goes inside ("" for no text)."""
        if not text:
            return ""
        salt = secrets.token_bytes(16)
        digest = salted(salt, text)
        ledger.put_text(self.conn, digest, salt, text, self.now)
        return digest

    def publish(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Door entries that become visible with this change."""
        self._entries.update(entries)

    def position(self) -> int:
        """The change stream's position that this change will have (call it after everything was published)."""
        return feed.position(self.conn) + bool(self._entries)

    def finish(self) -> None:
        if self._entries:
            feed.publish(self.conn, self._entries)
        if _rows_written(self.conn) > self._written and not sitemeta.get(self.conn, sitemeta.UNACKNOWLEDGED):
            self._record_rails()  # not of its own accord to a restored ledger, which may lack entries
        if self._frontier.size > self._size:
            ledger.set_head(self.conn, self._frontier.size, self._frontier.to_bytes())
        if self._first is not None and self.site.once is not None:
            self.site.once.done(self.conn, self._first, self.now)

    def committed(self) -> None:
        """To be called once it is."""
        if self._put_rails:
            self.site.rails_read.recorded = True
        if self.site.once is not None:
            self.site.once.committed()

    def root(self) -> tuple[int, bytes]:
        """Size and root hash of the ledger, this change's entries included. Who asks writes something."""
        self._record_rails()
        return self._frontier.size, self._frontier.root()


@contextmanager
def changing(site: Site, by: str = SYSTEM) -> Iterator[Change]:
    """One change; commits at the end, and nothing at all is written when anything raises.

    DoneBefore, for a request whose key was used."""
    with site.store.writing() as conn:
        refresh_clock(site, conn)
        change = Change(site, conn, site.clock.now(), by)
        if site.once is not None:
            site.once.begin(conn, change.now)
        yield change
        change.finish()
    change.committed()


@contextmanager
def looking(site: Site) -> Iterator[Connection]:
    """A snapshot to read from."""
    with site.store.reading() as conn:
        refresh_clock(site, conn)
        yield conn


def refresh_clock(site: Site, conn: Connection) -> None:
    """An exercise's clock may have been moved by another process."""
    if site.exercise:
        site.clock.offset = sitemeta.number(conn, sitemeta.CLOCK_OFFSET)


def _rows_written(conn: Connection) -> int:
    """How many rows this connection has written so far: a change that was refused writes none."""
    return int(conn.connection.driver_connection.total_changes)  # type: ignore[union-attr]


def new_ref(prefix: str) -> str:
    """A random pseudonym (96 bits): p_... for a person, d_... for a device."""
    return f"{prefix}_{secrets.token_hex(12)}"
