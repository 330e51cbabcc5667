"""A checkpoint: what a log says of itself at one size, as the text of a note (C2SP tlog-checkpoint).

Signed, and held by somebody outside the house, it is what no later edit of the ledger can be squared with (I-32).
"""

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the log; `root` is the 32-byte Merkle root over its first `size` leaves."""

    origin: str
    size: int
    root: bytes


def body(checkpoint: Checkpoint) -> str:
    """The note's text: three lines, the last one ended too. Raises ValueError if the origin is no single line."""
    if not checkpoint.origin or not checkpoint.origin.isprintable():
        raise ValueError("a checkpoint's origin must be one line of text")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def parse(text: str) -> Checkpoint:
    """The checkpoint in a note's text; ValueError if there is none. Extension lines are allowed and mean nothing."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise ValueError("a checkpoint has an origin, a size and a root, one a line")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0"):
        raise ValueError(f"a checkpoint's size must be a whole number, not {size!r}")
    return Checkpoint(origin, int(size), _hash(root))


def _hash(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        data = b""
    # The spare bits of the last character must be zero, or one root could be written in several ways.
    if len(data) != 32 or base64.b64encode(data).decode() != text:
        raise ValueError("a checkpoint's root must be a SHA-256 hash in base64")
    return data
