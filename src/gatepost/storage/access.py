"""Who holds which role and key, as the ledger says."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from gatepost.storage.schema import keys, roles


class Grant(NamedTuple):
    """A role held, and the ledger entry and person that it is owed to."""

    person: str
    role: str
    granted_by: str
    entry: int


class Key(NamedTuple):
    """A public SSH key (one line, without its comment)."""

    fingerprint: str
    person: str
    public_key: str
    added_by: str
    entry: int


def grants(conn: Connection, person: str | None = None) -> list[Grant]:
    query = select(roles).order_by(roles.c.person, roles.c.role)
    if person is not None:
        query = query.where(roles.c.person == person)
    return [Grant(*row) for row in conn.execute(query)]


def holders(conn: Connection, role: str) -> list[str]:
    return [row.person for row in conn.execute(select(roles.c.person).where(roles.c.role == role).order_by("person"))]


def keys_of(conn: Connection, person: str | None = None) -> list[Key]:
    query = select(keys).order_by(keys.c.added_index)
    if person is not None:
        query = query.where(keys.c.person == person)
    return [Key(*row) for row in conn.execute(query)]


def key(conn: Connection, fingerprint: str) -> Key | None:
    row = conn.execute(select(keys).where(keys.c.fingerprint == fingerprint)).first()
    return Key(*row) if row else None
