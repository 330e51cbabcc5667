"""What an author should know of an impact before anybody is asked to approve it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from re import escape, fullmatch, search
from typing import Final, NamedTuple

from gatepost.core.change.impact import HIDDEN_UNDER, By, Category, Impact, hide_small
from gatepost.core.change.proposal import NamedApp
from gatepost.core.change.rails import owners_in_words
from gatepost.core.fleet.about import Account
from gatepost.core.fleet.app import ActiveApp, App
from gatepost.core.instant import HOUR, Duration, Instant
from gatepost.core.policy.policy import Policy, Scope


class WarningCode(StrEnum):
    """Stable codes; scripts depend on them."""

    SHORT_NOTICE = "short_notice"
    DEADLINE_PASSED = "deadline_passed"
    APPROVERS_HIT = "approvers_hit"
    ADMINISTRATORS_HIT = "administrators_hit"
    EXECUTIVES_HIT = "executives_hit"
    KEEPERS_HIT = "keepers_hit"
    APPS_UNMATCHABLE = "apps_unmatchable"
    SENSITIVE_APPS = "sensitive_apps"
    ACTIVATION_ENDS = "activation_ends"
    COUNTRY_UNKNOWN = "country_unknown"
    CANNOT_SEE = "cannot_see"
    NO_PEOPLE = "no_people"
    NO_DEVICES = "no_devices"
    SUBJECT_NAMES_APP = "subject_names_app"
    LANGUAGES_MISSING = "languages_missing"
    LARGE_IMPACT = "large_impact"
    VENDOR_NOT_ASKED = "vendor_not_asked"
    RESTS_ON_ONE = "rests_on_one"


class Warned(NamedTuple):
    """A code for scripts, a sentence for people."""

    code: WarningCode
    text: str


class Unread(NamedTuple):
    """How many people in scope read a language in which the announcement has no text. `name`: in English."""

    language: str
    name: str
    people: int


CANNOT_SEE_ABOVE: Final = 20
"""Percent of the devices in scope that nobody can see, above which an author is told."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the warnings hold an impact against.

    `earliest`: the first own deadline of anybody in scope, due or not, None for `immediately`. `apps`: the policy's,
    lists resolved. `active`: by id. `approvers`, `administrators`, `executives`: pseudonyms. `large`: the site's rail
    for a large impact applies (change/rails.py). `accounts`: ours on the apps. `hidden_groups`: those whose
    people this answer must not count. `not_asked`: owners and their apps' names (rails.not_asked), none where the site
    does not care. `vendor_required`: it announces nothing before they were. `unread`: each language once.
    `rests_on_one`: one administrator could have made a whole quorum alone (change/two_administrators.py).
    """

    at: Instant
    earliest: Instant | None
    minimum_notice: Duration
    apps: Sequence[App | NamedApp]
    active: Mapping[str, ActiveApp]
    approvers: Set[str]
    administrators: Set[str]
    executives: Set[str]
    large: bool = False
    accounts: Sequence[Account] = ()
    hidden_groups: Set[str] = frozenset()
    not_asked: Mapping[str, Sequence[str]] = field(default_factory=dict)
    vendor_required: bool = False
    unread: Sequence[Unread] = ()
    rests_on_one: bool = False


def warnings(policy: Policy, impact: Impact, around: Surroundings) -> list[Warned]:
    """Everything an author is warned of, in a fixed order; at most one of each code."""
    return [
        *_of_time(policy, around),
        *_of_people(impact, around),
        *_of_keepers(policy, impact, around),
        *_of_apps(impact, around),
        *_of_size(impact, around),
        *_of_owners(around),
        *_of_words(policy, around),
        *_of_languages(around),
        *([Warned(WarningCode.RESTS_ON_ONE, RESTS_ON_ONE)] if around.rests_on_one else []),
    ]


RESTS_ON_ONE: Final = (
    "One administrator alone gave roles and keys to enough people to approve this. Another can confirm them; "
    "`role list` and `key list` show what nobody else has."
)
"""Without a name: it is frozen with the proposal, and what is frozen names nobody."""


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


def _of_keepers(policy: Policy, impact: Impact, around: Surroundings) -> Iterator[Warned]:
    """Who needs an app for work: the accounts kept, by whom, and the words that would spare them.

    A group of which few people are in scope is named whether any of them is hit or not: else naming it would say what
    is on their phones.
    """
    kept: dict[str, list[str]] = {}
    names = {app.id: app.name for app in around.apps}
    for account in around.accounts:
        kept.setdefault(account.group, []).append(f"{account.name} on {names.get(account.app, account.app)}")
    few = impact.few_in | around.hidden_groups
    hit = hide_small(impact.people_by[By.GROUP].get(Category.HIT, {}), also=few)
    hit = {group: count for group, count in hit.items() if group not in few}
    groups = [group for group in sorted(kept) if group in hit or group in few]
    if groups:
        who = (f"{group} keeps {', '.join(kept[group])}: {_some(group, hit)} be hit." for group in groups)
        yield Warned(WarningCode.KEEPERS_HIT, " ".join([*who, _spare(policy, groups)]))


def _some(group: str, hit: Mapping[str, int | None]) -> str:
    if group not in hit:
        return "its people in scope are too few to be counted, and may"
    count = hit[group]
    return "some of its people would" if count is None else f"{count} of its people would"


def _spare(policy: Policy, groups: Sequence[str]) -> str:
    """The line that excepts these groups too. Keys of `except` are joined by and, so others there would narrow it."""
    if replace(policy.except_, groups=frozenset()) != Scope():
        return "The policy's `except` names more than groups, so a group added to it would not spare them all."
    listed = ", ".join(map(_yaml, sorted(policy.except_.groups.union(groups))))
    return f"To spare them, write `except: {{groups: [{listed}]}}`."


def _yaml(name: str) -> str:
    """A group's name as an item of a YAML list, whatever is in it (I-36): JSON's strings are YAML's (1.2, section 1.3).

    What looks like a word and may be read as something else, such as `null`, is quoted as well.
    """
    plain = fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.casefold() not in _YAML_WORDS
    return name if plain else json.dumps(name)


_YAML_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def _of_owners(around: Surroundings) -> Iterator[Warned]:
    if around.not_asked:
        text = f"Nobody is recorded to have asked {owners_in_words(around.not_asked)}."
        before = " This site announces nothing before." if around.vendor_required else ""
        yield Warned(WarningCode.VENDOR_NOT_ASKED, text + before)


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


def _without_identifiers(apps: Sequence[App | NamedApp]) -> list[str]:
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


def _of_languages(around: Surroundings) -> Iterator[Warned]:
    """Languages that fewer than five people read are not named: who reads them would be. Nothing is said of fewer."""
    most_first = sorted(around.unread, key=lambda one: (-one.people, one.language))
    shown = [one for one in most_first if one.people >= HIDDEN_UNDER]
    said = [
        f"{one.people} people in scope read {one.name}, and the announcement has no {one.language}." for one in shown
    ]
    others = sum(one.people for one in most_first[len(shown) :])
    if others >= HIDDEN_UNDER:
        said.append(f"{others} people in scope read {'other ' if said else ''}languages that the announcement has not.")
    if said:
        yield Warned(WarningCode.LANGUAGES_MISSING, " ".join(said))


def _says(text: str, name: str) -> bool:
    return search(rf"(?<!\w){escape(name.casefold())}(?!\w)", text.casefold()) is not None


def _hours(duration: Duration) -> str:
    """To a tenth, rounded down: never more than there is."""
    return f"{duration * 10 // HOUR / 10:g} h"
