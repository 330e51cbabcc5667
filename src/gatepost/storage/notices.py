"""The outbox: every notice, and the state it is in."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, not_, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from gatepost.core.change.stage import Stage
from gatepost.core.instant import Instant
from gatepost.core.notice.notice import ABOUT_APPROVAL, REACHED, NoticeKind, NoticeState
from gatepost.storage.among import among
from gatepost.storage.notice_schema import CLOSING_KINDS, MAY_BE_READ, OPEN, ORDINARY, URGENT, notices
from gatepost.storage.people import chunks
from gatepost.storage.schema import closing, revisions


class Notice(NamedTuple):
    """One mail to one person. `step`: tells apart several of one kind ("72h" of the reminders).

    `not_before`: not sent earlier. `awaits`: not sent before every door confirmed this position, or `not_before`
    has passed (I-25). `facts`: what the mail needs besides the policy and the person, as JSON data.
    """

    id: str
    policy: str
    revision: int
    kind: NoticeKind
    person: str
    step: str
    state: NoticeState
    message_id: str
    in_reply_to: str
    references: str
    facts: Mapping[str, Any]
    created_at: Instant
    not_before: Instant
    awaits: int = 0
    attempts: int = 0
    settled_at: Instant | None = None
    reply: str = ""


_COLUMNS = tuple(notices.c[name] for name in Notice._fields)


def _notice(row: Any) -> Notice:
    found = Notice(*row)
    kind, state = NoticeKind(found.kind), NoticeState(found.state)
    return found._replace(kind=kind, state=state, facts=json.loads(row.facts))


def queue(conn: Connection, new: Sequence[Notice]) -> int:
    """Put these in the outbox, each (policy, revision, kind, person, step) once. How many were new."""
    if not new:
        return 0
    rows = [item._asdict() | {"facts": json.dumps(item.facts)} for item in new]
    return conn.execute(upsert(notices).on_conflict_do_nothing(), rows).rowcount


def claimable(
    conn: Connection, at: Instant, confirmed: int | None, limit: int, *, urgent_only: bool = False
) -> list[Notice]:
    """The next notices that may be sent, but for announcements; corrections and what is about restored mail first.

    `confirmed`: the position up to which every door goes by what people decided (None: there is no door).
    """
    reached = notices.c.awaits > 0 if confirmed is None else notices.c.awaits.between(1, confirmed)
    # Not the bare column: SQLite would rather go through everything that waits than take the index made for this.
    unsent = notices.c.state.concat("").in_(_UNSENT)
    released = and_(unsent, or_(reached, notices.c.not_before <= at))
    query = select(*_COLUMNS).where(released, URGENT).order_by(notices.c.not_before)
    found = [_notice(row) for row in conn.execute(query.limit(limit))]
    if urgent_only or len(found) == limit:
        return found
    query = (
        select(*_COLUMNS)
        .where(released, ORDINARY, *_not_paused(conn))
        .order_by(notices.c.not_before, notices.c.created_at, notices.c.id)
    )
    return found + [_notice(row) for row in conn.execute(query.limit(limit - len(found)))]


def _not_paused(conn: Connection) -> Iterator[ColumnElement[bool]]:
    """Nothing is said about a policy while it is paused, but that mail was restored."""
    query = select(revisions.c.policy, revisions.c.revision).where(revisions.c.paused_at.is_not(None))
    for policy, revision in conn.execute(query):
        yield not_(and_(notices.c.policy == policy, notices.c.revision == revision))


def announcements(conn: Connection, policy: str, revision: int, at: Instant, limit: int) -> list[Notice]:
    """Announcements of one revision that may be sent; what is uncertain is cleared up first.

    Else in no order: sorting them for every batch would be quadratic.
    """
    about = and_(notices.c.policy == policy, notices.c.revision == revision)
    found: list[Notice] = []
    for state in (NoticeState.UNCERTAIN, NoticeState.QUEUED):
        waiting = and_(about, OPEN, notices.c.state == state.value, ANNOUNCEMENT, notices.c.not_before <= at)
        query = select(*_COLUMNS).where(waiting).limit(limit - len(found))
        found += [_notice(row) for row in conn.execute(query)]
    return found


def announcing(conn: Connection) -> list[tuple[str, int]]:
    """The policy revisions that have announcements waiting."""
    # One look for each revision there is: going through what waits for the distinct ones takes as long as it is.
    of_it = and_(notices.c.policy == revisions.c.policy, notices.c.revision == revisions.c.revision)
    waiting = select(notices.c.id).where(of_it, OPEN, notices.c.state.in_(_UNSENT), ANNOUNCEMENT).exists()
    # While it is being worked out whom a relax frees, nobody is told that the policy concerns them.
    changing = and_(closing.c.policy == revisions.c.policy, closing.c.revision == revisions.c.revision)
    settled = ~select(closing.c.policy).where(changing).exists()
    query = select(revisions.c.policy, revisions.c.revision).where(waiting, settled, revisions.c.paused_at.is_(None))
    ordered = query.order_by(revisions.c.policy, revisions.c.revision)
    return [(row.policy, row.revision) for row in conn.execute(ordered)]


ANNOUNCEMENT = notices.c.kind == NoticeKind.ANNOUNCEMENT.value
_UNSENT = (NoticeState.QUEUED.value, NoticeState.UNCERTAIN.value)


def claim(conn: Connection, ids: Iterable[str], claim_id: str) -> None:
    values = {"state": NoticeState.SENDING.value, "claim": claim_id, "attempts": notices.c.attempts + 1}
    conn.execute(update(notices).where(among(notices.c.id, ids)).values(values))


def settle(conn: Connection, states: Mapping[str, tuple[NoticeState, str]], at: Instant) -> None:
    """Write how sending ended: state and the server's reply."""
    by_answer: dict[tuple[NoticeState, str], list[str]] = {}
    for notice, answer in states.items():
        by_answer.setdefault(answer, []).append(notice)
    for (state, reply), ids in by_answer.items():
        for part in chunks(ids):
            values = {"state": state.value, "reply": reply, "settled_at": at, "claim": ""}
            conn.execute(update(notices).where(notices.c.id.in_(part)).values(values))


