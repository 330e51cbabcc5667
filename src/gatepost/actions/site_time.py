"""The site's time as the worker last told it, with the machine's own elapsed time then, which no clock step changes.

Doors believe it rather than their own clock alone (I-11), so it stands in the database they follow.
"""

from sqlalchemy import Connection

from gatepost.clock import boot_elapsed, boot_id
from gatepost.core.instant import Instant
from gatepost.storage import sitemeta


def tell(conn: Connection, now: Instant) -> None:
    """The site's clock shows this now."""
    sitemeta.put(conn, sitemeta.SERVER_NOW, f"{now} {boot_elapsed()} {boot_id()}")


def told(conn: Connection) -> Instant | None:
    """What the site's clock showed when it was last told; None if it never was."""
    words = sitemeta.get(conn, sitemeta.SERVER_NOW).split()
    return int(words[0]) if words else None


def silent_for(conn: Connection) -> int | None:
    """Milliseconds since it was last told; None if it never was in this run of the machine."""
    words = sitemeta.get(conn, sitemeta.SERVER_NOW).split()
    return boot_elapsed() - int(words[1]) if words and words[2] == boot_id() else None


def running(text: str) -> Instant | None:
    """What the site's clock must show now, by the stored text: elapsed time is added on the same run of the machine."""
    words = text.split()
    if not words:
        return None
    now, elapsed, boot = int(words[0]), int(words[1]), words[2]
    return now + boot_elapsed() - elapsed if boot == boot_id() else now
