"""The statement: what our policy on an app is, was at an instant, and has been, from the ledger: words fit to print."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import looking
from gatepost.actions.live import proposal_of
from gatepost.actions.lookup import unknown_apps
from gatepost.actions.site import Site
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.stage import Stage
from gatepost.core.instant import ALWAYS, Instant
from gatepost.core.ledger.events import (
    Event,
    PolicyAnnounced,
    PolicyEnded,
    PolicyInForce,
    PolicyRelaxed,
    PolicyRetracted,
)
from gatepost.core.ledger.leaf import parse
from gatepost.core.ledger.pause_events import PolicyPaused, PolicyResumed
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text, local_instant
from gatepost.notify import statement as words
from gatepost.notify.moments import locale_for
from gatepost.notify.statement import Dates, Tongue
from gatepost.storage import catalogue, claims, ledger, policies

Data = dict[str, object]
Revised = tuple[str, int]
"""A policy and the number of one of its revisions."""


class Course(NamedTuple):
    """How far a revision has come. `refers_to`: the question to the app's owner to which its retraction goes back."""

    proposal: Proposal
    dates: Dates
    refers_to: str = ""

    @property
    def stage(self) -> Stage:
        if self.dates.closed_at is not None:
            return Stage.RETRACTED if self.dates.because in ("error", "withdrawn") else Stage.ENDED
        return Stage.ANNOUNCED if self.dates.in_force_at is None else Stage.IN_FORCE


def statement(site: Site, app: str, as_of: Instant | None = None) -> Data | Refusal:
    """What our policy on an app is, or was at an instant, with the press lines of what stood then."""
    with looking(site) as conn:
        speaker = _speaker(site, conn, app)
        if isinstance(speaker, Refusal):
            return speaker
        at = site.clock.now() if as_of is None else as_of
        stood: Mapping[Revised, Course] = {}
        for when, courses in _courses(conn, app):
            stood = courses if when <= at else stood
        return speaker.head(at) | speaker.say(stood, at)


def history(site: Site, app: str, as_of: Instant | None = None) -> Data | Refusal:
    """Every instant, until now or an instant, at which the statement changed, with what it said from then on."""
    with looking(site) as conn:
        speaker = _speaker(site, conn, app)
        if isinstance(speaker, Refusal):
            return speaker
        at = site.clock.now() if as_of is None else as_of
        told: list[Data] = []
        for when, courses in _courses(conn, app):
            said = speaker.say(courses, when)
            if when <= at and (not told or told[-1]["statement"] != said["statement"]):
                told.append({"at": instant_text(when), "at_words": speaker.tongue.moment(when)} | said)
        return speaker.head(at) | {"history": told}


# --- how far each revision had come


def _courses(conn: Connection, app: str) -> Iterator[tuple[Instant, Mapping[Revised, Course]]]:
    """After each instant with an entry about a policy on this app: all its revisions that were announced by then."""
    known: dict[Revised, Course] = {}
    rows = ledger.rows(conn, 0, tuple(kind.__name__ for kind in _TOLD))
    for at, together in groupby(rows, key=lambda row: row.at):
        changed = [_told(conn, app, known, parse(row.leaf).event, at) for row in together]
        if any(changed):
            yield at, dict(known)


def _told(conn: Connection, app: str, known: dict[Revised, Course], event: Event, at: Instant) -> bool:
    """Take in an entry. Whether it is about a policy on this app."""
    if isinstance(event, PolicyRelaxed):
        return _relaxed(known, event, _proposal(conn, event.policy, event.revision), at)
    if not isinstance(event, PolicyAnnounced):
        return _went_on(known, event, at)
    replaced = _close(known, (event.policy, event.retires), at, "replaced")
    proposal = _proposal(conn, event.policy, event.revision)
    concerns = any(named.id == app for named in proposal.apps)
    if concerns:
        known[event.policy, event.revision] = Course(proposal, Dates(at, None, None, None, ""))
    return replaced or concerns


def _relaxed(known: dict[Revised, Course], event: PolicyRelaxed, proposal: Proposal, at: Instant) -> bool:
    """The milder revision goes on in the place of the other: announced when that was, and not in force yet."""
    before = known.get((event.policy, event.relaxes))
    if before is None:
        return False
    _close(known, (event.policy, event.relaxes), at, "relaxed")
    known[event.policy, event.revision] = Course(proposal, before.dates._replace(in_force_at=None, relaxed_at=at))
    return True


