"""Corrections: everybody who may have had any notice of a policy that is over, or goes on, hears of it, once.

They are written after the commit that opens the doors, a part at a time: that commit must not wait until a hundred
thousand mails are put together. What a crash leaves of them, the worker writes.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.freed import freed_by, let_go
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.reserve import despite_full_disk
from gatepost.actions.site import Site
from gatepost.core.instant import SECOND, Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.storage import audience, closing, notices, policies
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Revision

DOORS_MAY_TAKE = 5 * SECOND
"""A door that has not confirmed by then is named and no longer waited for."""

PART = 2000

SAYS_OVER = frozenset({NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL, NoticeKind.ENDED})
"""The kinds that tell somebody that a policy is over, or is over for them."""

BESIDE = frozenset({NoticeKind.RESTORED, NoticeKind.WAIVER_RESULT})
"""What is said after one of those and takes nothing of it back."""


def correct(
    change: Change,
    revision: Revision,
    kind: NoticeKind,
    position: int,
    people: list[str],
    at: Instant | None = None,
    step: str = "",
    *,
    goes_on: bool = False,
) -> int:
    """One correction to each of these who may have any notice of the policy, in reply to their own announcement (I-24).

    Of the policy's life, that is, of which this revision is a part: what is over and was told so is another one.
    Whoever heard last that the policy is over for them knows it: what came for others since was never theirs. But they
    do not know yet that it was an error. `goes_on`: what is over for them stays for others.
    Sent when every door confirmed this position of the change stream, at the latest 5 s after `at` (now).
    """
    not_before = (change.now if at is None else at) + DOORS_MAY_TAKE
    first = policies.life(change.conn, revision)[0].revision
    return enqueue(
        change,
        (
            compose(
                change,
                revision.policy,
                revision.revision,
                kind,
                person,
                step=step,
                facts={"goes_on": True} if goes_on else None,
                not_before=not_before,
                awaits=position,
                thread=thread,
            )
            for person, thread in notices.threads(change.conn, revision.policy, people).items()
            if _owed(kind, [notice for notice in thread if notice.revision >= first])
        ),
    )


def _owed(kind: NoticeKind, thread: Sequence[Notice]) -> bool:
    """Whether somebody who may have these notices of the policy's life is to have one of this kind."""
    if kind is NoticeKind.CORRECTION:
        return bool(thread)
    said = [notice.kind for notice in thread if notice.kind not in BESIDE]
    return bool(thread) and not (said and said[-1] in SAYS_OVER)


def beyond_mail(conn: Connection, revision: Revision) -> dict[str, Instant]:
    """Who was told of a policy otherwise than by mail, and when, and can have no correction, having had no mail:
    whoever told them has to tell them again."""
    rules = [found.rule for found in policies.life(conn, revision) if found.rule is not None]
    told = audience.told_otherwise(conn, rules)
    reached = set(notices.reached(conn, revision.policy)) if told else set()
    return {person: at for person, at in told.items() if person not in reached}


def tell(
    change: Change, revision: Revision, kind: NoticeKind, position: int, people: list[str], at: Instant, step: str
) -> None:
    """As `correct`; but an update that frees somebody tells them that the policy is over for them, and takes the place
    of the reminders that wait."""
    if kind is NoticeKind.UPDATE:
        notices.stop_reminding(change.conn, revision.policy, people, change.now)
    gone = freed_by(change.conn, revision, people) if kind is NoticeKind.UPDATE else set()
    correct(change, revision, kind, position, [ref for ref in people if ref not in gone], at, step)
    if gone:
        correct(change, revision, NoticeKind.ENDED, position, sorted(gone), at, step, goes_on=True)
        let_go(change, revision, gone)


def _concerned(conn: Connection, one: closing.Closing) -> list[str]:
    """Everybody who may have heard of the policy; of one that is relaxed also who is to hear of it yet."""
    reached = notices.reached(conn, one.policy)
    revision = policies.revision(conn, one.policy, one.revision)
    if one.kind in SAYS_OVER or revision is None or revision.rule is None:
        return reached
    return sorted({*reached, *audience.people_of(conn, revision.rule)})


def write_corrections(site: Site) -> bool:
    """Write what is still owed to the audiences of policies that are over. Whether anything was."""
    with looking(site) as conn:
        owed = closing.owed(conn)
    for one in owed:
        despite_full_disk(site.directory, lambda one=one: _write(site, one))  # type: ignore[misc] # bound now
    return bool(owed)


def _write(site: Site, one: closing.Closing) -> None:
    with looking(site) as conn:
        people = _concerned(conn, one)
    for start in range(0, len(people), PART):
        with changing(site) as change:
            if one not in closing.owed(change.conn):
                return  # another word is owed by now
            revision = policies.revision(change.conn, one.policy, one.revision)
            if revision is None:
                raise LookupError(f"{one.policy} revision {one.revision} is over, and missing")
            # A policy may be paused and resumed more than once, and is over once.
            step = "" if one.kind in SAYS_OVER else str(one.at)
            tell(change, revision, NoticeKind(one.kind), one.position, people[start : start + PART], one.at, step)
    with changing(site) as change:
        closing.done(change.conn, one)
