"""What webhooks are to be told is written down with the change itself, in its transaction: once for each entry."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from gatepost.config.telling import Webhook
from gatepost.core.change.webhook import TYPES, Told, data_of
from gatepost.core.ledger.events import Event
from gatepost.core.ledger.merkle import leaf_hash
from gatepost.documents.deadline import instant_text
from gatepost.storage import policies, webhooks
from gatepost.storage.ledger import Row
from gatepost.storage.webhooks import Message


def tell_webhooks(conn: Connection, known: Mapping[str, Webhook], row: Row, event: Event) -> None:
    """Queue what each webhook is to be told of this entry, once the tables say what it means."""
    if not isinstance(event, Told):
        return
    kind = TYPES[type(event)]
    wanted = [name for name, webhook in known.items() if kind in (webhook.events or (kind,))]
    revision = policies.revision(conn, event.policy, event.revision) if wanted else None
    if revision is None:
        return
    data = data_of(event, revision.stage, row.idx)
    body = json.dumps({"type": kind, "timestamp": instant_text(row.at), "data": data}, separators=(",", ":"))
    # Of the entry's own bytes: the same after a crash, and another after a restore put another entry in its place.
    name = f"msg_{leaf_hash(row.leaf).hex()[:32]}"
    webhooks.queue(conn, [Message(each, row.idx, name, kind, body, "waiting", row.at, row.at) for each in wanted])
