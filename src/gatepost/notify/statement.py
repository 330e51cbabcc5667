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
        """`Friday, July 10, 2020, 9:00 AM (Pacific Daylight Time, UTC-07:00)`."""
        day, time, zone = words_of(at, self.time_zone, self.locale)
        return f"{day}, {time} ({zone})" if time else f"the end of {day} ({zone})"

    def day(self, on: str) -> str:
        """`Friday, July 10, 2020`, from `2020-07-10`."""
        return str(format_date(date.fromisoformat(on), "full", locale=self.locale))

    def deadline(self, deadline: Deadline, instant: Instant) -> str:
        """What is meant by a deadline as it was written. `instant`: what it is in the site's time zone."""
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
    """A policy's course so far. `because`: error, withdrawn, ended or replaced; "" while it stands."""

    announced_at: Instant
    in_force_at: Instant | None
    paused_at: Instant | None
    closed_at: Instant | None
    because: str


def nothing_said(tongue: Tongue, app: str, at: Instant) -> str:
    return f"No policy of ours on {app} had been announced by {tongue.moment(at)}."


def stands(tongue: Tongue, policy: Policy, dates: Dates, instant: Instant) -> str:
    """A policy that stands. `instant`: its deadline's in the site's time zone."""
    force = "It is not yet in force"
    if dates.in_force_at is not None:
        force = f"It has been in force since {tongue.moment(dates.in_force_at)}"
    rings = ", and earlier for some groups" if policy.rollout and not policy.deadline.immediately else ""
    said = [
        _sentence(policy.title),
        f"This was announced on {tongue.moment(dates.announced_at)}.",
        f"{force}; {tongue.deadline(policy.deadline, instant)}{rings}.",
    ]
    if dates.paused_at is not None:
        said.append(f"It has stood still since {tongue.moment(dates.paused_at)}: nobody is kept from mail by it.")
    return " ".join(said)


def is_over(tongue: Tongue, policy: Policy, dates: Dates) -> str:
    """A policy that no longer stands."""
    closed = tongue.moment(dates.announced_at if dates.closed_at is None else dates.closed_at)
    if dates.because == "error":
        announced = tongue.moment(dates.announced_at)
        return (
            f"An announcement of {announced} ({policy.title}) was sent in error. It was retracted on {closed}. "
            "Our policy has not changed."
        )
    word = "withdrawn" if dates.because == "withdrawn" else "ended"
    return f"Our policy ({policy.title}) was {word} on {closed}."


def heard(tongue: Tongue, inquiry: Inquiry, owner: str) -> str:
    """That a retraction goes back to what the app's owner was asked. `owner`: its publisher, "" if not known."""
    who = f"The app's owner, {owner}," if owner else "The app's owner"
    asked = f"{who} was asked on {tongue.day(inquiry.asked_on)}"
    if not inquiry.answered_on:
        return f"{asked}; no answer is recorded."
    return f"{asked} and heard on {tongue.day(inquiry.answered_on)}."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "।")) else f"{text}."