_TOLD: Final = (
    PolicyAnnounced,
    PolicyRelaxed,
    PolicyInForce,
    PolicyPaused,
    PolicyResumed,
    PolicyRetracted,
    PolicyEnded,
)
"""The entries that change what there is to say."""


def _proposal(conn: Connection, policy: str, number: int) -> Proposal:
    revision = policies.revision(conn, policy, number)
    if revision is None:
        raise LookupError(f"the ledger tells of {policy} revision {number}, which is missing: rebuild the tables")
    return proposal_of(conn, revision)


def _went_on(known: dict[Revised, Course], event: Event, at: Instant) -> bool:
    """Whether the entry is about one of the revisions that are known here; what it says of it is written down."""
    match event:
        case PolicyInForce(policy, revision):
            return _dated(known, (policy, revision), in_force_at=at)
        case PolicyPaused(policy, revision):
            return _dated(known, (policy, revision), paused_at=at)
        case PolicyResumed(policy, revision):
            return _dated(known, (policy, revision), paused_at=None)
        case PolicyEnded(policy, revision):
            return _close(known, (policy, revision), at, "ended")
        case PolicyRetracted(policy, revision):
            return _close(known, (policy, revision), at, event.because, event.refers_to)
    return False


def _close(known: dict[Revised, Course], key: Revised, at: Instant, because: str, refers_to: str = "") -> bool:
    closed = _dated(known, key, closed_at=at, because=because)
    if closed:
        known[key] = known[key]._replace(refers_to=refers_to)
    return closed


def _dated(known: dict[Revised, Course], key: Revised, **dates: Any) -> bool:
    course = known.get(key)
    if course is None:
        return False
    known[key] = course._replace(dates=course.dates._replace(**dates))
    return True


# --- what is said of it


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Says it. `name`: the app's."""

    conn: Connection
    tongue: Tongue
    app: str
    name: str

    def head(self, at: Instant) -> Data:
        return {
            "app": self.app,
            "name": self.name,
            "as_of": instant_text(at),
            "as_of_words": self.tongue.moment(at),
        }

    def say(self, courses: Mapping[Revised, Course], at: Instant) -> Data:
        live = [course for course in courses.values() if course.dates.closed_at is None]
        if live:
            text = " ".join(self._stands(course) for course in live)
        elif courses:
            text = self._is_over(max(courses.values(), key=lambda course: course.dates.closed_at or ALWAYS))
        else:
            text = words.nothing_said(self.tongue, self.name, at)
        return {
            "policies": [_data(course) for course in courses.values()],
            "statement": text,
            "press": [course.proposal.policy.press for course in live if course.proposal.policy.press],
        }

    def _stands(self, course: Course) -> str:
        policy = course.proposal.policy
        written, zone = policy.deadline, self.tongue.time_zone
        instant = ALWAYS if written.immediately else local_instant(written.written, zone)
        return words.stands(self.tongue, policy, course.dates, instant)

    def _is_over(self, course: Course) -> str:
        text = words.is_over(self.tongue, course.proposal.policy, course.dates)
        if course.refers_to:
            apps = [app.id for app in course.proposal.apps]
            asked = {one.inquiry: one for one in claims.asked(self.conn, apps)}[course.refers_to]
            owners = {app.id: app.publisher for app in course.proposal.apps}
            text += " " + words.heard(self.tongue, asked, owners[asked.app])
        return text


def _speaker(site: Site, conn: Connection, app: str) -> _Speaker | Refusal:
    apps = catalogue.apps(conn)
    if refusal := unknown_apps([app], apps):
        return refusal
    settings = site.settings.site
    tongue = Tongue(locale_for(settings.default_locale, "en"), settings.default_time_zone)
    return _Speaker(conn, tongue, app, apps[app].name)


def _data(course: Course) -> Data:
    proposal, dates = course.proposal, course.dates
    return {
        "policy": proposal.policy.id,
        "revision": proposal.revision,
        "title": proposal.policy.title,
        "stage": course.stage.value,
        "announced_at": instant_text(dates.announced_at),
        "relaxed_at": _text(dates.relaxed_at),
        "in_force_at": _text(dates.in_force_at),
        "paused_at": _text(dates.paused_at),
        "closed_at": _text(dates.closed_at),
        "because": dates.because,
        "refers_to": course.refers_to,
    }


def _text(at: Instant | None) -> str | None:
    return None if at is None else instant_text(at)
