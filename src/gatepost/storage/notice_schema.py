"""The table of mails, and its indexes: a queue that goes on. See schema.py."""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Integer, String, Table, Text, and_, literal_column

from gatepost.core.notice.notice import ABOUT_APPROVAL, REACHED, NoticeKind, NoticeState
from gatepost.storage.metadata import metadata

notices = Table(
    "notices",
    metadata,
    Column("id", String, primary_key=True),
    Column("policy", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("person", String, nullable=False, index=True),
    Column("step", String, nullable=False),
    Column("state", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("in_reply_to", String, nullable=False, server_default=""),
    Column("references", Text, nullable=False, server_default=""),
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("created_at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("awaits", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claim", String, nullable=False, server_default=""),
    Column("settled_at", BigInteger),
    Column("reply", Text, nullable=False, server_default=""),
)
Index(
    "notices_once", notices.c.policy, notices.c.revision, notices.c.kind, notices.c.person, notices.c.step, unique=True
)
Index(
    "notices_kind",
    notices.c.kind,
    notices.c.policy,
    notices.c.revision,
    notices.c.settled_at,
    notices.c.state,
    notices.c.not_before,
)

# The queue is read for every batch, so what has left it must cost nothing. SQLite uses such an index only for a query
# that has its condition word for word: so the queries take these, and they have literals in the place of parameters.


def _literals(words: Iterable[NoticeKind | NoticeState]) -> list[ColumnElement[str]]:
    return [literal_column(f"'{word.value}'") for word in words]


CLOSING_KINDS = (NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL, NoticeKind.ENDED)
_URGENT = _literals(
    (*CLOSING_KINDS, NoticeKind.RESTORED, NoticeKind.DEVICE_PASSWORD, NoticeKind.SIGN_IN, NoticeKind.CODE)
)
OPEN = notices.c.settled_at.is_(None)
URGENT = and_(OPEN, notices.c.kind.concat(literal_column("''")).in_(_URGENT))  # the bare column: notices_kind again
"""Corrections, mail restored, a password to it made, a link or a code that somebody waits for: before all else."""

ORDINARY = and_(OPEN, notices.c.kind.not_in([*_URGENT, *_literals([NoticeKind.ANNOUNCEMENT])]))
SETTLED = notices.c.settled_at.is_not(None)
MAY_BE_READ = and_(
    notices.c.state.in_(_literals(sorted(REACHED))),
    notices.c.kind.concat(literal_column("''")).not_in(_literals(sorted(ABOUT_APPROVAL))),
)
"""Mails to the people concerned that may be in their inboxes: a retraction goes through them by person."""
Index("notices_settled", notices.c.settled_at, notices.c.kind, notices.c.state, sqlite_where=SETTLED)
Index("notices_read", notices.c.policy, notices.c.person, sqlite_where=MAY_BE_READ)
Index("notices_open", notices.c.state, sqlite_where=OPEN)
Index("notices_urgent", notices.c.not_before, sqlite_where=URGENT)
Index("notices_ordinary", notices.c.not_before, notices.c.created_at, notices.c.id, sqlite_where=ORDINARY)
