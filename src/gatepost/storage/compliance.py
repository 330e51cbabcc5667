"""How many devices a rule asked something of, at one instant and the next: counts, and of no person."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import Instant
from gatepost.storage.compliance_schema import compliance
from gatepost.storage.schema import audience, devices, due, people


class Sample(NamedTuple):
    """`carrying`: devices on which the app was found; `unseen`: those due because nobody can see."""

    at: Instant
    carrying: int
    unseen: int


def count(conn: Connection, rule: int, at: Instant) -> Sample:
    """As it stands."""
    present = due.c.finding == Finding.PRESENT.value
    query = select(func.count().filter(present), func.count().filter(~present)).where(
        due.c.rule == rule, due.c.counts_from <= at
    )
    carrying, unseen = conn.execute(query).one()
    return Sample(at, carrying, unseen)


def keep(conn: Connection, rule: int, sample: Sample) -> None:
    row = {"rule": rule, **sample._asdict()}
    statement = upsert(compliance).values(row)
    conn.execute(statement.on_conflict_do_update(index_elements=[compliance.c.rule, compliance.c.at], set_=row))


def last(conn: Connection, rule: int) -> Instant | None:
    """When a rule was counted last."""
    return conn.execute(select(func.max(compliance.c.at)).where(compliance.c.rule == rule)).scalar()


def samples(conn: Connection, rule: int) -> list[Sample]:
    """Every count, oldest first."""
    query = select(compliance.c.at, compliance.c.carrying, compliance.c.unseen).where(compliance.c.rule == rule)
    return [Sample(*row) for row in conn.execute(query.order_by(compliance.c.at))]


def concerned(conn: Connection, rule: int, by: str) -> dict[str, int]:
    """How many people of the audience there are by group or country; somebody in two groups counts in both."""
    value, sources = _by(by)
    query = (
        select(value, func.count(people.c.ref.distinct()))
        .select_from(*sources)
        .where(audience.c.rule == rule, audience.c.person == people.c.ref)
    )
    return {str(name): number for name, number in conn.execute(query.group_by(value))}


def carrying(conn: Connection, rule: int, by: str, at: Instant) -> dict[str, int]:
    """How many people have a device on which the app is found now, by group or country."""
    value, sources = _by(by)
    query = (
        select(value, func.count(people.c.ref.distinct()))
        .select_from(*sources)
        .where(
            due.c.rule == rule,
            due.c.counts_from <= at,
            due.c.finding == Finding.PRESENT.value,
            due.c.device == devices.c.ref,
            devices.c.owner == people.c.ref,
        )
    )
    return {str(name): number for name, number in conn.execute(query.group_by(value))}


def _by(by: str) -> tuple[ColumnElement[str], tuple[FromClause, ...]]:
    """What is counted by, and whence it comes."""
    if by == "country":
        return people.c.country, (people,)
    groups = func.json_each(people.c.groups).table_valued("value", joins_implicitly=True)
    return groups.c.value, (people, groups)
