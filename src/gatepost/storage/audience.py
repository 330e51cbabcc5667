"""Who was told of a policy revision, which devices are due under it, and what was last recorded of them."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.verdict import DueRule, Outcome
from gatepost.storage.among import among
from gatepost.storage.schema import audience, audience_devices, devices, due, outcomes, pending, settling


class Listener(NamedTuple):
    """One person in the audience of a rule. `due_since`: when a device first became due after the announcement.

    `told_at`: by mail, or else otherwise; `told_otherwise_at`: as an operator recorded, which no bounce undoes.
    """

    rule: int
    person: str
    cell: int
    foreseen: bool
    told_at: Instant | None
    told_otherwise_at: Instant | None
    admitted_at: Instant | None
    due_since: Instant | None


class DueRow(NamedTuple):
    """A due rule of a device. `effect_at`: from when it would take effect in its cell; NEVER while it cannot.

    `ready_at`: the same, were the person foreseen: while the two differ, the cap alone is in between.
    """

    device: str
    due: DueRule
    effect_at: Instant
    ready_at: Instant


def add(conn: Connection, listeners: Sequence[Listener], owed: Container[str] = ()) -> None:
    """`owed`: to whom an announcement is to be put in the outbox after this change."""
    if listeners:
        rows = [listener._asdict() | {"owed": listener.person in owed} for listener in listeners]
        conn.execute(upsert(audience).on_conflict_do_nothing(), rows)


_OWED = audience.c.owed == literal_column("1")
"""Word for word the condition of the index (see schema.py)."""


def owed(conn: Connection, limit: int) -> list[tuple[int, str]]:
    """Some of those to whom an announcement is still to be put in the outbox: rule and person."""
    query = select(audience.c.rule, audience.c.person).where(_OWED).order_by(audience.c.rule)
    return [(row.rule, row.person) for row in conn.execute(query.limit(limit))]


def count_owed(conn: Connection, rule: int) -> int:
    """How many of a rule's audience have no announcement in the outbox yet."""
    query = select(func.count()).select_from(audience).where(_OWED, audience.c.rule == rule)
    return int(conn.execute(query).scalar_one())


def owe_no_more(conn: Connection, part: Iterable[tuple[int, str]]) -> None:
    by_rule: dict[int, list[str]] = {}
    for rule, person in part:
        by_rule.setdefault(rule, []).append(person)
    for rule, people in by_rule.items():
        _change(conn, rule, people, owed=False)


def add_devices(conn: Connection, rule: int, refs: Iterable[str]) -> None:
    if rows := [{"rule": rule, "device": device} for device in refs]:
        conn.execute(upsert(audience_devices).on_conflict_do_nothing(), rows)


def of_people(conn: Connection, people: Iterable[str], rules: Iterable[int]) -> dict[tuple[int, str], Listener]:
    """What the audiences of these rules say of these people."""
    if not (wanted := list(rules)):
        return {}
    columns = (audience.c[name] for name in Listener._fields)
    query = select(*columns).where(among(audience.c.person, people), audience.c.rule.in_(wanted))
    return {(row[0], row[1]): Listener(*row) for row in conn.execute(query)}


def announced_devices(conn: Connection, rules: Iterable[int], refs: Iterable[str]) -> set[tuple[int, str]]:
    """Which of these devices were due when a rule was announced."""
    if not (wanted := list(rules)):
        return set()
    columns = (audience_devices.c.rule, audience_devices.c.device)
    query = select(*columns).where(among(audience_devices.c.device, refs), audience_devices.c.rule.in_(wanted))
    return {(rule, device) for rule, device in conn.execute(query)}


def people_of(conn: Connection, rule: int) -> list[str]:
    """Everybody in the audience of a rule."""
    return [row.person for row in conn.execute(select(audience.c.person).where(audience.c.rule == rule))]


def told_otherwise(conn: Connection, rules: Iterable[int]) -> dict[str, Instant]:
    """Who in the audiences of these rules was told otherwise than by mail, and when first."""
    told = and_(audience.c.rule.in_(list(rules)), audience.c.told_otherwise_at.is_not(None))
    query = select(audience.c.person, func.min(audience.c.told_otherwise_at)).where(told)
    return {row[0]: row[1] for row in conn.execute(query.group_by(audience.c.person))}