def again(conn: Connection, waiting: Iterable[tuple[str, NoticeState, Instant, str]]) -> None:
    """To be tried again: notice, state meanwhile (queued or uncertain), not before when, and the server's reply.

    What has once been released is held back by that instant alone.
    """
    statement = (
        update(notices)
        .where(notices.c.id == bindparam("notice"))
        .values(state=bindparam("to"), not_before=bindparam("from_then"), reply=bindparam("said"), awaits=0, claim="")
    )
    rows = [
        {"notice": notice, "to": state.value, "from_then": at, "said": reply} for notice, state, at, reply in waiting
    ]
    if rows:
        conn.execute(statement, rows)


def stop(conn: Connection, policy: str, at: Instant) -> int:
    """Nothing of a policy is sent any more: what is queued is withdrawn (how many), what is uncertain stays so."""
    about = and_(notices.c.policy == policy, _about_policy(), notices.c.settled_at.is_(None))
    unsure = and_(about, notices.c.state == NoticeState.UNCERTAIN.value)
    conn.execute(update(notices).where(unsure).values(settled_at=at))
    values = {"state": NoticeState.WITHDRAWN.value, "settled_at": at}
    queued = and_(about, notices.c.state == NoticeState.QUEUED.value)
    return conn.execute(update(notices).where(queued).values(values)).rowcount


def stop_for(conn: Connection, policy: str, people: Iterable[str], at: Instant) -> None:
    """Nothing of a policy that is queued is sent to these people, but what says that it is over."""
    kinds = notices.c.kind.not_in([kind.value for kind in (*CLOSING_KINDS, NoticeKind.RESTORED)])
    _withdraw(conn, policy, people, and_(kinds, _about_policy()), at)


