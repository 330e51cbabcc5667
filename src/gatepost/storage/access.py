"""Who holds which role and key, as the ledger says."""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from gatepost.storage.schema import keys, roles


class Grant(NamedTuple):
    """A role held, and the ledger entry and people that it is owed to. `line`: see core/change/quorum.py."""

    person: str
    role: str
    granted_by: str
    entry: int
    line: tuple[str, ...]


class Key(NamedTuple):
    """A public SSH key (one line, without its comment)."""

    fingerprint: str
    person: str
    public_key: str
    added_by: str
    entry: int
    line: tuple[str, ...]


def grants(conn: Connection, person: str | None = None) -> list[Grant]:
    query = select(roles).order_by(roles.c.person, roles.c.role)
    if person is not None:
        query = query.where(roles.c.person == person)
    return [
        Grant(row.person, row.role, row.granted_by, row.granted_index, tuple(json.loads(row.line)))
        for row in conn.execute(query)
    ]


def holders(conn: Connection, role: str) -> list[str]:
    return [row.person for row in conn.execute(select(roles.c.person).where(roles.c.role == role).order_by("person"))]


def keys_of(conn: Connection, person: str | None = None) -> list[Key]:
    query = select(keys).order_by(keys.c.added_index)
    if person is not None:
        query = query.where(keys.c.person == person)
    return [_key(row) for row in conn.execute(query)]


def key(conn: Connection, fingerprint: str) -> Key | None:
    row = conn.execute(select(keys).where(keys.c.fingerprint == fingerprint)).first()
    return _key(row) if row else None


def _key(row: Row[Any]) -> Key:
    line = tuple(json.loads(row.line))
    return Key(row.fingerprint, row.person, row.public_key, row.added_by, row.added_index, line)
