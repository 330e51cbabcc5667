"""The table of what was written outside the database. See schema.py."""

from sqlalchemy import BigInteger, Column, String, Table

from gatepost.storage.metadata import metadata

written_files = Table(
    "written_files",
    metadata,
    Column("path", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("person", String, nullable=False, server_default=""),
)
"""Files outside the database that name people: backups (of everybody), exports (of one person)."""