def stop_reminding(conn: Connection, policy: str, people: Iterable[str], at: Instant) -> None:
    """No reminder of a policy that is queued is sent to these people: something newer says what it would."""
    _withdraw(conn, policy, people, notices.c.kind == NoticeKind.REMINDER.value, at)


def _withdraw(conn: Connection, policy: str, people: Iterable[str], kinds: ColumnElement[bool], at: Instant) -> None:
    queued = and_(OPEN, notices.c.state == NoticeState.QUEUED.value, notices.c.policy == policy, kinds)
    values = {"state": NoticeState.WITHDRAWN.value, "settled_at": at}
    conn.execute(update(notices).where(among(notices.c.person, people), queued).values(values))


def updated(conn: Connection, policy: str, people: Iterable[str], since: Instant) -> set[str]:
    """Who of these has an update of a policy that was written after an instant, or waits to be sent."""
    about = and_(notices.c.kind == NoticeKind.UPDATE.value, notices.c.policy == policy)
    new = and_(notices.c.created_at > since, notices.c.state.not_in([NoticeState.WITHDRAWN.value]))
    waiting = and_(OPEN, notices.c.state.in_(_UNSENT))
    query = select(notices.c.person).where(among(notices.c.person, people), about, or_(new, waiting))
    return {row.person for row in conn.execute(query)}


def pass_on(conn: Connection, policy: str, old: int, new: int) -> None:
    """What is not settled of one revision is from now on about another, which took its place.

    What is being sent just now says what the old one said: it is marked (`facts["before"]`), so that whoever gets it
    hears of the new one.
    """
    unsettled = and_(notices.c.policy == policy, notices.c.revision == old, OPEN, _about_policy())
    sending = and_(unsettled, notices.c.state == NoticeState.SENDING.value)
    for row in conn.execute(select(notices.c.id, notices.c.facts).where(sending)).all():
        facts = json.dumps(json.loads(row.facts) | {"before": old})
        conn.execute(update(notices).where(notices.c.id == row.id).values(facts=facts))
    conn.execute(update(notices).where(unsettled).values(revision=new))


def stop_asking(conn: Connection, policy: str, revision: int, at: Instant) -> None:
    """Approvers are not asked any more about a revision that was taken back."""
    condition = and_(
        notices.c.policy == policy,
        notices.c.revision == revision,
        notices.c.kind == NoticeKind.APPROVAL_ASKED.value,
        notices.c.state == NoticeState.QUEUED.value,
    )
    conn.execute(update(notices).where(condition).values(state=NoticeState.WITHDRAWN.value, settled_at=at))


def stop_about(conn: Connection, policy: str, about: Mapping[str, str], at: Instant) -> int:
    """Withdraw what is queued about these devices' mail being closed or opened: something newer will be said of them.

    `about`: each device's person.
    """
    columns = (notices.c.id, notices.c.policy, notices.c.state, notices.c.step, notices.c.settled_at)
    # Asked by person alone: SQLite would rather go through all the policy's notices, or all that are queued.
    rows = conn.execute(select(*columns).where(among(notices.c.person, set(about.values()))))
    older = [
        id_
        for id_, of, state, step, settled_at in rows
        if of == policy and state == NoticeState.QUEUED.value and settled_at is None and step.partition("@")[0] in about
    ]
    values = {"state": NoticeState.WITHDRAWN.value, "settled_at": at}
    return conn.execute(update(notices).where(among(notices.c.id, older)).values(values)).rowcount if older else 0


def _about_policy() -> Any:
    """Mails to the people concerned, not those that ask for approvals."""
    return notices.c.kind.not_in([kind.value for kind in ABOUT_APPROVAL])


