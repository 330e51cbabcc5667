"""Who holds which role and key, as the ledger says, and what waits for a second administrator's yes."""

import json
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from gatepost.core.change.two_administrators import ADMIN, Act, Administrator, Asked, Yes
from gatepost.core.instant import Instant
from gatepost.storage.access_schema import access_yes, keys, passkeys, provider_roles, roles, waiting_access

PROVIDER: Final = "provider"
"""Who gave what the provider's groups give."""


class Grant(NamedTuple):
    """A role held, the ledger entry since which it counts, and the people that it is owed to. `line`: see
    core/change/quorum.py. `confirmed_by`: the administrators who signed it; none, if it counted at once. `until`: of
    one by the provider's word, whose `granted_by` is PROVIDER."""

    person: str
    role: str
    granted_by: str
    entry: int
    line: tuple[str, ...]
    confirmed_by: tuple[str, ...] = ()
    until: Instant | None = None


class Key(NamedTuple):
    """A public SSH key (one line, without its comment). The rest as of a grant."""

    fingerprint: str
    person: str
    public_key: str
    added_by: str
    entry: int
    line: tuple[str, ...]
    confirmed_by: tuple[str, ...] = ()


class Passkey(NamedTuple):
    """With which somebody signs in. `credential`: its id, in base64url. `public_key`: as of a key."""

    credential: str
    person: str
    fingerprint: str
    public_key: str
    registered_at: Instant


class Waiting(NamedTuple):
    """What does not count yet; `asked_by` gave it or took it away."""

    asked: Asked
    asked_by: str


def grants(conn: Connection, person: str | None = None) -> list[Grant]:
    """What administrators granted: all that a quorum can rest on."""
    query = select(roles).order_by(roles.c.person, roles.c.role)
    if person is not None:
        query = query.where(roles.c.person == person)
    return [
        Grant(row.person, row.role, row.granted_by, row.granted_index, _names(row.line), _names(row.confirmed_by))
        for row in conn.execute(query)
    ]


def provider_grants(conn: Connection, person: str | None = None) -> list[Grant]:
    """What the provider's groups gave when somebody signed in there last, past its end too."""
    query = select(provider_roles).order_by(provider_roles.c.person, provider_roles.c.role)
    if person is not None:
        query = query.where(provider_roles.c.person == person)
    return [Grant(row.person, row.role, PROVIDER, row.entry, (), until=row.until) for row in conn.execute(query)]


def held(conn: Connection, now: Instant, person: str | None = None) -> list[Grant]:
    """Every role that counts at this instant, by a grant or by the provider's word; a role may be held by both."""
    given = (grant for grant in provider_grants(conn, person) if grant.until is not None and now < grant.until)
    return [*grants(conn, person), *given]


def roles_of(conn: Connection, now: Instant, person: str) -> frozenset[str]:
    """The roles somebody holds at this instant."""
    return frozenset(grant.role for grant in held(conn, now, person))


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


def passkeys_of(conn: Connection, person: str) -> list[Passkey]:
    query = select(passkeys).where(passkeys.c.person == person).order_by(passkeys.c.registered_at)
    return [Passkey(*row) for row in conn.execute(query)]


def passkey(conn: Connection, *, credential: str | None = None, fingerprint: str = "") -> Passkey | None:
    """The one of this id, or of this fingerprint."""
    wanted = passkeys.c.fingerprint == fingerprint if credential is None else passkeys.c.credential == credential
    row = conn.execute(select(passkeys).where(wanted)).first()
    return Passkey(*row) if row else None


def administrators(conn: Connection) -> list[Administrator]:
    """Everybody who administers, whether they have a key, and have left, or not."""
    known: dict[str, dict[str, int]] = {}
    for found in keys_of(conn):
        known.setdefault(found.person, {})[found.fingerprint] = found.entry
    query = select(roles).where(roles.c.role == ADMIN).order_by(roles.c.person)
    return [
        Administrator(row.person, row.granted_index, known.get(row.person, {}), row.left_at)
        for row in conn.execute(query)
    ]


def waiting(conn: Connection) -> list[Waiting]:
    """Everything that waits for a yes, oldest first."""
    return [
        Waiting(Asked(row.entry, Act(row.act), row.person, row.name), row.asked_by)
        for row in conn.execute(select(waiting_access).order_by(waiting_access.c.entry))
    ]


def yeses(conn: Connection, entry: int) -> list[Yes]:
    """Who has signed what was asked by an entry, in no order that matters."""
    query = select(access_yes).where(access_yes.c.entry == entry).order_by(access_yes.c.person)
    return [Yes(row.person, row.fingerprint) for row in conn.execute(query)]


def _key(row: Row[Any]) -> Key:
    line, confirmed_by = _names(row.line), _names(row.confirmed_by)
    return Key(row.fingerprint, row.person, row.public_key, row.added_by, row.added_index, line, confirmed_by)


def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
