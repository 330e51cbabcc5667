"""The tables about apps and their owners: readings of the ledger, written by storage/app_reading.py alone."""

from sqlalchemy import BigInteger, Column, Index, String, Table

from gatepost.storage.metadata import metadata

claims = Table(
    "claims",
    metadata,
    Column("evidence", String, primary_key=True),
    Column("app", String, nullable=False, index=True),
    Column("stance", String, nullable=False),
    Column("on", String, nullable=False),
    Column("words_hash", String, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("added_by", String, nullable=False),
)

vendor_contacts = Table(
    "vendor_contacts",
    metadata,
    Column("publisher", String, primary_key=True),
    Column("words_hash", String, nullable=False),
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("inquiry", String, primary_key=True),
    Column("app", String, nullable=False),
    Column("asked_on", String, nullable=False),
    Column("asker", String, nullable=False),
    Column("question_hash", String, nullable=False),
    Column("answered_on", String, nullable=False, server_default=""),
    Column("answer_hash", String, nullable=False, server_default=""),
)
Index("inquiries_app", inquiries.c.app)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("app", String, nullable=False, index=True),
    Column("group", String, nullable=False),
    Column("words_hash", String, nullable=False),
)

READINGS = (claims, vendor_contacts, inquiries, accounts)
