"""The sentences of a statement on our policy on an app, for the press and whoever asks: English, with dates in words.

Instants are said in the site's own time zone, and name it.
"""

from datetime import date, datetime
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_time

from gatepost.core.fleet.about import Inquiry
from gatepost.core.instant import Instant
from gatepost.core.policy.policy import Deadline, Policy
from gatepost.notify.moments import words_of


class Tongue(NamedTuple):
    """How dates are written: `locale`, one of English; `time_zone`, the site's."""

    locale: Locale
    time_zone: str

    def moment(self, at: Instant) -> str:
        """`Friday, July 10, 2020, 9:00 AM (Pacific Daylight Time, UTC-07:00)`, or `the end of ...`."""
        return self.moments(at)[0]

    def moments(self, *instants: Instant) -> list[str]:
        """The same of several in one statement: the zone is said of the first, and again where clocks changed."""
        said, known = [], ""
        for at in instants:
            day, time, zone = words_of(at, self.time_zone, self.locale)
            words = f"{day}, {time}" if time else f"the end of {day}"
            said.append(words if zone == known else f"{words} ({zone})")
            known = zone
        return said

    def day(self, on: str) -> str:
        """`Friday, July 10, 2020`, from `2020-07-10`."""
        return str(format_date(date.fromisoformat(on), "full", locale=self.locale))

    def deadline(self, deadline: Deadline, instant: Instant) -> str:
        """What is meant by a deadline as it was written. `instant`: that of one with a time and a zone."""
        if deadline.immediately:
            return "it applies as soon as people have been told and their notice period has passed"
        if "T" not in deadline.written.upper() and " " not in deadline.written:
            return f"the deadline is the end of {self.day(deadline.written)}, where each person is"
        local = datetime.fromisoformat(deadline.written.upper())
        if local.tzinfo is not None:
            return f"the deadline is {self.moment(instant)}"
        time = format_time(local, "short", locale=self.locale)
        return f"the deadline is {self.day(deadline.written[:10])}, {time}, where each person is"


class Dates(NamedTuple):
    """A policy's course so far. `because`: error, withdrawn, ended, replaced or relaxed; "" while it stands."""

    announced_at: Instant
    in_force_at: Instant | None
    paused_at: Instant | None
    closed_at: Instant | None
    because: str
    relaxed_at: Instant | None = None


def nothing_said(tongue: Tongue, app: str, at: Instant) -> str:
    return f"No policy of ours on {app} had been announced by {tongue.moment(at)}."


def stands(tongue: Tongue, policy: Policy, dates: Dates, instant: Instant) -> str:
    """A policy that stands. `instant`: its deadline's, where it was written with a time and a zone."""
    others = [at for at in (dates.relaxed_at, dates.in_force_at, dates.paused_at) if at is not None]
    announced, *later = tongue.moments(dates.announced_at, *others)
    relaxed = "" if dates.relaxed_at is None else f" It was relaxed {_on(later.pop(0))}."
    force = "It is not yet in force" if dates.in_force_at is None else f"It has been in force since {later.pop(0)}"
    rings = ", and earlier for some groups" if policy.rollout and not policy.deadline.immediately else ""
    said = [
        policy.title if policy.title.endswith((".", "!", "?", "。", "।")) else f"{policy.title}.",
        f"This was announced {_on(announced)}.{relaxed}",
        f"{force}; {tongue.deadline(policy.deadline, instant)}{rings}.",
        *(f"It has stood still since {paused}: nobody is kept from mail by it." for paused in later),
    ]
    return " ".join(said)


def is_over(tongue: Tongue, policy: Policy, dates: Dates) -> str:
    """A policy that no longer stands."""
    announced, closed = tongue.moments(dates.announced_at, dates.closed_at or dates.announced_at)
    if dates.because == "error":
        return (
            f"An announcement, “{policy.title}”, was sent in error {_on(announced)}. It was retracted {_on(closed)}. "
            "Our policy has not changed."
        )
    word = "withdrawn" if dates.because == "withdrawn" else "ended"
    return f"Our policy “{policy.title}”, announced {_on(announced)}, was {word} {_on(closed)}."


def heard(tongue: Tongue, inquiry: Inquiry, owner: str) -> str:
    """That a retraction goes back to what the app's owner was asked. `owner`: its publisher, "" if not known."""
    who = f"The app's owner, {owner}," if owner else "The app's owner"
    asked = f"{who} was asked on {tongue.day(inquiry.asked_on)}"
    if not inquiry.answered_on:
        return f"{asked}; no answer is recorded."
    return f"{asked}, and heard on {tongue.day(inquiry.answered_on)}."


def _on(moment: str) -> str:
    return f"at {moment}" if moment.startswith("the end of") else f"on {moment}"
