"""What is kept for a time: which rows are older than the site's bound, and erasing them.

Whatever a policy needs that is not over stays, however old: its audience, its notices (a correction answers each
person's own mail, I-24), the waivers from it and the statements about its apps.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, literal_column, or_, select

from gatepost.core.change.stage import LIVE, PENDING
from gatepost.core.instant import Instant
from gatepost.storage.among import among
from gatepost.storage.door_schema import contacts, device_passwords, sightings
from gatepost.storage.notice_schema import OPEN, notices
from gatepost.storage.schema import (
    READINGS,
    admissions,
    attestations,
    audience,
    audience_devices,
    closing,
    devices,
    people,
    revisions,
    texts,
    waivers,
)

Keys: TypeAlias = list[str]
"""Of rows: a text column's values, or row numbers."""


class Bound(NamedTuple):
    """`before`: what ended before this instant is over. `asked`: the apps that live policies ask about."""

    before: Instant
    asked: frozenset[str]
    most: int


class Kind(NamedTuple):
    """`over` finds rows whose time is over, `erase` deletes them and says how many went."""

    over: Callable[[Connection, Bound], Keys]
    erase: Callable[[Connection, Keys], int]


def open_policies(conn: Connection) -> set[str]:
    """Those of which something is on its way, applies, or is owed to anybody."""
    live = select(revisions.c.policy).where(revisions.c.stage.in_(PENDING | LIVE))
    unsent = select(notices.c.policy).where(OPEN, notices.c.policy != "")
    return {row.policy for query in (live, select(closing.c.policy), unsent) for row in conn.execute(query.distinct())}


def rules_over(conn: Connection, before: Instant) -> list[int]:
    """The rules that ended before an instant."""
    query = select(revisions.c.rule).where(
        revisions.c.rule.is_not(None), revisions.c.stage.not_in(LIVE), revisions.c.closed_at < before
    )
    return [row.rule for row in conn.execute(query)]


_ROW: ColumnElement[int] = literal_column("rowid")


def _numbered(conn: Connection, table: Table, condition: ColumnElement[bool], most: int) -> Keys:
    """Rows by number: that of a table with several keys is the shortest name that they have."""
    rows = conn.execute(select(_ROW).select_from(table).where(condition).limit(most))
    return [str(number) for (number,) in rows]


def _delete(table: Table) -> Callable[[Connection, Keys], int]:
    def erase(conn: Connection, keys: Keys) -> int:
        return conn.execute(delete(table).where(_ROW.in_([int(key) for key in keys]))).rowcount

    return erase


def _sightings(conn: Connection, bound: Bound) -> Keys:
    return _numbered(conn, sightings, sightings.c.last_at < bound.before, bound.most)


def _passwords(conn: Connection, bound: Bound) -> Keys:
    return _numbered(conn, device_passwords, device_passwords.c.revoked_at < bound.before, bound.most)


def _notices(conn: Connection, bound: Bound) -> Keys:
    """By when the newest of the policy was settled: a policy is over for all at once. Mails about none end alone."""
    recent = select(notices.c.policy).where(notices.c.settled_at >= bound.before, notices.c.policy != "")
    kept = open_policies(conn) | {row.policy for row in conn.execute(recent.distinct())}
    condition = and_(notices.c.settled_at < bound.before, ~among(notices.c.policy, kept))
    return _numbered(conn, notices, condition, bound.most)


def _of_rules(table: Table) -> Callable[[Connection, Bound], Keys]:
    def over(conn: Connection, bound: Bound) -> Keys:
        rules = rules_over(conn, bound.before)
        return _numbered(conn, table, table.c.rule.in_(rules), bound.most) if rules else []

    return over


def _admissions(conn: Connection, bound: Bound) -> Keys:
    return _numbered(conn, admissions, admissions.c.at < bound.before, bound.most)


