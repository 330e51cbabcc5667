"""The tables of the API: tokens, and what was answered lately. See schema.py."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table, Text

from gatepost.storage.metadata import metadata

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
    Column("scopes", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("added_at", BigInteger, nullable=False),
)
"""`digest`: SHA-256 of the secret, which is random and too long to be guessed. One that was revoked has no row."""

api_answers = Table(
    "api_answers",
    metadata,
    Column("token", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("asked", String, nullable=False),
    Column("entry", Integer),
    Column("answer", Text, nullable=False, server_default=""),
    Column("at", BigInteger, nullable=False, index=True),
)
"""What was done under an Idempotency-Key. `asked`: the digest of the request. `entry`: the first of the ledger's that
it made, written with it; `answer` ("" until then, and if the program ended before) after it."""
