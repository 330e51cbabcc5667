"""Secrets stand in files of their own, which settings name."""

import os
from pathlib import Path

from gatepost.config.reading import FILE
from gatepost.core.problem import Problem


def read_secret_file(path: Path, field: str) -> str | Problem:
    """The first line of a file that the setting `field` names, which only its owner may read."""

    def wrong(text: str) -> Problem:
        return Problem(FILE, 0, 0, field, f"{path} {text}")

    try:
        with path.open(encoding="ascii") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                return wrong("can be read by others than its owner: chmod 600")
            return file.readline().strip()
    except OSError as error:
        return wrong(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return wrong("holds other than ASCII")