def of_policy(conn: Connection, policy: str, revision: int | None = None) -> list[Notice]:
    query = select(*_COLUMNS).where(notices.c.policy == policy)
    if revision is not None:
        query = query.where(notices.c.revision == revision)
    return [_notice(row) for row in conn.execute(query.order_by(notices.c.created_at, notices.c.person, notices.c.id))]


def of_person(conn: Connection, person: str) -> list[Notice]:
    """Every notice to one person, oldest first."""
    query = select(*_COLUMNS).where(notices.c.person == person).order_by(notices.c.created_at, notices.c.id)
    return [_notice(row) for row in conn.execute(query)]


def exists(conn: Connection, policy: str, kind: NoticeKind, step: str) -> bool:
    condition = and_(notices.c.policy == policy, notices.c.kind == kind.value, notices.c.step == step)
    return conn.execute(select(notices.c.id).where(condition).limit(1)).first() is not None


def by_ids(conn: Connection, ids: Iterable[str]) -> list[Notice]:
    found: list[Notice] = []
    for part in chunks(list(ids)):
        found.extend(_notice(row) for row in conn.execute(select(*_COLUMNS).where(notices.c.id.in_(part))))
    return found


def named(conn: Connection, notice_id: str, message_id: str) -> Notice | None:
    """A notice by its id, else by its Message-ID."""
    for column, value in ((notices.c.id, notice_id), (notices.c.message_id, message_id)):
        if value and (row := conn.execute(select(*_COLUMNS).where(column == value)).first()):
            return _notice(row)
    return None


def queued_for(conn: Connection, person: str) -> tuple[str, ...]:
    """What waits to be sent to this person, by id."""
    waiting = and_(notices.c.person == person, OPEN, notices.c.state == NoticeState.QUEUED.value)
    return tuple(row.id for row in conn.execute(select(notices.c.id).where(waiting).order_by(notices.c.id)))


def owed_to(conn: Connection, person: str) -> bool:
    """Whether a mail to this person is being sent just now or may have been, or one waits that says that a policy is
    over, or is yet to be written."""
    theirs = and_(notices.c.person == person, OPEN)
    closing_kind = notices.c.kind.in_([kind.value for kind in CLOSING_KINDS])
    on_its_way = and_(theirs, or_(notices.c.state != NoticeState.QUEUED.value, closing_kind))
    unwritten = and_(notices.c.person == person, notices.c.policy.in_(select(closing.c.policy)))
    return any(
        conn.execute(select(notices.c.id).where(condition).limit(1)).first() for condition in (on_its_way, unwritten)
    )


def put_facts(conn: Connection, notice_id: str, facts: Mapping[str, Any]) -> None:
    conn.execute(update(notices).where(notices.c.id == notice_id).values(facts=json.dumps(dict(facts))))


def note_reply(conn: Connection, notice_id: str, reply: str) -> None:
    conn.execute(update(notices).where(notices.c.id == notice_id).values(reply=reply))


def overtaken(conn: Connection, policy: str | None = None) -> list[str]:
    """Of what is being sent just now: notices of policies that are over (or of this one), but for those that say so."""
    over = and_(revisions.c.policy == notices.c.policy, revisions.c.revision == notices.c.revision)
    condition = and_(
        OPEN,
        notices.c.state == NoticeState.SENDING.value,
        notices.c.kind.not_in([kind.value for kind in CLOSING_KINDS]),
        _about_policy(),
        revisions.c.stage.in_([Stage.RETRACTED.value, Stage.ENDED.value]),
    )
    if policy is not None:
        condition = and_(condition, notices.c.policy == policy)
    query = select(notices.c.id).select_from(notices.join(revisions, over)).where(condition)
    return [row.id for row in conn.execute(query)]


def claimed(conn: Connection) -> list[str]:
    """What is being sent just now; after a crash, what may have been."""
    sending = and_(OPEN, notices.c.state == NoticeState.SENDING.value)
    return [row.id for row in conn.execute(select(notices.c.id).where(sending))]


