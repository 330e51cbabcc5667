"""What webhooks are to be told is written down with the change itself, in its transaction: once for each entry."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from gatepost.config.telling import Webhook
from gatepost.core.change.webhook import TYPES, Told, check_data_of, data_of
from gatepost.core.ledger.ask_events import CheckAsked
from gatepost.core.ledger.events import Event
from gatepost.core.ledger.merkle import leaf_hash
from gatepost.documents.deadline import instant_text
from gatepost.storage import devices, policies, webhooks
from gatepost.storage.ledger import Row
from gatepost.storage.webhooks import Message


def tell_webhooks(conn: Connection, known: Mapping[str, Webhook], row: Row, event: Event) -> None:
    """Queue what each webhook is to be told of this entry, once the tables say what it means."""
    kind = TYPES.get(type(event))
    wanted = [name for name, webhook in known.items() if webhook.takes(kind)] if kind else []
    data = _data(conn, event, row.idx) if wanted else None
    if kind is None or data is None:
        return
    body = json.dumps({"type": kind, "timestamp": instant_text(row.at), "data": data}, separators=(",", ":"))
    # Of the entry's own bytes: the same after a crash, and another after a restore put another entry in its place.
    name = f"msg_{leaf_hash(row.leaf).hex()[:32]}"
    device = event.device if isinstance(event, CheckAsked) else None
    queued = [Message(each, row.idx, name, kind, body, "waiting", row.at, row.at, device=device) for each in wanted]
    webhooks.queue(conn, queued)


def _data(conn: Connection, event: Event, entry: int) -> dict[str, object] | None:
    if isinstance(event, CheckAsked):
        found = next(devices.members(conn, [event.device]), None)
        return check_data_of(found.device, entry) if found else None
    if not isinstance(event, Told):
        return None
    revision = policies.revision(conn, event.policy, event.revision)
    return data_of(event, revision.stage, entry) if revision else None