def forget(conn: Connection, rule: int, people: Iterable[str], refs: Iterable[str]) -> None:
    """These people, and devices, are in the audience of a rule no more."""
    conn.execute(delete(audience).where(audience.c.rule == rule, among(audience.c.person, people)))
    own = (audience_devices.c.rule == rule, among(audience_devices.c.device, refs))
    conn.execute(delete(audience_devices).where(*own))


def _change(conn: Connection, rule: int, people: Iterable[str], **values: object) -> None:
    conn.execute(update(audience).where(audience.c.rule == rule, among(audience.c.person, people)).values(**values))


def set_told(conn: Connection, rule: int, told: Mapping[str, Instant | None]) -> None:
    """When each person was told; None undoes it."""
    by_instant: dict[Instant | None, list[str]] = {}
    for person, at in told.items():
        by_instant.setdefault(at, []).append(person)
    for at, people in by_instant.items():
        _change(conn, rule, people, told_at=at)


def set_told_otherwise(conn: Connection, rule: int, person: str, at: Instant) -> None:
    """Somebody was told otherwise than by mail; for whoever was told by mail before, that instant stays."""
    _change(conn, rule, [person], told_otherwise_at=at, told_at=func.coalesce(audience.c.told_at, at))


def undo_told(conn: Connection, rule: int, person: str) -> None:
    """The mail told nobody; being told otherwise stays."""
    _change(conn, rule, [person], told_at=audience.c.told_otherwise_at)


def set_admitted(conn: Connection, rule: int, people: Iterable[str], at: Instant | None) -> None:
    """From when the cap lets these be blocked; None: it has to be asked again."""
    _change(conn, rule, people, admitted_at=at)


def set_due_since(conn: Connection, listeners: Sequence[Listener]) -> None:
    """Once per policy and person: an instant that is there stays."""
    condition = and_(
        audience.c.rule == bindparam("of"), audience.c.person == bindparam("who"), audience.c.due_since.is_(None)
    )
    if rows := [{"of": found.rule, "who": found.person, "at": found.due_since} for found in listeners]:
        conn.execute(update(audience).where(condition).values(due_since=bindparam("at")), rows)


# --- level 1 as rows


def replace_due(conn: Connection, refs: Iterable[str], rows: Sequence[DueRow]) -> None:
    """These devices have exactly these due rules."""
    conn.execute(delete(due).where(among(due.c.device, refs)))
    if rows:
        conn.execute(insert(due), [_due_values(row) for row in rows])


def _due_values(row: DueRow) -> dict[str, object]:
    return {
        "device": row.device,
        "rule": row.due.rule,
        "cell": row.due.cell,
        "app": row.due.app,
        "finding": int(row.due.finding),
        "counts_from": row.due.counts_from,
        "not_before": row.due.not_before,
        "effect_at": row.effect_at,
        "ready_at": row.ready_at,
    }


_DUE = tuple(due.c[name] for name in ("device", *DueRule._fields))


def due_of(conn: Connection, refs: Iterable[str]) -> dict[str, list[DueRule]]:
    found: dict[str, list[DueRule]] = {}
    for device, rule, cell, app, finding, counts_from, not_before in conn.execute(
        select(*_DUE).where(among(due.c.device, refs)).order_by(due.c.rule)
    ):
        found.setdefault(device, []).append(DueRule(rule, cell, app, Finding(finding), counts_from, not_before))
    return found


def rows_of(conn: Connection, refs: Iterable[str]) -> list[DueRow]:
    """The due rules of these devices, with the instants that were computed of them."""
    columns = (*_DUE, due.c.effect_at, due.c.ready_at)
    query = select(*columns).where(among(due.c.device, refs)).order_by(due.c.device, due.c.rule)
    return [
        DueRow(device, DueRule(rule, cell, app, Finding(finding), counts_from, not_before), effect_at, ready_at)
        for device, rule, cell, app, finding, counts_from, not_before, effect_at, ready_at in conn.execute(query)
    ]


def due_devices(conn: Connection, rule: int, limit: int = -1) -> list[str]:
    return [row.device for row in conn.execute(select(due.c.device).where(due.c.rule == rule).limit(limit))]


