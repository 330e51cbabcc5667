"""By what somebody is known, and whether a text names them."""

import re
from collections.abc import Callable, Iterable

SHORTEST = 6
"""Letters: a shorter word without a sign of its own (a login such as `will`) may mean anything."""


def telling(name: str) -> bool:
    """Whether this, found in a text, means that somebody: a full name, an address, a number, or a long word."""
    return len(name) >= SHORTEST or (len(name) > 1 and not name.isalpha())


def names_any(names: Iterable[str]) -> Callable[[str], bool]:
    """What says of a text whether one of these stands in it as a word of its own, in whatever case."""
    wanted = sorted({name.casefold() for name in names if telling(name)}, key=len, reverse=True)
    if not wanted:
        return lambda _text: False
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)")
    return lambda text: pattern.search(text.casefold()) is not None
