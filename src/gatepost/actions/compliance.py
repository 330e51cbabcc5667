"""How many devices still carry the app: counted once an hour by the worker, so that a page can show how it went."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from gatepost.actions.asked import deadlines
from gatepost.actions.change import changing, looking
from gatepost.actions.live import live_rules, proposal_of
from gatepost.actions.site import Site
from gatepost.core.change.impact import HIDDEN_UNDER, hide_small
from gatepost.core.instant import HOUR, Duration, Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import compliance, policies
from gatepost.storage.compliance import Sample
from gatepost.storage.policies import Revision

EVERY: Final[Duration] = HOUR


def measure(site: Site) -> bool:
    """Count for each live rule that was not counted within the hour. Never more to do at once, so always False."""
    with looking(site) as conn:
        if not _wanted(conn, site.clock.now()):
            return False
    with changing(site) as change:
        for rule in _wanted(change.conn, change.now):
            compliance.keep(change.conn, rule, compliance.count(change.conn, rule, change.now))
    return False


def _wanted(conn: Connection, now: Instant) -> list[int]:
    """Where the clock was put back, what was counted ahead of it says nothing of now."""
    times = {rule: compliance.last(conn, rule) for rule in live_rules(conn)}
    return [rule for rule, last in times.items() if last is None or not 0 <= now - last < EVERY]


@dataclass(frozen=True, slots=True)
class Course:
    """How a revision's devices came along. `samples`: oldest first.
    `first`, `last`: when its deadline comes in the first time zone and in the last; None where it is `immediately`."""

    policy: str
    revision: int
    title: str
    samples: tuple[Sample, ...]
    first: Instant | None
    last: Instant | None
    now: Instant


def course_of(site: Site, policy: str) -> Course | Refusal:
    """Of the newest announced revision of a policy, as it was counted: nobody who looks in waits for a count."""
    with looking(site) as conn:
        announced = policies.announced(conn, policy)
        if not announced:
            return Refusal(Code.WRONG_STAGE, f"{policy} was not announced yet: nobody was asked for anything.")
        return _course(conn, announced[-1], site.clock.now())


def live_courses(site: Site) -> tuple[Course, ...]:
    """Of every live policy."""
    with looking(site) as conn:
        now = site.clock.now()
        return tuple(_course(conn, known.revision, now) for known in live_rules(conn).values())


def _course(conn: Connection, revision: Revision, now: Instant) -> Course:
    proposal = proposal_of(conn, revision)
    rule = revision.rule
    samples = [] if rule is None else [each for each in compliance.samples(conn, rule) if each.at < now]
    first, last = deadlines(revision, proposal)
    return Course(revision.policy, revision.revision, proposal.policy.title, tuple(samples), first, last, now)


@dataclass(frozen=True, slots=True)
class Parted:
    """By group or country: how many people were asked, and how many still carry the app; None for what is hidden."""

    concerned: dict[str, int | None]
    carrying: dict[str, int | None]


def parted(site: Site, policy: str, by: str) -> Parted | Refusal:
    """How the newest announced revision stands, by `group` or `country`. Fewer than five are hidden; so are those who
    carry it where fewer than five do not: no group is told of as a whole."""
    with looking(site) as conn:
        announced = policies.announced(conn, policy)
        if not announced or announced[-1].rule is None:
            return Refusal(Code.WRONG_STAGE, f"{policy} asks nobody for anything now.")
        rule, now = announced[-1].rule, site.clock.now()
        asked = compliance.concerned(conn, rule, by)
        still = compliance.carrying(conn, rule, by, now)
    alone = by == "country"
    carrying = {value: still.get(value, 0) for value in asked}
    whole = {value for value, number in asked.items() if number - carrying[value] < HIDDEN_UNDER}
    return Parted(hide_small(asked, total_known=alone), hide_small(carrying, total_known=alone, also=whole))