def threads(conn: Connection, policy: str, people: Iterable[str] | None = None) -> dict[str, list[Notice]]:
    """For each person who may have any notice of the policy in the inbox: those notices, oldest first."""
    # By person alone: SQLite would rather go through all the policy's notices.
    concerned = notices.c.policy == policy if people is None else among(notices.c.person, people)
    query = select(*_COLUMNS).where(concerned).order_by(notices.c.settled_at, notices.c.created_at)
    found: dict[str, list[Notice]] = {}
    for row in conn.execute(query):
        notice = _notice(row)
        if notice.policy == policy and notice.state in REACHED and notice.kind not in ABOUT_APPROVAL:
            found.setdefault(notice.person, []).append(notice)
    return found


def reached(conn: Connection, policy: str) -> list[str]:
    """Everybody who may have any notice of the policy in the inbox."""
    return [row.person for row in conn.execute(_reached(policy).order_by(notices.c.person))]


def count_reached(conn: Connection, policy: str) -> int:
    """How many they are."""
    return int(conn.execute(select(func.count()).select_from(_reached(policy).subquery())).scalar_one())


def _reached(policy: str) -> Select[tuple[str]]:
    return select(notices.c.person).where(notices.c.policy == policy, MAY_BE_READ).distinct()


def count(conn: Connection, policy: str, revision: int, kind: NoticeKind) -> int:
    about = and_(notices.c.policy == policy, notices.c.revision == revision, notices.c.kind == kind.value)
    return int(conn.execute(select(func.count()).select_from(notices).where(about)).scalar_one())


def announced_to(conn: Connection, policy: str, revision: int, people: Iterable[str]) -> dict[str, Instant | None]:
    """Whose announcement of a revision was put in the outbox, and when the last of theirs ended; None: it has not."""
    about = and_(ANNOUNCEMENT, notices.c.policy == policy, notices.c.revision == revision)
    query = select(notices.c.person, notices.c.settled_at).where(about, among(notices.c.person, people))
    return {row.person: row.settled_at for row in conn.execute(query.order_by(notices.c.created_at))}


def counts(conn: Connection, policy: str) -> dict[tuple[str, str], int]:
    """How many notices of each kind are in each state."""
    # Not grouped by state: the index has it last, and SQLite would sort all of them.
    states = {state.value: func.count().filter(notices.c.state == state.value) for state in NoticeState}
    query = select(notices.c.kind, *states.values()).where(*_indexed(policy)).group_by(notices.c.kind)
    rows = conn.execute(query).all()
    return {
        (kind, state): number
        for kind, *numbers in rows
        for state, number in zip(states, numbers, strict=True)
        if number
    }


def refusals(conn: Connection, policy: str) -> dict[str, int]:
    """How many mails the mail server refused, by what it said."""
    refused = notices.c.state == NoticeState.REFUSED.value
    query = select(notices.c.reply, func.count()).where(*_indexed(policy), refused).group_by(notices.c.reply)
    return {row[0]: row[1] for row in conn.execute(query)}


def counts_in(conn: Connection, policy: str, states: Iterable[NoticeState]) -> dict[NoticeState, int]:
    """How many notices are in each of these states; in those that are not there, none are."""
    wanted = notices.c.state.in_([state.value for state in states])
    query = select(notices.c.state, func.count()).where(*_indexed(policy), wanted).group_by(notices.c.state)
    return {NoticeState(row[0]): row[1] for row in conn.execute(query)}


def count_queued(conn: Connection, policy: str) -> int:
    queued = and_(OPEN, notices.c.state == NoticeState.QUEUED.value, notices.c.policy == policy)
    return int(conn.execute(select(func.count()).select_from(notices).where(queued)).scalar_one())


def _indexed(policy: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """All notices of a policy, by the index that has all that is counted."""
    return notices.c.kind.in_([kind.value for kind in NoticeKind]), notices.c.policy == policy
