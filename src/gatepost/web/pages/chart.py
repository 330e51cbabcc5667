"""A chart as SVG, made on the server: how a number went over time, with the lines that matter. A page has the same
numbers as a table below it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gatepost.core.instant import Instant

WIDTH: Final = 1000
HEIGHT: Final = 300
"""Units of the drawing; it is stretched to the width of its column, so no letters stand in it."""

MOST_POINTS: Final = 200


class Chart(NamedTuple):
    """`line`, `ground`: paths (SVG 2 section 9.3) of a number that stands until it changes, and of what is below it.
    `marks`: where lines go from top to bottom. `top`: the number at the top."""

    line: str
    ground: str
    marks: tuple[float, ...]
    top: int
    first: Instant
    last: Instant


def chart_of(points: Sequence[tuple[Instant, int]], until: Instant, marks: Sequence[Instant]) -> Chart | None:
    """The chart of numbers, oldest first, to an instant at least as late as the last of them; None for fewer than two
    instants, which show no course. `marks`: those outside it are left out."""
    drawn = _thinned(points)
    first, last = (drawn[0][0], max(until, drawn[-1][0])) if drawn else (until, until)
    if last <= first or len(drawn) < 2:
        return None
    top = max(1, *(number for _, number in drawn))

    def across(at: Instant) -> float:
        return round((at - first) * WIDTH / (last - first), 1)

    def down(number: int) -> float:
        return round(HEIGHT - number * HEIGHT / top, 1)

    steps = [f"M0 {down(drawn[0][1])}"]
    for at, number in drawn[1:]:
        steps += [f"H{across(at)}", f"V{down(number)}"]
    line = "".join(steps)
    within = tuple(across(at) for at in dict.fromkeys(marks) if first <= at <= last)
    return Chart(line, f"{line}V{HEIGHT}H0Z", within, top, first, last)


def _thinned(points: Sequence[tuple[Instant, int]]) -> list[tuple[Instant, int]]:
    """At most so many, the newest always among them."""
    every = -(-len(points) // MOST_POINTS) or 1
    return [*points[:-1][::every], *points[-1:]]
