"""The outbox: batches claimed just before sending, settled just after, resumable at any point.

A notice is `sending` only between `claim` and `settle`; whatever is found so at a start may have been taken by the mail
server, so it is uncertain, and is sent again under its own Message-ID while its policy stands.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.letter import Desk, Letter
from gatepost.actions.retract import correct
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND, Instant
from gatepost.core.ledger.events import NoticesSettled
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.storage import audience, devices, feed, notices, policies
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Revision

BATCH = 200
MOST_ATTEMPTS = 5
"""How often an uncertain notice is sent again before it stays uncertain."""

CORRECTIONS = frozenset({NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL, NoticeKind.ENDED})


@dataclass(frozen=True, slots=True)
class Answer:
    """How sending one notice ended. `state` "deferred": the server said to try later."""

    notice: str
    state: str
    reply: str


def claim(site: Site) -> list[Letter]:
    """The next batch, marked as being sent in its own transaction; empty if nothing may be sent now."""
    with looking(site) as conn:
        if not notices.claimable(conn, site.clock.now(), feed.slowest(conn), 1):
            return []
    with changing(site) as change:
        waiting = notices.claimable(change.conn, change.now, feed.slowest(change.conn), BATCH)
        batch = _throttled(change, waiting)
        desk = Desk(change.conn, site, batch, change.now)
        letters, unreachable = [], {}
        for notice in batch:
            letter = desk.letter(notice)
            if letter is None:
                unreachable[notice.id] = (NoticeState.REFUSED, "no mail address")
            else:
                letters.append(letter)
        notices.settle(change.conn, unreachable, change.now)
        notices.claim(change.conn, [letter.notice for letter in letters], secrets.token_hex(8))
        return letters


def _throttled(change: Change, waiting: Sequence[Notice]) -> list[Notice]:
    """As many as the provider allows, and of announcements as many as the site's own rate and first batch allow.

    Corrections, and what opens doors, are held back by the provider's limits only.
    """
    smtp = change.site.settings.smtp
    room = len(waiting)
    for limit, period in ((smtp.rate_per_hour, HOUR), (smtp.rate_per_day, DAY)):
        if limit:
            room = min(room, limit - notices.sent_since(change.conn, change.now - period))
    allowed: list[Notice] = []
    left: dict[tuple[str, int], int] = {}
    for notice in waiting:
        if len(allowed) >= room:
            break
        if notice.kind is NoticeKind.ANNOUNCEMENT:
            key = (notice.policy, notice.revision)
            left.setdefault(key, _announcements_left(change, *key))
            if left[key] <= 0:
                continue
            left[key] -= 1
        allowed.append(notice)
    return allowed


def _announcements_left(change: Change, policy: str, revision: int) -> int:
    """How many announcements of a revision may go out now."""
    rails = change.site.settings.rails
    if rails.first_batch_wait:
        sent, full_at = notices.first_batch(change.conn, policy, revision, rails.first_batch)
        if full_at is None:
            return rails.first_batch - sent
        if full_at + rails.first_batch_wait > change.now:
            return 0
    if not rails.announcement_rate_per_minute:
        return BATCH
    recent = notices.sent_since(change.conn, change.now - MINUTE, (NoticeKind.ANNOUNCEMENT,))
    return rails.announcement_rate_per_minute - recent


def settle(site: Site, answers: Iterable[Answer]) -> None:
    """Write how a batch ended; who accepted is told, and notice periods run from now."""
    known = {answer.notice: answer for answer in answers}
    if not known:
        return
    with changing(site) as change:
        batch = notices.by_ids(change.conn, known)
        revisions = _revisions(change, batch)
        final: dict[str, tuple[NoticeState, str]] = {}
        again: dict[str, tuple[NoticeState, str]] = {}
        for notice in batch:
            answer, revision = known[notice.id], revisions.get((notice.policy, notice.revision))
            if answer.state == "deferred":
                _later(change, notice, revision, answer, final)
                continue
            state = NoticeState(answer.state)
            stands = revision is None or revision.stage not in (Stage.RETRACTED, Stage.ENDED)
            unsure = state is NoticeState.UNCERTAIN and stands and notice.attempts < MOST_ATTEMPTS
            (again if unsure else final)[notice.id] = (state, answer.reply)
        notices.settle(change.conn, again, None)
        notices.settle(change.conn, final, change.now)
        settled = [notice._replace(state=final[notice.id][0]) for notice in batch if notice.id in final]
        _record(change, settled)
        _told(change, settled, revisions)
        _overtaken(change, settled, revisions)


def _later(
    change: Change, notice: Notice, revision: Revision | None, answer: Answer, final: dict[str, tuple[NoticeState, str]]
) -> None:
    """Put a deferred notice back, unless its policy is over: then it never leaves the queue again."""
    over = revision is not None and revision.stage in (Stage.RETRACTED, Stage.ENDED)
    if over and notice.kind not in CORRECTIONS:
        final[notice.id] = (NoticeState.WITHDRAWN, answer.reply)
        return
    wait = min(MINUTE * 2**notice.attempts, HOUR) if notice.kind not in CORRECTIONS else 5 * SECOND
    notices.defer(change.conn, [notice.id], change.now + wait, answer.reply)


def recover(site: Site) -> int:
    """At a start: what was being sent when the last run ended is uncertain. How many."""
    with changing(site) as change:
        ids = notices.claimed(change.conn)
        if not ids:
            return 0
    settle(site, (Answer(notice, NoticeState.UNCERTAIN.value, "interrupted while sending") for notice in ids))
    return len(ids)


def _revisions(change: Change, batch: Iterable[Notice]) -> dict[tuple[str, int], Revision]:
    found = {key: policies.revision(change.conn, *key) for key in {(n.policy, n.revision) for n in batch}}
    return {key: revision for key, revision in found.items() if revision is not None}


def _record(change: Change, settled: Sequence[Notice]) -> None:
    groups: dict[tuple[str, int, str], dict[str, str]] = {}
    for notice in settled:
        groups.setdefault((notice.policy, notice.revision, notice.kind.value), {})[notice.id] = notice.state.value
    for (policy, revision, kind), found in sorted(groups.items()):
        change.record(NoticesSettled(policy, revision, kind, found))


def _told(change: Change, settled: Sequence[Notice], revisions: Mapping[tuple[str, int], Revision]) -> None:
    """Told is the mail server's acceptance of the announcement; from then the notice period runs."""
    told: dict[int, dict[str, Instant | None]] = {}
    for notice in settled:
        revision = revisions.get((notice.policy, notice.revision))
        if notice.kind is not NoticeKind.ANNOUNCEMENT or notice.state is not NoticeState.ACCEPTED or revision is None:
            continue
        if revision.stage in LIVE and revision.rule is not None:
            told.setdefault(revision.rule, {})[notice.person] = change.now
    for rule, persons in told.items():
        audience.set_told(change.conn, rule, persons)
    refresh(change, devices.refs_of(change.conn, {person for persons in told.values() for person in persons}))


def _overtaken(change: Change, settled: Sequence[Notice], revisions: Mapping[tuple[str, int], Revision]) -> None:
    """Whose notice was being sent while the policy was retracted gets the correction now (I-24)."""
    reached = (NoticeState.ACCEPTED, NoticeState.UNCERTAIN)
    persons: dict[tuple[str, int], list[str]] = {}
    for notice in settled:
        key = (notice.policy, notice.revision)
        revision = revisions.get(key)
        over = revision is not None and revision.stage is Stage.RETRACTED
        if over and notice.state in reached and notice.kind not in CORRECTIONS:
            persons.setdefault(key, []).append(notice.person)
    for key, people in persons.items():
        kind = NoticeKind.CORRECTION if revisions[key].because == "error" else NoticeKind.WITHDRAWAL
        correct(change, revisions[key], kind, 0, people)
