"""Instants and durations are whole milliseconds: an instant since 1970-01-01T00:00Z, a duration on its own.

Integers compare exactly, survive JSON and a memory-mapped table unchanged, and carry no zone to get wrong.
"""

import re
from typing import Final, TypeAlias

Instant: TypeAlias = int
Duration: TypeAlias = int

SECOND: Final[Duration] = 1_000
MINUTE: Final[Duration] = 60 * SECOND
HOUR: Final[Duration] = 60 * MINUTE
DAY: Final[Duration] = 24 * HOUR

ALWAYS: Final[Instant] = 0
"""Before every instant that Gatepost speaks of: "since always"."""

NEVER: Final[Instant] = 2**62
"""After every instant that Gatepost speaks of: "not until something else changes"."""

_UNITS: Final = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION: Final = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)")


def parse_duration(text: str) -> Duration:
    """`24h`, `10m`, `1d12h`, `250ms` or `0`, in milliseconds. ValueError, with a sentence, for anything else."""
    if text == "0":
        return 0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is not a duration: write a whole number and ms, s, m, h or d, such as 24h or 1d12h')
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def duration_text(duration: Duration) -> str:
    """The shortest text that `parse_duration` reads as this; hours stay hours below three days (24h, not 1d)."""
    if duration == 0:
        return "0"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        if unit == "d" and duration < 3 * DAY:
            continue
        count, duration = divmod(duration, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
