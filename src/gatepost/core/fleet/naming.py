"""By what somebody is known, and whether a text names them."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

SHORTEST = 6
"""Letters: a shorter word without a sign of its own (a login such as `will`) may mean anything."""


_WORD = re.compile(r"\w+")


def telling(name: str) -> bool:
    """Whether this, found in a text, means that somebody: a full name, an address, a number, or a long word."""
    return len(name) >= SHORTEST or (len(name) > 1 and not name.isalpha())


def named_in(names: Mapping[str, Iterable[str]]) -> Callable[[str], set[str]]:
    """What says of a text which of these stand in it, by key: with a name that is a word of its own there, in whatever
    case. A text takes as long as it is long, however many are looked for."""
    by_word = defaultdict[str, list[tuple[re.Pattern[str], str]]](list)
    for key, own in names.items():
        for name in {name.casefold() for name in own if telling(name)}:
            word = max(_WORD.findall(name), key=len, default="")
            by_word[word].append((re.compile(rf"(?<!\w){re.escape(name)}(?!\w)"), key))

    def named(text: str) -> set[str]:
        folded = text.casefold()
        words = by_word.keys() & {"", *_WORD.findall(folded)}
        return {key for word in words for pattern, key in by_word[word] if pattern.search(folded)}

    return named


def names_any(names: Iterable[str]) -> Callable[[str], bool]:
    """What says of a text whether one of these stands in it, as in `named_in`."""
    named = named_in({"": names})
    return lambda text: bool(named(text))
