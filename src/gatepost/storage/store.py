"""The database: one engine, reading and writing transactions, the pragmas that make "acknowledged" mean durable."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

BUSY_TIMEOUT_MS = 15_000

BROKEN = (OperationalError,)
"""What a connection that is away, locked for too long or out of disk raises."""


class Store:
    """SQLite at `path`: WAL with synchronous=FULL (I-38), foreign keys on, one writer at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = _engine(path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot: what is read inside belongs together."""
        with self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The writing transaction; commits at the end, rolls back when anything raises.

        Writers of all processes queue at a lock of our own: SQLite's waiting is a lottery held ten times a second, and
        in it a retraction can lose for ever against a command that writes part after part.
        """
        with _turn(self.path), self.engine.connect().execution_options(writes=True) as conn, conn.begin():
            yield conn

    def write_anew(self) -> None:
        """Write the whole file anew, so that nothing deleted is left in it once the log before it is emptied.

        Overwriting alone leaves what was once moved from page to page. Nobody else writes meanwhile: seconds for a
        million devices.
        """
        with _turn(self.path), contextlib.closing(self.engine.raw_connection()) as raw:
            raw.cursor().execute("VACUUM")

    def empty_log(self) -> bool:
        """Empty the log before the file. False if somebody reads who needs it: no writer waits for them (I-18)."""
        with _turn(self.path), contextlib.closing(self.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout=0")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                found = cursor.fetchone()  # whether somebody was in the way, and two counts
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            return found is not None and not found[0]

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait for one's turn to write. Without a directory there is nothing to write to, and SQLite will say so.

    Two locks make a turnstile: whoever waits for the second holds the first, so that one who has just written cannot
    write again before them. A single lock goes to whoever happens to run when it becomes free.
    """
    try:
        queue, pen = (_lock_file(path, name) for name in ("queue", "pen"))
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(pen, fcntl.LOCK_EX)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield
    finally:
        os.close(queue)
        os.close(pen)


def _lock_file(path: Path, name: str) -> int:
    return os.open(path.with_name(f"{path.name}.{name}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def uri(path: Path, mode: str) -> str:
    """SQLite's name for a database that is there: one that is away is never laid in empty in its place."""
    return f"file:{quote(str(path))}?mode={mode}"


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=uri(path, "rw"), query={"uri": "true"})
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves; the driver's own way cannot begin a reading snapshot
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "secure_delete=ON",  # what is deleted is overwritten
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get("writes")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


VERSION = "0004"
"""The newest migration: what this program reads and writes (a test holds the two together)."""


def store_version(conn: Connection) -> str | None:
    """The migration that the database is at, read without importing Alembic; None before the first."""
    known = conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").first()
    return conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None


def is_full(error: OperationalError) -> bool:
    """Whether the disk (or the database) is full."""
    return "full" in str(error.orig).lower() or "disk i/o" in str(error.orig).lower()
