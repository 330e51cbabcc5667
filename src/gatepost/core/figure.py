"""Figures that a process says of itself, for programs that watch over machines."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

Values: TypeAlias = Mapping[tuple[str, ...], float]
"""Each value by the values of its labels."""


class Shown(NamedTuple):
    """A figure with its values as they are now; one that has none is told of too."""

    figure: "Figure"
    values: Values


class Figure(NamedTuple):
    """One kind of figure. `labels`: their names; their values never name a person, a device, an app or a policy.

    `counts`: it only ever grows, from the process's start.
    """

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    counts: bool = False

    def of(self, values: Values) -> Shown:
        return Shown(self, values)

    def is_(self, value: float | None) -> Shown:
        """One value without labels; None: there is none now."""
        return Shown(self, {} if value is None else {(): value})


def flags(names: Sequence[str], now: str) -> Values:
    """A state out of several, as a value for each: 1 for that of now, 0 for the others."""
    return {(name,): float(name == now) for name in names}
