"""The outbox: batches claimed just before sending, settled just after, resumable at any point.

A notice is `sending` only between `claim` and `settle`; whatever is found so at a start may have been taken by the mail
server, so it is uncertain, and is sent again under its own Message-ID while its policy stands.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.corrections import SAYS_OVER, correct, tell
from gatepost.actions.letter import Desk, Letter
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from gatepost.core.ledger.events import NoticesSettled
from gatepost.core.notice.notice import ABOUT_APPROVAL, REACHED, NoticeKind, NoticeState
from gatepost.storage import audience, devices, feed, notices, policies, sent, sitemeta
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Revision

BATCH = 200
MOST_ATTEMPTS = 5
"""How often an uncertain notice is sent again before it stays uncertain."""

CLOSING = {"error": NoticeKind.CORRECTION, "withdrawn": NoticeKind.WITHDRAWAL, "ended": NoticeKind.ENDED}
"""What people are told when a policy is over, by why it is."""

CORRECTIONS = SAYS_OVER

DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Answer:
    """How sending one notice ended. `state` "deferred": the server said to try later."""

    notice: str
    state: str
    reply: str


def claim(site: Site) -> list[Letter]:
    """The next batch, marked as being sent in its own transaction; empty if nothing may be sent now."""
    with looking(site) as conn:
        if not _next(site, conn, site.clock.now()):
            return []
    with changing(site) as change:
        batch = _next(site, change.conn, change.now)
        desk = Desk(change.conn, site, batch, change.now)
        letters, unreachable = [], []
        for notice in batch:
            letter = desk.letter(notice)
            if letter is None:
                unreachable.append(notice._replace(state=NoticeState.REFUSED))
            else:
                letters.append(letter)
        gone = {notice.id: (notice.state, "no mail address") for notice in unreachable}
        notices.settle(change.conn, gone, change.now)
        _record(change, unreachable)
        notices.claim(change.conn, [letter.notice for letter in letters], secrets.token_hex(8))
        return letters


def _next(site: Site, conn: Connection, now: Instant) -> list[Notice]:
    """What may be sent now: as much as the provider allows, and of announcements as the site's own rails allow.

    Corrections, and what opens doors, are held back by the provider's limits only. A restored site sends nothing else:
    what its backup has in the queue has long been sent.
    """
    room = _room(site, conn, now)
    if room <= 0:
        return []
    restored = bool(sitemeta.get(conn, sitemeta.UNACKNOWLEDGED))
    batch = notices.claimable(conn, now, feed.slowest_to_decide(conn), room, urgent_only=restored)
    if restored:
        return [notice for notice in batch if notice.kind in CORRECTIONS]
    left = min(room - len(batch), _rate_left(site, conn, now))
    for policy, revision in notices.announcing(conn):
        if left <= 0:
            break
        first = _first_batch_left(site, conn, policy, revision, now)
        more = notices.announcements(conn, policy, revision, now, left if first is None else min(left, first))
        left -= len(more)
        batch += more
    return batch


def _room(site: Site, conn: Connection, now: Instant) -> int:
    """How many mails the provider takes now, at most a batch."""
    smtp = site.settings.smtp
    room = BATCH
    for limit, period in ((smtp.rate_per_hour, HOUR), (smtp.rate_per_day, DAY)):
        if limit:
            room = min(room, limit - sent.since_then(conn, now - period))
    return room


def _rate_left(site: Site, conn: Connection, now: Instant) -> int:
    """How many announcements the site's own rate allows now, of all policies together."""
    rate = site.settings.rails.announcement_rate_per_minute
    return rate - sent.since_then(conn, now - MINUTE, (NoticeKind.ANNOUNCEMENT,)) if rate else BATCH


def _first_batch_left(site: Site, conn: Connection, policy: str, revision: int, now: Instant) -> int | None:
    """How many announcements of a revision may go out before the others have to wait; None if they need not."""
    rails = site.settings.rails
    if not (rails.first_batch and rails.first_batch_wait):
        return None
    gone, full_at = sent.first_batch(conn, policy, revision, rails.first_batch)
    if full_at is None:
        return rails.first_batch - gone
    return 0 if full_at + rails.first_batch_wait > now else None


