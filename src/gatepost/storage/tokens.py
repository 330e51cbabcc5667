"""Tokens of the API: whose they are, and the digest by which each is recognised."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from gatepost.core.instant import Instant
from gatepost.core.token import Scope
from gatepost.storage.token_schema import api_tokens


class Token(NamedTuple):
    """`person`: a ref. `until`: the first instant at which it is over."""

    token: str
    person: str
    scopes: frozenset[Scope]
    until: Instant
    added_at: Instant


_COLUMNS = tuple(api_tokens.c[name] for name in Token._fields)


def add(conn: Connection, token: Token, digest: bytes) -> None:
    scopes = json.dumps(sorted(token.scopes))
    conn.execute(insert(api_tokens).values(token._asdict() | {"scopes": scopes, "digest": digest}))


def find(conn: Connection, name: str) -> tuple[Token, bytes] | None:
    """The token of this name with its digest, also one that is over."""
    row = conn.execute(select(*_COLUMNS, api_tokens.c.digest).where(api_tokens.c.token == name)).first()
    return (_token(*row[:-1]), row.digest) if row else None


def every(conn: Connection, person: str | None = None) -> list[Token]:
    """All, or one person's (by ref), oldest first."""
    query = select(*_COLUMNS).order_by(api_tokens.c.added_at, api_tokens.c.token)
    if person is not None:
        query = query.where(api_tokens.c.person == person)
    return [_token(*row) for row in conn.execute(query)]


def _token(token: str, person: str, scopes: str, until: Instant, added_at: Instant) -> Token:
    return Token(token, person, frozenset(map(Scope, json.loads(scopes))), until, added_at)


def remove(conn: Connection, name: str) -> None:
    """From now on nothing recognises it."""
    conn.execute(delete(api_tokens).where(api_tokens.c.token == name))


def forget(conn: Connection, now: Instant) -> None:
    """Erase those that are over."""
    conn.execute(delete(api_tokens).where(api_tokens.c.until <= now))
