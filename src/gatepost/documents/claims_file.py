"""Files of evidence: `app,who,stance,claim,date,source`, as CSV or JSON Lines. A file is taken whole or not at all."""

import csv
import json
import re
from collections.abc import Iterable
from datetime import date
from io import BytesIO, StringIO
from typing import Final, Literal

from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.problem import Problem
from gatepost.documents.rows import Columns, Wrong, choice_problem, read_rows, row_problem

COLUMNS: Final = Columns(required=("app", "who", "stance", "claim", "date", "source"), optional=())
LONGEST: Final = 4000
"""Characters of one cell."""


_UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control signs and changes of direction: what a reader would not see, and a terminal would obey."""

_RUN: Final = re.compile(r"'*[=+@-]")
"""How a cell begins that a spreadsheet would run, or that was made harmless by an apostrophe before it."""


def read_claims(data: bytes, name: str) -> tuple[Claim, ...] | tuple[Problem, ...]:
    """All claims of a file in its order, or everything that is wrong with it."""
    claims: list[Claim] = []
    problems: list[Problem] = []
    is_csv = not data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    for row in read_rows(BytesIO(data), name, COLUMNS):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        line, cells = row
        found = read_claim(*(_from_csv(str(cell)) if is_csv else str(cell) for cell in cells))
        if isinstance(found, Claim):
            claims.append(found)
        else:
            problems.append(row_problem(name, line, found))
    return tuple(problems) or tuple(claims)


def write_claims(claims: Iterable[Claim], form: Literal["csv", "jsonl"]) -> str:
    """A file that read_claims gives the same claims of. In CSV an apostrophe goes before what a spreadsheet would run;
    reading takes it off again."""
    rows = [(claim.app, claim.who, claim.stance.value, claim.claim, claim.on, claim.source) for claim in claims]
    if form == "jsonl":
        return "".join(json.dumps(dict(zip(COLUMNS.all, row, strict=True))) + "\n" for row in rows)
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS.all)
    writer.writerows([f"'{cell}" if _RUN.match(cell) else cell for cell in row] for row in rows)
    return written.getvalue()


def _from_csv(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _RUN.match(cell) else cell


def read_claim(app: str, who: str, stance: str, claim: str, on: str, source: str) -> Claim | Wrong:
    """One claim from its words, each made one line, or everything that is wrong with them, by column."""
    given = {"app": app, "who": who, "claim": claim, "source": source}
    cells = {column: " ".join(text.split()) for column, text in given.items()}
    wrong: Wrong = [(column, "is empty") for column, text in cells.items() if not text]
    wrong += [
        (column, f"is longer than {LONGEST:,} characters") for column, text in cells.items() if len(text) > LONGEST
    ]
    wrong += [(column, "has signs that do not show") for column, text in cells.items() if _UNSHOWN.search(text)]
    word = stance.strip().casefold()
    if word not in list(Stance):
        wrong.append(("stance", choice_problem(word, list(Stance))))
    day = read_day(on)
    if day is None:
        wrong.append(("date", "expected a day, such as 2020-07-06"))
    if wrong or day is None:
        return wrong
    return Claim(cells["app"], cells["who"], Stance(word), cells["claim"], day, cells["source"])


def read_day(text: str) -> str | None:
    """A day as ISO 8601 writes it (calendar date, extended format); None if it is none."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return None
