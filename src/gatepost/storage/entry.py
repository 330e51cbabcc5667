"""Where an event stands in the ledger, as its readings need it."""


class Entry:
    """`at`: when, in milliseconds. `by`: the pseudonym of who acted."""

    __slots__ = ("at", "by", "index")

    def __init__(self, index: int, at: int, by: str) -> None:
        self.index, self.at, self.by = index, at, by
