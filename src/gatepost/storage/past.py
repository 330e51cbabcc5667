"""The tables as they stood: some entries of the ledger folded into empty ones, in memory, to be read and forgotten."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine

from gatepost.core.ledger.events import Event
from gatepost.storage import reading
from gatepost.storage.entry import Entry
from gatepost.storage.schema import READINGS, metadata


@contextmanager
def folded(entries: Iterable[tuple[Entry, Event]]) -> Iterator[Connection]:
    """What these entries, oldest first, mean for the readings (I-33), and nothing else in the database."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as conn:
            metadata.create_all(conn, tables=READINGS)
            for entry, event in entries:
                reading.apply(conn, entry, event)
            yield conn
    finally:
        engine.dispose()
