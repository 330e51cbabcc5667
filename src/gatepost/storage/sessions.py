"""Links that were asked for and sessions, by the digests of their secrets."""

import json
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.storage.session_schema import sessions, sign_ins, used_attempts


class Ask(NamedTuple):
    """A link that somebody (by ref) asked for in one browser."""

    digest: str
    browser: str
    person: str
    asked_at: Instant


class Session(NamedTuple):
    """`roles`: as they were when its cookie was made. `proved_at`: when the person last showed who they are."""

    digest: str
    person: str
    roles: frozenset[str]
    begun_at: Instant
    used_at: Instant
    proved_at: Instant | None


def add_ask(conn: Connection, ask: Ask) -> None:
    conn.execute(insert(sign_ins).values(ask._asdict()))


def asked(conn: Connection, since: Instant, person: str | None = None) -> int:
    """How many links were asked for after an instant, by one person or by all."""
    query = select(func.count()).select_from(sign_ins).where(sign_ins.c.asked_at > since)
    if person is not None:
        query = query.where(sign_ins.c.person == person)
    return int(conn.execute(query).scalar_one())


def find_ask(conn: Connection, digest: str, browser: str, since: Instant) -> Ask | None:
    """What was asked for after an instant under both of these, and not used yet."""
    query = select(sign_ins).where(
        sign_ins.c.digest == digest, sign_ins.c.browser == browser, sign_ins.c.asked_at > since
    )
    row = conn.execute(query).first()
    return Ask(*row) if row else None


def forget_asks(conn: Connection, person: str) -> None:
    """No link that this person asked for signs in any more."""
    conn.execute(delete(sign_ins).where(sign_ins.c.person == person))


def begin(conn: Connection, session: Session) -> None:
    conn.execute(insert(sessions).values(session._asdict() | {"roles": _text(session.roles)}))


def find(conn: Connection, digest: str) -> Session | None:
    row = conn.execute(select(sessions).where(sessions.c.digest == digest)).first()
    return Session(**{**row._mapping, "roles": frozenset(json.loads(row.roles))}) if row else None


def renew(conn: Connection, before: str, now: Session) -> None:
    """The session of one digest goes on like this, under another digest perhaps."""
    conn.execute(
        update(sessions).where(sessions.c.digest == before).values(now._asdict() | {"roles": _text(now.roles)})
    )


def end(conn: Connection, digest: str) -> bool:
    return conn.execute(delete(sessions).where(sessions.c.digest == digest)).rowcount > 0


def end_others(conn: Connection, person: str, stays: str) -> None:
    """Every session of this person is over, but that of this digest."""
    conn.execute(delete(sessions).where(sessions.c.person == person, sessions.c.digest != stays))


def use_up(conn: Connection, attempt: str, at: Instant) -> bool:
    """Whether an attempt (by digest) had not been used yet; it has now."""
    used = upsert(used_attempts).values(digest=attempt, at=at).on_conflict_do_nothing()
    return conn.execute(used).rowcount > 0


def forget_used(conn: Connection, before: Instant) -> None:
    """Erase attempts that nobody could use any more. By the machine's clock."""
    conn.execute(delete(used_attempts).where(used_attempts.c.at <= before))


def forget(conn: Connection, asked_before: Instant, used_before: Instant, begun_before: Instant) -> None:
    """Erase links and sessions that are over."""
    conn.execute(delete(sign_ins).where(sign_ins.c.asked_at <= asked_before))
    conn.execute(delete(sessions).where(or_(sessions.c.used_at <= used_before, sessions.c.begun_at <= begun_before)))


def forget_all(conn: Connection) -> None:
    """Nobody is signed in any more, and no link signs in."""
    conn.execute(delete(sign_ins))
    conn.execute(delete(sessions))


def _text(roles: Collection[str]) -> str:
    return json.dumps(sorted(roles))
