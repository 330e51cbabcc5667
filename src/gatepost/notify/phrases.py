"""Our fixed sentences in one language: placeholders filled in one pass, whatever the values contain (I-36)."""

import re
import tomllib
from collections.abc import Mapping
from typing import Final

from gatepost.notify.untrusted import one_line

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class Phrases:
    """The sentences of one language, by key.

    Not `str.format`: that reads attributes of its values when a stored sentence says so.
    """

    __slots__ = ("_parts", "language")

    def __init__(self, language: str, source: str, later: str = "") -> None:
        """`source`: TOML, every key a string; what it lacks is as in `later`. Raises ValueError if it is not."""
        self.language = language
        self._parts: dict[str, list[str]] = {}
        for key, sentence in (tomllib.loads(later) | tomllib.loads(source)).items():
            if not isinstance(sentence, str):
                raise ValueError(f"texts/{language}.toml: {key} must be a string")
            self._parts[key] = _PLACEHOLDER.split(sentence)

    def __contains__(self, key: str) -> bool:
        return key in self._parts

    def __call__(self, key: str, **values: str) -> str:
        """The sentence with every value made one line of visible text. Raises KeyError for what is missing."""
        parts = self._parts[key]
        if len(parts) == 1:
            return parts[0]
        return "".join(one_line(values[part]) if index % 2 else part for index, part in enumerate(parts))

    def placeholders(self) -> Mapping[str, frozenset[str]]:
        """The placeholders of every key, so that languages can be compared."""
        return {key: frozenset(parts[1::2]) for key, parts in self._parts.items()}
