"""A figure: what was measured, what was asked of it, and whether it is met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Figure:
    """`unit`: "x" for a ratio. `at_least` or `at_most`: the bound; neither: shown for whoever wants to know.

    `parts`: the absolute numbers behind it. `goal`: the bound is ours, beyond what the issue asks. `short`: why it
    falls short, if it does, and what would close the gap.
    """

    what: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    parts: Sequence[str] = field(default=())
    goal: bool = False
    short: str = ""

    @property
    def met(self) -> bool | None:
        """None where nothing was asked."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def bound(self) -> str:
        if self.at_least is None and self.at_most is None:
            return ""
        words = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"{words}{_unit(self.unit)}{' (ours)' if self.goal else ''}"

    @property
    def measured(self) -> str:
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2
        return f"{self.value:.{digits}f}{_unit(self.unit)}"


def _unit(unit: str) -> str:
    return "x" if unit == "x" else f" {unit}"


def seconds(act: Callable[[], Answer]) -> tuple[float, Answer]:
    """How long something takes, and what it gives."""
    begin = perf_counter()
    answer = act()
    return perf_counter() - begin, answer


def side_by_side(rounds: int, *contestants: Callable[[], float]) -> list[float]:
    """The median of each one's seconds over interleaved rounds (A B A B): what disturbs one disturbs the others too."""
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(rounds):
        for times, contestant in zip(taken, contestants, strict=True):
            times.append(contestant())
    return [median(times) for times in taken]


def must_agree(ours: object, theirs: object, what: str) -> None:
    """A wrong answer is never timed. AssertionError."""
    if ours != theirs:
        raise AssertionError(f"{what}: the answers differ, so there is nothing to compare")
