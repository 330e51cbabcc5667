"""What the API did and answered under each Idempotency-Key, for a day."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.instant import Instant
from gatepost.core.token import ANSWERS_KEPT
from gatepost.storage.token_schema import api_answers


class Kept(NamedTuple):
    """`asked`: the digest of the request. `entry`: the first of the ledger's entries that it made, None if it made
    none. `answer`: JSON, "" if the program ended before there was one."""

    asked: str
    entry: int | None
    answer: str


def find(conn: Connection, token: str, key: str, now: Instant) -> Kept | None:
    """What was done under this key of this token within a day."""
    query = select(api_answers.c.asked, api_answers.c.entry, api_answers.c.answer).where(
        api_answers.c.token == token, api_answers.c.key == key, api_answers.c.at > now - ANSWERS_KEPT
    )
    row = conn.execute(query).first()
    return Kept(*row) if row else None


def keep(conn: Connection, token: str, key: str, kept: Kept, now: Instant) -> None:
    """Write it, over what was known under this key; what is older than a day is forgotten."""
    forget(conn, now)
    row = {"token": token, "key": key, "at": now} | kept._asdict()
    which = [api_answers.c.token, api_answers.c.key]
    conn.execute(upsert(api_answers).values(row).on_conflict_do_update(index_elements=which, set_=kept._asdict()))


def forget(conn: Connection, now: Instant) -> None:
    """Erase what was answered longer than a day ago."""
    conn.execute(delete(api_answers).where(api_answers.c.at <= now - ANSWERS_KEPT))
