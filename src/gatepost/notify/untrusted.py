"""Strings from outside (names, titles, device names), made harmless before they meet a header, a line or a page (I-36).

Escaping for HTML is the template's (autoescape); this takes away what no escaping covers: characters that end lines,
reorder text or do not show at all.
"""

import re
from itertools import pairwise
from typing import Final
from unicodedata import east_asian_width

LONGEST: Final = 300
"""Characters of an untrusted one-line string that are kept; more is no name."""

# C0, DEL and C1 controls, line and paragraph separators; surrogates, which have no UTF-8.
_BREAKS: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
# Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9), invisible operators, the byte order
# mark, soft hyphen, interlinear annotation, tag characters. Joiners (U+200C, U+200D) stay: names are written with them.
_INVISIBLE: Final = (
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)

_SPACES_AND_BREAKS: Final = re.compile(rf"[\s{_BREAKS}]+")
_HIDDEN: Final = re.compile(rf"[{_INVISIBLE}]")
_BREAKS_BUT_LINES: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_ITEM: Final = re.compile(r"(?:[-*+•·–]|\d{1,3}[.)])(?:\s|$)")
"""How an item of a list begins."""


def one_line(raw: str) -> str:
    """One line of visible text, at most LONGEST characters."""
    line = _SPACES_AND_BREAKS.sub(" ", _HIDDEN.sub("", raw)).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def paragraphs(raw: str) -> tuple[str, ...]:
    """The paragraphs of a longer text, which blank lines part, as whoever reads it has the width for: a line that was
    broken in its file goes on. A line feed stays before an item of a list, and after two spaces, as in Markdown."""
    text = _BREAKS_BUT_LINES.sub(" ", _LINE_ENDS.sub("\n", _HIDDEN.sub("", raw)))
    lines = "\n".join(line if line.strip() else "" for line in text.split("\n"))
    return tuple(_flowing(part.split("\n")) for part in re.split(r"\n{2,}", lines.strip("\n")) if part)


def _flowing(lines: list[str]) -> str:
    flowing = lines[0].strip()
    for before, line in pairwise(lines):
        words = line.strip()
        if _ITEM.match(words) or before.endswith("  "):
            flowing += f"\n{words}"
        else:
            flowing += words if _wide(flowing[-1:]) and _wide(words[:1]) else f" {words}"
    return flowing


def _wide(letter: str) -> bool:
    """Whether a letter is of a script without spaces, which a broken line needs none of (UAX 11); Korean has them."""
    return bool(letter) and east_asian_width(letter) in "WF" and not "\uac00" <= letter <= "\ud7a3"
