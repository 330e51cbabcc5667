"""Where an event stands in the ledger, as its readings need it."""

from collections.abc import Callable


class Entry:
    """`at`: when, in milliseconds. `by`: the pseudonym of who acted. `latest()`: the latest instant of this entry and
    of all before it, which a clock that was put back does not move; looked up only where it is asked for. In an
    exercise, whose clock is set as they like, that of this entry."""

    __slots__ = ("at", "by", "index", "latest")

    def __init__(self, index: int, at: int, by: str, latest: Callable[[], int]) -> None:
        self.index, self.at, self.by, self.latest = index, at, by, latest
