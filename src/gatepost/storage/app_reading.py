"""What the ledger's entries about apps and their owners mean to the tables. See reading.py."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.ledger import app_events as e
from gatepost.core.ledger.events import Event
from gatepost.storage.app_schema import accounts, claims, inquiries, vendor_contacts
from gatepost.storage.entry import Entry


def _evidence(conn: Connection, entry: Entry, event: e.EvidenceAdded) -> None:
    conn.execute(
        insert(claims).values(
            evidence=event.evidence,
            app=event.app,
            stance=event.stance,
            on=event.on,
            words_hash=event.words_hash,
            added_at=entry.at,
            added_by=entry.by,
        )
    )


def _struck(conn: Connection, _entry: Entry, event: e.EvidenceStruck) -> None:
    conn.execute(delete(claims).where(claims.c.evidence == event.evidence))


def _contact(conn: Connection, _entry: Entry, event: e.VendorContactSet) -> None:
    row = {"publisher": event.publisher, "words_hash": event.words_hash}
    statement = upsert(vendor_contacts).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=[vendor_contacts.c.publisher], set_=row))


def _asked(conn: Connection, _entry: Entry, event: e.VendorAsked) -> None:
    conn.execute(
        insert(inquiries).values(
            inquiry=event.inquiry,
            app=event.app,
            asked_on=event.on,
            asker=event.asker,
            question_hash=event.words_hash,
        )
    )


def _answered(conn: Connection, _entry: Entry, event: e.VendorAnswered) -> None:
    found = inquiries.c.inquiry == event.inquiry
    conn.execute(update(inquiries).where(found).values(answered_on=event.on, answer_hash=event.words_hash))


def _account(conn: Connection, _entry: Entry, event: e.AccountAdded) -> None:
    row = {"account": event.account, "app": event.app, "group": event.group, "words_hash": event.words_hash}
    conn.execute(insert(accounts).values(row))


def _account_gone(conn: Connection, _entry: Entry, event: e.AccountRemoved) -> None:
    conn.execute(delete(accounts).where(accounts.c.account == event.account))


HANDLERS: Mapping[type[Event], Callable[[Connection, Entry, Any], None]] = {
    e.EvidenceAdded: _evidence,
    e.EvidenceStruck: _struck,
    e.VendorContactSet: _contact,
    e.VendorAsked: _asked,
    e.VendorAnswered: _answered,
    e.AccountAdded: _account,
    e.AccountRemoved: _account_gone,
}
