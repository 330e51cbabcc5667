"""What the ledger's entries about apps that are looked for mean to the tables. See reading.py."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.ledger import activation_events as e
from gatepost.core.ledger.events import Event
from gatepost.storage.app_schema import activation_judgements, activations
from gatepost.storage.entry import Entry
from gatepost.storage.schema import active_apps


def _proposed(conn: Connection, entry: Entry, event: e.ActivationProposed) -> None:
    _replace(conn, {*event.apps})
    row = {
        "proposal": event.proposal,
        "apps": json.dumps(list(event.apps)),
        "author": entry.by,
        "asked": json.dumps(dict(sorted(event.approvals.items()))),
        "until": event.until,
        "proposed_at": entry.at,
        "proposed_index": entry.index,
        "expires": event.expires,
        "state": "proposed",
    }
    conn.execute(insert(activations).values(row))


def asked_for(conn: Connection) -> bool:
    """Whether anybody was ever asked to agree to an activation (an exercise asks nobody about its first)."""
    return conn.execute(select(activations.c.proposal).where(activations.c.asked != "{}").limit(1)).first() is not None


def _replace(conn: Connection, apps: set[str]) -> None:
    """What is open about any of these is so no more."""
    query = select(activations.c.proposal, activations.c.apps).where(activations.c.state == "proposed")
    for proposal, about in conn.execute(query).all():
        if not apps.isdisjoint(json.loads(about)):
            _become(conn, proposal, "replaced")


def _become(conn: Connection, proposal: str, state: str) -> None:
    conn.execute(update(activations).where(activations.c.proposal == proposal).values(state=state))


def _judged(conn: Connection, entry: Entry, event: e.ActivationApproved | e.ActivationDeclined) -> None:
    approved = isinstance(event, e.ActivationApproved)
    row = {
        "proposal": event.proposal,
        "person": entry.by,
        "role": event.role,
        "approved": approved,
        "at": entry.at,
        "fingerprint": event.fingerprint if isinstance(event, e.ActivationApproved) else "",
        "signature": event.signature if isinstance(event, e.ActivationApproved) else "",
        "reason_hash": event.reason_hash if isinstance(event, e.ActivationDeclined) else "",
    }
    key = [activation_judgements.c.proposal, activation_judgements.c.person]
    conn.execute(upsert(activation_judgements).values(row).on_conflict_do_update(index_elements=key, set_=row))
    if not approved:
        _become(conn, event.proposal, "declined")


def _activated(conn: Connection, _entry: Entry, event: e.AppActivated) -> None:
    since = json.dumps(dict(sorted(event.since.items())))
    row = {"app": event.app, "until": event.until, "proposal": event.proposal, "since": since}
    statement = upsert(active_apps).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=[active_apps.c.app], set_=row))
    _become(conn, event.proposal, "active")


def _deactivated(conn: Connection, _entry: Entry, event: e.AppDeactivated) -> None:
    conn.execute(delete(active_apps).where(active_apps.c.app == event.app))


HANDLERS: Mapping[type[Event], Callable[[Connection, Entry, Any], None]] = {
    e.ActivationProposed: _proposed,
    e.ActivationApproved: _judged,
    e.ActivationDeclined: _judged,
    e.AppActivated: _activated,
    e.AppDeactivated: _deactivated,
}
