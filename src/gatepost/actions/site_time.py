"""The site's time as the worker last told it, with the machine's own elapsed time then, which no clock step changes.

Doors believe it rather than their own clock alone (I-11), so it stands in the database they follow.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.clock import boot_elapsed, boot_id
from gatepost.core.instant import Instant
from gatepost.storage import sitemeta


def tell(conn: Connection, now: Instant) -> None:
    """The site's clock shows this now."""
    sitemeta.put(conn, sitemeta.SERVER_NOW, f"{now} {boot_elapsed()} {boot_id()}")


def told(conn: Connection) -> Instant | None:
    """What the site's clock showed when it was last told; None if it never was."""
    found = _told(sitemeta.get(conn, sitemeta.SERVER_NOW))
    return found.now if found else None


def silent_for(conn: Connection) -> int | None:
    """Milliseconds since it was last told; None if it never was in this run of the machine."""
    found = _told(sitemeta.get(conn, sitemeta.SERVER_NOW))
    return found.ago if found else None


def running(text: str) -> Instant | None:
    """What the site's clock must show now, by the stored text: elapsed time is added on the same run of the machine."""
    found = _told(text)
    return found.now + (found.ago or 0) if found else None


class _Told(NamedTuple):
    """What the clock showed, and how long ago, in milliseconds; None before the machine was started anew."""

    now: Instant
    ago: int | None


def _told(text: str) -> _Told | None:
    """What `tell` wrote; None if it never did."""
    words = text.split()
    if not words:
        return None
    return _Told(int(words[0]), boot_elapsed() - int(words[1]) if words[2] == boot_id() else None)
