"""What is known of apps and their owners, with the words that stand outside the ledger."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from gatepost.core.fleet.about import Account, Inquiry
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.storage.among import among
from gatepost.storage.app_schema import accounts, claims, inquiries, vendor_contacts
from gatepost.storage.ledger import words_of


class Kept(NamedTuple):
    """A claim with its name and who added it, a pseudonym, when."""

    evidence: str
    claim: Claim
    added_at: int
    added_by: str


class Contact(NamedTuple):
    """Where a publisher is asked."""

    publisher: str
    name: str
    email: str


def packed(**words: str) -> str:
    """Several texts as the one that a salted hash covers."""
    return json.dumps(words, ensure_ascii=False, sort_keys=True)


def evidence(conn: Connection, apps: Iterable[str] | None = None) -> list[Kept]:
    """Claims about these apps (all, if none are named), by day."""
    query = select(claims).order_by(claims.c.on, claims.c.added_at, claims.c.evidence)
    if apps is not None:
        query = query.where(among(claims.c.app, apps))
    found = []
    for row in conn.execute(query):
        words = _words(conn, row.words_hash)
        claim = Claim(
            row.app, words.get("who", ""), Stance(row.stance), words.get("claim", ""), row.on, words.get("source", "")
        )
        found.append(Kept(row.evidence, claim, row.added_at, row.added_by))
    return found


def asked(conn: Connection, apps: Iterable[str] | None = None) -> list[Inquiry]:
    """What was asked about these apps (all, if none are named), oldest first."""
    query = select(inquiries).order_by(inquiries.c.asked_on, inquiries.c.inquiry)
    if apps is not None:
        query = query.where(among(inquiries.c.app, apps))
    return [
        Inquiry(
            row.inquiry,
            row.app,
            row.asked_on,
            row.asker,
            words_of(conn, row.question_hash),
            row.answered_on,
            words_of(conn, row.answer_hash) if row.answer_hash else "",
        )
        for row in conn.execute(query)
    ]


def official(conn: Connection, apps: Iterable[str] | None = None) -> list[Account]:
    """Official accounts on these apps (all, if none are named)."""
    query = select(accounts).order_by(accounts.c.app, accounts.c.account)
    if apps is not None:
        query = query.where(among(accounts.c.app, apps))
    return [Account(row.account, row.app, row.group, words_of(conn, row.words_hash)) for row in conn.execute(query)]


def contacts(conn: Connection) -> dict[str, Contact]:
    """By publisher."""
    found = {}
    for row in conn.execute(select(vendor_contacts).order_by(vendor_contacts.c.publisher)):
        words = _words(conn, row.words_hash)
        found[row.publisher] = Contact(row.publisher, words.get("name", ""), words.get("email", ""))
    return found


def _words(conn: Connection, digest: str) -> dict[str, str]:
    """Nothing once they were erased."""
    text = words_of(conn, digest)
    return dict(json.loads(text)) if text else {}
