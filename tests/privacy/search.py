"""Searching everything that a site leaves behind, byte by byte."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path


def traces(needle: str, *places: Path) -> list[str]:
    """Where a word stands, in whatever case: each file of these folders that holds it in its bytes or in its name, and
    each member of an archive among them."""
    return sorted(name for name, data in contents(*places) if holds(needle, name.encode()) or holds(needle, data))


def holds(needle: str, data: bytes) -> bool:
    """Whether the word stands there as UTF-8 or as UTF-16, ASCII letters in any case."""
    lower, folded = data.lower(), needle.casefold()
    return any(folded.encode(encoding) in lower for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def contents(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with its bytes; of an archive each member too."""
    for place in places:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                yield str(path), data
                if data[:2] == b"\x1f\x8b":
                    yield from _members(str(path), data)


def _members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield f"{name}:{member.name}", file.read()
