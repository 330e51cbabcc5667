"""Policy revisions and their approvals, as the ledger says."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, func, select

from gatepost.core.change.stage import Stage
from gatepost.storage.schema import approvals, revisions

RELAXED = "relaxed"
"""Why a revision is over whose audience another one has taken over."""

REPLACED = "replaced"
"""Why a revision is over in whose place another one was announced."""


class Revision(NamedTuple):
    """One revision of a policy. `asked`: how many approvals of each role. `rule`: its number at the doors.

    `begun_at`: when its audience was first told, of it or of a revision that it relaxes.
    `refers_to`: the question to an app's owner to which its retraction goes back. `paused_at`: None while it is not.
    `not_before`: since a pause it blocks nobody before this instant. `paused_for`: how long it was paused before, in
    all; `paused_untold`: of that, since people were last told.
    """

    policy: str
    revision: int
    stage: Stage
    author: str
    proposal: str
    asked: Mapping[str, int]
    proposed_at: int
    proposed_entry: int
    expires: int
    rule: int | None
    announced_at: int | None
    begun_at: int | None
    in_force_at: int | None
    closed_at: int | None
    because: str
    refers_to: str
    held: bool
    paused_at: int | None
    not_before: int
    paused_for: int
    paused_untold: int


class Judgement(NamedTuple):
    """One person's signed yes, or no, to one proposal."""

    person: str
    role: str
    approved: bool
    at: int
    fingerprint: str
    signature: str


def _revision(row: RowMapping) -> Revision:
    return Revision(
        policy=row["policy"],
        revision=row["revision"],
        stage=Stage(row["stage"]),
        author=row["author"],
        proposal=row["proposal"],
        asked=json.loads(row["asked"]),
        proposed_at=row["proposed_at"],
        proposed_entry=row["proposed_index"],
        expires=row["expires"],
        rule=row["rule"],
        announced_at=row["announced_at"],
        begun_at=row["begun_at"],
        in_force_at=row["in_force_at"],
        closed_at=row["closed_at"],
        because=row["because"],
        refers_to=row["refers_to"],
        held=bool(row["held"]),
        paused_at=row["paused_at"],
        not_before=row["not_before"],
        paused_for=row["paused_for"],
        paused_untold=row["paused_untold"],
    )


def history(conn: Connection, policy: str | None = None) -> list[Revision]:
    """All revisions, oldest first, of one policy or of all."""
    query = select(revisions).order_by(revisions.c.policy, revisions.c.revision)
    if policy is not None:
        query = query.where(revisions.c.policy == policy)
    return [_revision(row) for row in conn.execute(query).mappings()]


def announced(conn: Connection, policy: str) -> list[Revision]:
    """Those that people heard of, oldest first."""
    return [one for one in history(conn, policy) if one.announced_at is not None]


def revision(conn: Connection, policy: str, number: int) -> Revision | None:
    query = select(revisions).where(revisions.c.policy == policy, revisions.c.revision == number)
    row = conn.execute(query).mappings().first()
    return _revision(row) if row else None


def latest(conn: Connection, policy: str) -> Revision | None:
    """The newest revision, whatever its stage."""
    query = select(revisions).where(revisions.c.policy == policy).order_by(revisions.c.revision.desc()).limit(1)
    row = conn.execute(query).mappings().first()
    return _revision(row) if row else None


def in_stages(conn: Connection, *stages: Stage) -> list[Revision]:
    query = select(revisions).where(revisions.c.stage.in_([stage.value for stage in stages]))
    return [_revision(row) for row in conn.execute(query.order_by(revisions.c.rule)).mappings()]


def judgements(conn: Connection, policy: str, number: int) -> list[Judgement]:
    query = select(approvals).where(approvals.c.policy == policy, approvals.c.revision == number)
    return [
        Judgement(row.person, row.role, bool(row.approved), row.at, row.fingerprint, row.signature)
        for row in conn.execute(query.order_by(approvals.c.at, approvals.c.person))
    ]


def heir(conn: Connection, policy: str, number: int) -> Revision | None:
    """The revision of this number, or the one that has its audience now, where it was relaxed."""
    found = revision(conn, policy, number)
    if found is None or found.because != RELAXED:
        return found
    later = (revisions.c.policy == policy, revisions.c.revision > number, revisions.c.announced_at.is_not(None))
    query = select(revisions.c.revision).where(*later).order_by(revisions.c.revision).limit(1)
    return heir(conn, policy, conn.execute(query).scalar_one())


def life(conn: Connection, revision: Revision) -> list[Revision]:
    """The announced revisions that people hear of as one policy, this one among them, oldest first.

    What was relaxed or replaced goes on in the next; what was retracted or ended is over, and whatever is announced
    under its name later is another life.
    """
    found: list[Revision] = []
    for one in history(conn, revision.policy):
        if one.announced_at is None:
            continue
        if found and found[-1].because not in (RELAXED, REPLACED):
            if found[-1].revision >= revision.revision:
                break
            found = []
        found.append(one)
    return found or [revision]


def next_revision(conn: Connection, policy: str) -> int:
    newest = conn.execute(select(func.max(revisions.c.revision)).where(revisions.c.policy == policy)).scalar()
    return (newest or 0) + 1


def next_rule(conn: Connection) -> int:
    return (conn.execute(select(func.max(revisions.c.rule))).scalar() or 0) + 1
