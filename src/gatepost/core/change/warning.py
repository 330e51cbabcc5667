"""What an author should know of an impact before anybody is asked to approve it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from re import escape, search
from typing import Final, NamedTuple

from gatepost.core.change.impact import By, Impact
from gatepost.core.fleet.app import ActiveApp, App
from gatepost.core.instant import HOUR, Duration, Instant
from gatepost.core.policy.policy import Policy


class WarningCode(StrEnum):
    """Stable codes; scripts depend on them."""

    SHORT_NOTICE = "short_notice"
    DEADLINE_PASSED = "deadline_passed"
    APPROVERS_HIT = "approvers_hit"
    ADMINISTRATORS_HIT = "administrators_hit"
    EXECUTIVES_HIT = "executives_hit"
    APPS_UNMATCHABLE = "apps_unmatchable"
    CANNOT_SEE = "cannot_see"
    NO_PEOPLE = "no_people"
    NO_DEVICES = "no_devices"
    SUBJECT_NAMES_APP = "subject_names_app"
    LARGE_IMPACT = "large_impact"


class Warned(NamedTuple):
    """A code for scripts, a sentence for people."""

    code: WarningCode
    text: str


CANNOT_SEE_ABOVE: Final = 20
"""Percent of the devices in scope that nobody can see, above which an author is told."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the warnings hold an impact against.

    `earliest`: the first own deadline of anybody, None for `immediately`. `apps`: the policy's, lists resolved.
    `active`: by id. `approvers`, `administrators`, `executives`: pseudonyms. `large`: the site's rail for a
    large impact applies (change/rails.py).
    """

    at: Instant
    earliest: Instant | None
    minimum_notice: Duration
    apps: Sequence[App]
    active: Mapping[str, ActiveApp]
    approvers: Set[str]
    administrators: Set[str]
    executives: Set[str]
    large: bool = False


def warnings(policy: Policy, impact: Impact, around: Surroundings) -> list[Warned]:
    """Everything an author is warned of, in a fixed order; at most one of each code."""
    return [
        *_of_time(policy, around),
        *_of_people(impact, around),
        *_of_apps(impact, around),
        *_of_size(impact, around),
        *_of_words(policy, around),
    ]


def _of_time(policy: Policy, around: Surroundings) -> Iterator[Warned]:
    """Agrees with the rail (rails.is_short): `immediately` counts from being told, so its notice alone can be short."""
    minimum = _hours(around.minimum_notice)
    if around.earliest is not None and around.earliest <= around.at:
        yield Warned(WarningCode.DEADLINE_PASSED, "The first deadline has passed already.")
    elif around.earliest is not None and around.earliest - around.at < around.minimum_notice:
        left = _hours(around.earliest - around.at)
        text = f"The first deadline is {left} away; this site asks for {minimum} at least."
        yield Warned(WarningCode.SHORT_NOTICE, text)
    elif not policy.tell_first:
        text = f"People may be blocked without having been told; this site asks for {minimum} of notice at least."
        yield Warned(WarningCode.SHORT_NOTICE, text)
    elif policy.notice is not None and policy.notice < around.minimum_notice:
        text = f"The policy gives {_hours(policy.notice)} of notice; this site asks for {minimum} at least."
        yield Warned(WarningCode.SHORT_NOTICE, text)


def _of_people(impact: Impact, around: Surroundings) -> Iterator[Warned]:
    for code, people, what in (
        (WarningCode.APPROVERS_HIT, around.approvers, "approvers"),
        (WarningCode.ADMINISTRATORS_HIT, around.administrators, "administrators"),
        (WarningCode.EXECUTIVES_HIT, around.executives, "executives"),
    ):
        hit = len(people & impact.hit_people)
        if hit:
            yield Warned(code, f"Of the {len(people)} {what}, {hit} would be hit.")


def _of_apps(impact: Impact, around: Surroundings) -> Iterator[Warned]:
    sentences = [
        *_listed("No identifier is known, so these cannot be matched anywhere", _without_identifiers(around.apps)),
        *_listed("These are not active, so nothing is known of them", _not_active(around)),
        *_listed("These have no identifier for a platform in scope", _without_platform(impact, around)),
    ]
    if sentences:
        yield Warned(WarningCode.APPS_UNMATCHABLE, " ".join(sentences))


def _listed(what: str, names: Iterable[str]) -> Iterator[str]:
    text = ", ".join(names)
    if text:
        yield f"{what}: {text}."


def _without_identifiers(apps: Sequence[App]) -> list[str]:
    return [app.name for app in apps if not any(app.identifiers.values())]


def _not_active(around: Surroundings) -> list[str]:
    return [app.name for app in around.apps if any(app.identifiers.values()) and app.id not in around.active]


def _without_platform(impact: Impact, around: Surroundings) -> list[str]:
    in_scope = sorted({platform for counts in impact.devices_by[By.PLATFORM].values() for platform in counts})
    lacking = {
        app.name: [platform for platform in in_scope if platform not in active.since]
        for app in around.apps
        if any(app.identifiers.values()) and (active := around.active.get(app.id)) is not None
    }
    return [f"{name} ({', '.join(platforms)})" for name, platforms in lacking.items() if platforms]


def _of_size(impact: Impact, around: Surroundings) -> Iterator[Warned]:
    devices = impact.devices
    if not impact.people_named:
        yield Warned(WarningCode.NO_PEOPLE, "Nobody with a device is among the people this policy names.")
    elif not devices.in_scope:
        yield Warned(WarningCode.NO_DEVICES, "No device of the people named is among the devices this policy names.")
    unseen = devices.cannot_tell + devices.unmanaged
    if unseen * 100 > CANNOT_SEE_ABOVE * devices.in_scope:
        text = f"On {unseen} of {devices.in_scope} devices in scope nobody can see whether an app is there."
        yield Warned(WarningCode.CANNOT_SEE, text)
    if around.large:
        share = f"{len(impact.due_people)} people with {impact.percent_of_fleet:.0f} % of all devices"
        text = f"{share} are concerned; this site asks more roles to agree to so much."
        yield Warned(WarningCode.LARGE_IMPACT, text)


def _of_words(policy: Policy, around: Surroundings) -> Iterator[Warned]:
    subjects = [text.subject for text in policy.announcement.values()]
    named = sorted({app.name for app in around.apps if any(_says(subject, app.name) for subject in subjects)})
    if named:
        text = f"The subject names {', '.join(named)}: a screen that others see would show who had it."
        yield Warned(WarningCode.SUBJECT_NAMES_APP, text)


def _says(text: str, name: str) -> bool:
    return search(rf"(?<!\w){escape(name.casefold())}(?!\w)", text.casefold()) is not None


def _hours(duration: Duration) -> str:
    """To a tenth, rounded down: never more than there is."""
    return f"{duration * 10 // HOUR / 10:g} h"