def _waivers(conn: Connection, bound: Bound) -> Keys:
    ended = and_(waivers.c.ended != "", waivers.c.until < bound.before)
    query = select(waivers.c.waiver).where(ended, ~among(waivers.c.policy, open_policies(conn))).limit(bound.most)
    return [row.waiver for row in conn.execute(query)]


def _attestations(conn: Connection, bound: Bound) -> Keys:
    """`until` bounds those too that were voided earlier: it is never far ahead."""
    ended = and_(attestations.c.ended != "", attestations.c.until < bound.before)
    query = select(attestations.c.attestation).where(ended, ~among(attestations.c.app, bound.asked)).limit(bound.most)
    return [row.attestation for row in conn.execute(query)]


def forget_exceptions(conn: Connection, waiver_ids: Sequence[str], attestation_ids: Sequence[str]) -> None:
    """To be called by the reading of the ledger alone."""
    conn.execute(delete(waivers).where(among(waivers.c.waiver, waiver_ids)))
    conn.execute(delete(attestations).where(among(attestations.c.attestation, attestation_ids)))


def _by_the_reading(_conn: Connection, keys: Keys) -> int:
    """Rows of a reading of the ledger go when the entry that says so is read."""
    return len(keys)


def _texts(conn: Connection, bound: Bound) -> Keys:
    """Those that nothing in force refers to: every `..._hash` of the readings is a reference."""
    old = select(texts.c.hash).where(texts.c.at < bound.before)
    for table in READINGS:
        for column in table.columns:
            if column.name.endswith("_hash"):
                old = old.where(texts.c.hash.not_in(select(column)))
    return [row.hash for row in conn.execute(old.limit(bound.most))]


def erase_texts(conn: Connection, hashes: Iterable[str]) -> int:
    """From now on these hashes in the ledger are of words that nobody has."""
    return conn.execute(delete(texts).where(among(texts.c.hash, hashes))).rowcount


KINDS: Mapping[str, Mapping[str, Kind]] = {
    "sightings": {"sightings": Kind(_sightings, _delete(sightings))},
    "passwords_revoked": {"device_passwords": Kind(_passwords, _delete(device_passwords))},
    "notices": {"notices": Kind(_notices, _delete(notices))},
    "audience": {
        "audience": Kind(_of_rules(audience), _delete(audience)),
        "audience_devices": Kind(_of_rules(audience_devices), _delete(audience_devices)),
        "contacts": Kind(_of_rules(contacts), _delete(contacts)),
        "admissions": Kind(_admissions, _delete(admissions)),
    },
    "attestations": {"attestations": Kind(_attestations, _by_the_reading)},
    "waivers": {"waivers": Kind(_waivers, _by_the_reading)},
    "reasons": {"texts": Kind(_texts, erase_texts)},
}
"""By the setting that bounds them, then by table. People and devices go with all that is theirs: see belongings.py."""


def people_over(conn: Connection, before: Instant) -> list[str]:
    """Who left before an instant."""
    query = select(people.c.ref).where(~people.c.working, people.c.left_at < before).order_by(people.c.left_at)
    return [row.ref for row in conn.execute(query)]


def devices_over(conn: Connection, before: Instant, most: int) -> list[str]:
    """Devices that were checked out before an instant."""
    query = select(devices.c.ref).where(devices.c.retired, devices.c.retired_at < before).limit(most)
    return [row.ref for row in conn.execute(query)]


def concerned(conn: Connection, refs: Iterable[str]) -> set[str]:
    """Which of these people a policy that is not over may still owe a word: in a live audience, reached by one of its
    mails, or with a mail that has not left."""
    listed = list(refs)
    live = select(revisions.c.rule).where(revisions.c.stage.in_(LIVE))
    heard = select(audience.c.person).where(among(audience.c.person, listed), audience.c.rule.in_(live))
    of_open = or_(OPEN, among(notices.c.policy, open_policies(conn)))
    mailed = select(notices.c.person).where(among(notices.c.person, listed), of_open)
    return {row.person for query in (heard, mailed) for row in conn.execute(query.distinct())}
