"""The tables about apps and their owners: readings of the ledger, written by storage/app_reading.py alone."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

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

activations = Table(
    "activations",
    metadata,
    Column("proposal", String, primary_key=True),
    Column("apps", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("asked", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("proposed_index", Integer, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("state", String, nullable=False),
)
"""`state`: proposed, active, declined, or replaced by a later proposal about one of its apps."""

activation_judgements = Table(
    "activation_judgements",
    metadata,
    Column("proposal", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("approved", Boolean(create_constraint=False), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("signature", Text, nullable=False),
    Column("reason_hash", String, nullable=False),
)

READINGS = (activations, activation_judgements, claims, vendor_contacts, inquiries, accounts)
