"""Whom the cap let be blocked, and who waits for it: unforeseen people with a device that could be blocked."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, insert, or_, select

from gatepost.core.instant import Instant
from gatepost.storage.schema import admissions, audience, devices, due, people


class Waiting(NamedTuple):
    """Somebody whom only the cap keeps from being blocked under a rule, or will once they were told and grace is over.

    `ready`: nothing but the cap keeps them now. `due_since`: as in the audience, ALWAYS (0) for the announced.
    """

    rule: int
    person: str
    due_since: Instant
    ready: bool


def waiting(conn: Connection, rules: Collection[int], shared: Collection[int], at: Instant) -> list[Waiting]:
    """Those who wait under these rules, oldest first. `shared`: the rules that block shared devices too."""
    if not _any_unforeseen(conn, rules):
        return []
    joined = (
        audience.join(people, people.c.ref == audience.c.person)
        .join(devices, devices.c.owner == audience.c.person)
        .join(due, and_(due.c.device == devices.c.ref, due.c.rule == audience.c.rule))
    )
    could = and_(due.c.counts_from <= at, ~devices.c.retired, or_(~devices.c.shared, audience.c.rule.in_(shared)))
    since = func.coalesce(audience.c.due_since, 0)
    query = (
        select(audience.c.rule, audience.c.person, since, func.min(due.c.ready_at))
        .select_from(joined)
        .where(audience.c.rule.in_(rules), _UNFORESEEN, people.c.working, could)
        .group_by(audience.c.rule, audience.c.person)
        .order_by(since, audience.c.person)
    )
    return [Waiting(rule, person, begun, ready_at <= at) for rule, person, begun, ready_at in conn.execute(query)]


_UNFORESEEN = and_(~audience.c.foreseen, audience.c.admitted_at.is_(None))


def _any_unforeseen(conn: Connection, rules: Collection[int]) -> bool:
    """Usually there is nobody, and then this is one look at a small index."""
    return (
        conn.execute(select(audience.c.rule).where(audience.c.rule.in_(rules), _UNFORESEEN).limit(1)).first()
        is not None
    )


def admit(conn: Connection, persons: Iterable[str], at: Instant) -> None:
    """Write down that these are admitted now."""
    if rows := [{"person": person, "at": at} for person in persons]:
        conn.execute(insert(admissions), rows)


def admitted_since(conn: Connection, since: Instant) -> int:
    """How many admissions there were after an instant."""
    query = select(func.count()).select_from(admissions).where(admissions.c.at > since)
    return int(conn.execute(query).scalar_one())


def blocked(conn: Connection, rule: int, persons: Collection[str], at: Instant) -> set[str]:
    """Which of these have a device that the rule blocks now, or would if it were not held."""
    query = select(devices.c.owner).select_from(due.join(devices, devices.c.ref == due.c.device))
    found = query.where(due.c.rule == rule, due.c.effect_at <= at, devices.c.owner.in_(persons))
    return {row.owner for row in conn.execute(found.distinct())}
