"""Writing CSV (RFC 4180) that no spreadsheet runs: a cell that looks like a formula gets an apostrophe (I-36)."""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

RUN: Final = re.compile(r"'*\s*[=+@-]")
"""How a cell begins that a spreadsheet would run, or that was made harmless by an apostrophe before it."""


_WITHIN: Final = re.compile(r"[;\t\r\n](?='*\s*[=+@-])")
"""Where a spreadsheet begins another cell that takes semicolons or tabs for what stands between cells, as many do whose
language writes a decimal comma: it sees no quotation marks in the middle of what it takes for one."""


def harmless(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not run it."""
    within = _WITHIN.sub(lambda found: f"{found[0]}'", cell)
    return f"'{within}" if RUN.match(within) else within


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV file with a header; every cell harmless."""
    written = StringIO()
    writer = csv.writer(written)  # ends lines by CRLF, so that a CR in a cell is quoted too
    writer.writerow(columns)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return written.getvalue()
