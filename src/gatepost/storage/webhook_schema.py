"""The table of what webhooks are told. See schema.py."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from gatepost.storage.metadata import metadata

webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("webhook", String, primary_key=True),
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("message", String, nullable=False),
    Column("type", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("said", String, nullable=False, server_default=""),
    Column("settled_at", BigInteger),
    Column("device", String),
)
"""One row for each webhook and each entry of the ledger that it is told of. `state`: waiting, delivered or given_up.
`said`: how the newest attempt ended. `device`: the pseudonym of the one that is to report; null for what is about
nobody."""

WAITING = webhook_messages.c.settled_at.is_(None)
Index("webhook_messages_waiting", webhook_messages.c.webhook, webhook_messages.c.next_at, sqlite_where=WAITING)

ON_DEVICE = webhook_messages.c.device.is_not(None)
Index("webhook_messages_device", webhook_messages.c.queued_at, sqlite_where=ON_DEVICE)
