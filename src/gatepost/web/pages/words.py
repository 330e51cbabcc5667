"""How pages say things: instants with their zone, numbers with their unit, states with their word."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from markupsafe import Markup, escape

from gatepost.core.fleet.device import Platform
from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from gatepost.core.policy.verdict import Outcome
from gatepost.documents.deadline import instant_text, parse_instant
from gatepost.notify.asked import PLATFORM_NAMES
from gatepost.notify.moments import language_words

WORDS: Final[Mapping[str, str]] = {
    "draft": "a draft",
    "proposed": "waits for approvals",
    "approved": "approved, not announced",
    "announced": "announced",
    "in_force": "in force",
    "ended": "ended",
    "retracted": "retracted",
}
"""Stages of a policy."""

LOOKS: Final[Mapping[str, str]] = {"in_force": "blocked", "announced": "warned"}
"""Which of the four colours a stage has; what is not here is quiet."""

WRONG: Final[Mapping[str, str]] = {
    "never": "Not running",
    "behind": "Not confirmed",
    "silent": "Silent",
    "problem": "Problem",
    "open": "Open",
    "frozen": "Frozen",
    "held": "Held",
    "refused": "Not told",
    "uncertain": "Uncertain",
    "bounced": "Came back",
}

LOOKED: Final[Mapping[str, str]] = {
    "names": "names of those whom a policy concerns",
    "mails": "mails about a policy",
    "phone": "a device",
    "looks": "earlier looks",
    "waivers": "waivers",
    "search": "a search by a program",
    "export": "everything held on them",
    "people": "a search by name",
    "person": "their page",
    "statements": "statements about devices",
}
"""What somebody was shown of people by name."""

NO_PURPOSE: Final = "Write what you look for: nobody is named for nothing."
"""What a form says that was sent without a purpose."""

IMPACT: Final = (
    ("hit", "The app is there"),
    ("clear", "Nothing would change"),
    ("exempt", "Exempt"),
    ("cannot_tell", "Managed, but we cannot see"),
    ("unmanaged", "Not managed"),
    ("cannot_be_told", "Of those hit, no address to write to"),
)
"""The columns of an impact."""

OUTCOMES: Final = {
    Outcome.ALLOW: ("allowed", "✓"),
    Outcome.WARN: ("warned", "!"),
    Outcome.BLOCK: ("blocked", "✕"),
}
"""The colour and the sign of a verdict."""

HEADLINES: Final = {
    Outcome.ALLOW: "Mail flows on this device.",
    Outcome.WARN: "Mail flows on this device, and something is asked of it.",
    Outcome.BLOCK: "No new mail on this device.",
}
"""A verdict in one sentence."""

_BETWEEN_BACKTICKS: Final = re.compile("`([^`]+)`")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))


def when(at: Instant | str, zone: str, seconds: bool = False) -> Markup:
    """An instant, or its RFC 3339 text, as `moment` says it."""
    instant = parse_instant(at) if isinstance(at, str) else at
    return Markup('<time datetime="{}">{}</time>').format(instant_text(instant), moment(instant, zone, seconds))


def moment(instant: Instant, zone: str, seconds: bool = False) -> str:
    """An instant with weekday, time and distance from UTC, for somebody in this zone."""
    local = (_EPOCH + timedelta(milliseconds=instant)).astimezone(_zone(zone))
    distance = local.strftime("%z")
    shown = "UTC" if distance == "+0000" else f"UTC{distance[:3]}:{distance[3:5]}"
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}{f':{local:%S}' if seconds else ''} {shown}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def span(duration: Duration) -> str:
    """A duration in its largest unit, rounded down."""
    for unit, name in _UNITS:
        if duration >= unit:
            return counted(duration // unit, name)
    return "less than a second"


def counted(number: int, one: str, several: str = "") -> str:
    """So many of what: 1 person, 1,204 people."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def with_code(text: str) -> Markup:
    """A sentence in which commands and settings stand between backticks, as our refusals write them."""
    return Markup(_BETWEEN_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def language_name(tag: str) -> str:
    """A language (BCP 47) in words: de is German."""
    return language_words(tag, Locale("en"))


def kinds_of_device(form: str) -> str:
    """Devices of this form: phones."""
    return f"{form}s"


def platform_name(platform: Platform) -> str:
    """A platform as its maker writes it."""
    return PLATFORM_NAMES[platform]
