"""The name of a site's change stream, in a file of its own, so that a door knows it while the database is away.

A restored site's stream has positions that doors saw before with another meaning. So it gets another name, and doors
set their old copies aside as those of another site.
"""

import secrets
from pathlib import Path

NAME = "stream.id"


def new_stream(directory: Path) -> str:
    """Name the stream anew."""
    name = secrets.token_hex(8)
    (directory / NAME).write_text(name + "\n", encoding="ascii")
    return name


def stream_of(directory: Path) -> str:
    """The stream's name. OSError if the file is missing."""
    return (directory / NAME).read_text(encoding="ascii").strip()
