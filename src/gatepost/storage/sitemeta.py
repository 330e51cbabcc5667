"""Single values of the site: its counters, the exercise's clock, whether it may act."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.storage.schema import site

CLOCK_OFFSET = "clock_offset"
POSITION = "position"
INVENTORY = "inventory"
CATALOGUE_REVISION = "catalogue_revision"
STREAM = "stream"
UNACKNOWLEDGED = "unacknowledged"
FIRST_ADMINISTRATOR = "first_administrator"
FROZEN = "frozen"
SERVER_NOW = "server_now"
REMINDED_UNTIL = "reminded_until"
ERASURES = "erasures"
"""How many erasures there were: doors say up to which their files are clean."""
ERASING = "erasing"
ERASING_AFTER = "erasing_after"
"""Before this instant nobody tries again to empty the log."""
RETENTION_AT = "retention_at"
GONE_UNTIL = "gone_until"
"""Up to which position of the change stream what was taken away is not told any more: an older copy begins anew."""
LOOKS_TOLD_UNTIL = "looks_told_until"
"""Looks before this instant were told of in a digest."""

RAILS = "rails"
"""What was last recorded of [rails]: canonical JSON, by key path."""

SIGHTED_SINCE = "sighted_since"
"""When doors told of a sighting for the first time."""


def released_at(rule: int) -> str:
    """The key of the instant up to which a rule's unforeseen people were released."""
    return f"released_at:{rule}"


def get(conn: Connection, key: str, default: str = "") -> str:
    value = conn.execute(select(site.c.value).where(site.c.key == key)).scalar()
    return default if value is None else value


def put(conn: Connection, key: str, value: str) -> None:
    statement = upsert(site).values(key=key, value=value)
    conn.execute(statement.on_conflict_do_update(index_elements=[site.c.key], set_={"value": value}))


def number(conn: Connection, key: str) -> int:
    return int(get(conn, key, "0"))


def advance(conn: Connection, key: str) -> int:
    """The next number of a counter; the first is 1."""
    value = number(conn, key) + 1
    put(conn, key, str(value))
    return value