def settle(site: Site, answers: Iterable[Answer], *, interrupted: bool = False) -> None:
    """Write how a batch ended; who accepted is told, and notice periods run from now.

    `interrupted`: by us and not by the mail server, so that what is to be tried again need not wait.
    """
    known = {answer.notice: answer for answer in answers}
    if not known:
        return
    with changing(site) as change:
        batch = notices.by_ids(change.conn, known)
        revisions = _revisions(change, batch)
        final: dict[str, tuple[NoticeState, str]] = {}
        again: list[tuple[str, NoticeState, Instant, str]] = []
        for notice in batch:
            answer, revision = known[notice.id], revisions.get((notice.policy, notice.revision))
            if (state := _end_state(notice, answer, revision)) is not None:
                final[notice.id] = (state, answer.reply)
            else:
                meanwhile = NoticeState.UNCERTAIN if answer.state == NoticeState.UNCERTAIN else NoticeState.QUEUED
                wait = 0 if interrupted else _wait(notice, meanwhile)
                again.append((notice.id, meanwhile, change.now + wait, answer.reply))
        notices.again(change.conn, again)
        notices.settle(change.conn, final, change.now)
        settled = [notice._replace(state=final[notice.id][0]) for notice in batch if notice.id in final]
        _record(change, settled)
        _told(change, settled, revisions)
        _overtaken(change, settled, revisions)


def _end_state(notice: Notice, answer: Answer, revision: Revision | None) -> NoticeState | None:
    """The state that a notice ends in; None if it is to be tried again.

    Once its policy is over it never leaves the queue again, unless it is what says so.
    """
    over = revision is not None and revision.stage in (Stage.RETRACTED, Stage.ENDED) and notice.kind not in CORRECTIONS
    if answer.state == DEFERRED:
        return NoticeState.WITHDRAWN if over else None
    state = NoticeState(answer.state)
    if state is NoticeState.UNCERTAIN and not over and notice.attempts < MOST_ATTEMPTS:
        return None
    return state


def _wait(notice: Notice, state: NoticeState) -> Duration:
    """How long until the next attempt. An uncertain one is cleared up at once, the first time."""
    if notice.kind in CORRECTIONS:
        return 5 * SECOND
    if state is NoticeState.UNCERTAIN and notice.attempts <= 1:
        return 0
    return min(MINUTE << min(notice.attempts, 10), HOUR)


def overtaken(site: Site) -> set[str]:
    """Of what is being sent: the notices whose policy is over, which are not to be handed over any more (I-23)."""
    with looking(site) as conn:
        return set(notices.overtaken(conn))


def recover(site: Site) -> int:
    """At a start: what was being sent when the last run ended is uncertain. How many."""
    with changing(site) as change:
        ids = notices.claimed(change.conn)
        if not ids:
            return 0
    in_doubt = (Answer(notice, NoticeState.UNCERTAIN.value, "interrupted while sending") for notice in ids)
    settle(site, in_doubt, interrupted=True)
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
    """Whose notice was being sent while the policy was retracted, ended, replaced or relaxed hears of it now (I-24)."""
    persons: dict[tuple[str, int], list[str]] = {}
    for notice in settled:
        key = (notice.policy, notice.revision)
        if key in revisions and notice.state in REACHED and notice.kind not in CORRECTIONS | ABOUT_APPROVAL:
            persons.setdefault(key, []).append(notice.person)
    overtaken = {notice.person for notice in settled if "before" in notice.facts}
    for key, people in persons.items():
        if relaxed := [person for person in people if person in overtaken]:
            begun = revisions[key].announced_at or change.now
            tell(change, revisions[key], NoticeKind.UPDATE, feed.position(change.conn), relaxed, change.now, str(begun))
        last = policies.life(change.conn, revisions[key])[-1]
        if kind := CLOSING.get(last.because):
            correct(change, last, kind, feed.position(change.conn), people)
        elif revisions[key].because == policies.REPLACED:
            spared = _spared(change, key, people)
            correct(change, revisions[key], NoticeKind.ENDED, feed.position(change.conn), spared, goes_on=True)


def _spared(change: Change, key: tuple[str, int], people: Sequence[str]) -> list[str]:
    """Of these, whom no live revision of the policy concerns: the others hear from that one."""
    live = [found.rule for found in policies.history(change.conn, key[0]) if found.stage in LIVE and found.rule]
    heard = {person for _, person in audience.of_people(change.conn, people, live)}
    return [person for person in people if person not in heard]