def first_effect(conn: Connection, rule: int) -> Instant:
    """The earliest instant at which the rule takes effect for any device; NEVER if for none."""
    return conn.execute(select(func.min(due.c.effect_at)).where(due.c.rule == rule)).scalar() or NEVER


def still_due(conn: Connection, rule: int, cells: Sequence[int], at: Instant) -> list[str]:
    """People of these cells in the rule's audience who have a device that is due now."""
    joined = due.join(devices, devices.c.ref == due.c.device).join(
        audience, and_(audience.c.person == devices.c.owner, audience.c.rule == due.c.rule)
    )
    condition = and_(due.c.rule == rule, audience.c.cell.in_(cells), due.c.counts_from <= at)
    query = select(audience.c.person).distinct().select_from(joined).where(condition).order_by(audience.c.person)
    return [row.person for row in conn.execute(query)]


def count_due(conn: Connection, rule: int) -> int:
    return int(conn.execute(select(func.count()).select_from(due).where(due.c.rule == rule)).scalar_one())


# --- what was last recorded of each device's verdict


def outcomes_of(conn: Connection, refs: Iterable[str]) -> dict[str, Outcome]:
    """The recorded outcomes; a device without one was allowed."""
    query = select(outcomes.c.device, outcomes.c.outcome).where(among(outcomes.c.device, refs))
    return {device: Outcome(outcome) for device, outcome in conn.execute(query)}


def outcome_counts(conn: Connection) -> dict[Outcome, tuple[int, int]]:
    """Of each outcome but allow, as recorded: how many devices have it now, and how many people own these."""
    owners = func.count(outcomes.c.owner.distinct())
    query = select(outcomes.c.outcome, func.count(), owners).where(outcomes.c.outcome > int(Outcome.ALLOW))
    return {Outcome(row[0]): (row[1], row[2]) for row in conn.execute(query.group_by(outcomes.c.outcome))}


class Recorded(NamedTuple):
    """What is recorded of a device: its owner's ref, and the instant at which time alone may change the outcome."""

    owner: str
    outcome: Outcome
    check_at: Instant


def set_outcomes(conn: Connection, rows: Mapping[str, Recorded]) -> None:
    """Record these by device. An allow that stands needs no row."""
    keep = [
        {"device": device, "outcome": int(row.outcome), "check_at": row.check_at, "owner": row.owner}
        for device, row in rows.items()
        if row.outcome is not Outcome.ALLOW or row.check_at < NEVER
    ]
    kept = {row["device"] for row in keep}
    conn.execute(delete(outcomes).where(among(outcomes.c.device, rows.keys() - kept)))
    if keep:
        statement = upsert(outcomes)
        changed = {name: statement.excluded[name] for name in ("outcome", "check_at", "owner")}
        conn.execute(statement.on_conflict_do_update(index_elements=[outcomes.c.device], set_=changed), keep)


def to_check(conn: Connection, at: Instant, limit: int) -> list[str]:
    """Devices whose verdict time alone may have changed by now."""
    query = select(outcomes.c.device).where(outcomes.c.check_at <= at).order_by(outcomes.c.check_at).limit(limit)
    return [row.device for row in conn.execute(query)]


def postpone(conn: Connection, refs: Iterable[str]) -> None:
    """These devices' standings are to be computed anew, after this change."""
    if rows := [{"device": ref} for ref in refs]:
        conn.execute(upsert(pending).on_conflict_do_nothing(), rows)


def take_pending(conn: Connection, limit: int) -> list[str]:
    """Some of the devices that were postponed; they are not any more."""
    found = [row.device for row in conn.execute(select(pending.c.device).limit(limit))]
    conn.execute(delete(pending).where(among(pending.c.device, found)))
    return found


def any_pending(conn: Connection) -> bool:
    return conn.execute(select(pending.c.device).limit(1)).first() is not None


def settle(conn: Connection, rule: int) -> None:
    conn.execute(upsert(settling).values(rule=rule).on_conflict_do_nothing())


def to_settle(conn: Connection) -> list[int]:
    return [row.rule for row in conn.execute(select(settling).order_by(settling.c.rule))]


def settled(conn: Connection, rule: int) -> None:
    conn.execute(delete(settling).where(settling.c.rule == rule))
