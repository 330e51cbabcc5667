"""Instants and durations are whole milliseconds: an instant since 1970-01-01T00:00Z, a duration on its own.

Integers compare exactly, survive JSON and a memory-mapped table unchanged, and carry no zone to get wrong.
"""

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
