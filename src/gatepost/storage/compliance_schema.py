"""The table of how policies' devices come along: counts, written by storage/compliance.py alone."""

from sqlalchemy import BigInteger, Column, Integer, Table

from gatepost.storage.metadata import metadata

compliance = Table(
    "compliance",
    metadata,
    Column("rule", Integer, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("carrying", Integer, nullable=False),
    Column("unseen", Integer, nullable=False),
)
"""How many devices each rule asked something of at an instant."""
