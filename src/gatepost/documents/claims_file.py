"""Files of evidence: `app,who,stance,claim,date,source`, as CSV or JSON Lines. A file is taken whole or not at all."""

from datetime import date
from typing import BinaryIO, Final

from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.problem import Problem
from gatepost.documents.rows import Columns, Wrong, choice_problem, read_rows, row_problem

COLUMNS: Final = Columns(required=("app", "who", "stance", "claim", "date", "source"), optional=())
LONGEST: Final = 4000
"""Characters of one cell."""


def read_claims(lines: BinaryIO, name: str) -> tuple[Claim, ...] | tuple[Problem, ...]:
    """All claims of a file in its order, or everything that is wrong with it."""
    claims: list[Claim] = []
    problems: list[Problem] = []
    for row in read_rows(lines, name, COLUMNS):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        line, cells = row
        found = read_claim(*map(str, cells))
        if isinstance(found, Claim):
            claims.append(found)
        else:
            problems.append(row_problem(name, line, found))
    return tuple(problems) or tuple(claims)


def read_claim(app: str, who: str, stance: str, claim: str, on: str, source: str) -> Claim | Wrong:
    """One claim from its words, or everything that is wrong with them, by column."""
    given = {"app": app, "who": who, "claim": claim, "source": source}
    cells = {column: text.strip() for column, text in given.items()}
    wrong: Wrong = [(column, "is empty") for column, text in cells.items() if not text]
    wrong += [
        (column, f"is longer than {LONGEST:,} characters") for column, text in cells.items() if len(text) > LONGEST
    ]
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
