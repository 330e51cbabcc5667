"""A door's eye on the database: whether anything changed costs microseconds, what changed is read only then."""

import sqlite3
from typing import NamedTuple

from gatepost.storage import feed, sitemeta
from gatepost.storage.store import BUSY_TIMEOUT_MS, Store, uri


class News(NamedTuple):
    """What changed after a position of a stream. `site_time`: as actions/site_time.py keeps it. `gone_until`: what was
    taken away up to this position is not among the entries."""

    stream: str
    position: int
    site_time: str
    clock_offset: int
    entries: list[tuple[bytes, bytes | None]]
    gone_until: int


class Following:
    """Follows one database from one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._eye: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    def after(self, position: int, page: int) -> News | None:
        """News after a position, at most about a page; None if the database is as it was when last asked."""
        version = self._version()
        if self._seen == (version, position):
            return None
        with self._store.reading() as conn:
            reached, entries = feed.after(conn, position, page)
            news = News(
                sitemeta.get(conn, sitemeta.STREAM),
                reached,
                sitemeta.get(conn, sitemeta.SERVER_NOW),
                sitemeta.number(conn, sitemeta.CLOCK_OFFSET),
                entries,
                sitemeta.number(conn, sitemeta.GONE_UNTIL),
            )
        self._seen = (version, reached)
        return news

    def _version(self) -> int:
        """A number that changes whenever another connection commits (SQLite's PRAGMA data_version)."""
        if self._eye is None:
            name, timeout = uri(self._store.path, "ro"), BUSY_TIMEOUT_MS / 1000
            self._eye = sqlite3.connect(name, uri=True, timeout=timeout, check_same_thread=False)
        return int(self._eye.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        if self._eye is not None:
            self._eye.close()
            self._eye = None
