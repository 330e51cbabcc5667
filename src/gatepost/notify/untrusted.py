"""Strings from outside (names, titles, device names), made harmless before they meet a header, a line or a page (I-36).

Escaping for HTML is the template's (autoescape); this takes away what no escaping covers: characters that end lines,
reorder text or do not show at all.
"""

import re
from typing import Final

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


def one_line(raw: str) -> str:
    """One line of visible text, at most LONGEST characters."""
    line = _SPACES_AND_BREAKS.sub(" ", _HIDDEN.sub("", raw)).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def paragraphs(raw: str) -> tuple[str, ...]:
    """The paragraphs of a longer text, each with single line feeds inside; blank lines part them."""
    text = _BREAKS_BUT_LINES.sub(" ", _LINE_ENDS.sub("\n", _HIDDEN.sub("", raw)))
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return tuple(part.strip("\n") for part in re.split(r"\n{2,}", lines) if part.strip("\n"))
