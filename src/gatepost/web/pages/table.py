"""A table of a page, and the same as a file: what can be read can be taken along."""

from typing import NamedTuple, TypeAlias

from starlette.responses import Response

from gatepost.core.instant import Instant
from gatepost.documents.csv_text import csv_text
from gatepost.documents.deadline import instant_text, parse_instant
from gatepost.web.pages.frame import CLOSED


class At(NamedTuple):
    """An instant in a cell."""

    instant: Instant


Cell: TypeAlias = str | int | At | None
"""None: a number that is hidden, because fewer than five people are behind it or it would give away one that is."""


class Table(NamedTuple):
    """`name`: of the file, and what a screen reader calls it."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


HIDDEN = "hidden"
"""What stands where a number is not said."""


def as_file(table: Table) -> Response:
    """The table as CSV, to be saved: instants in UTC, numbers without marks."""
    text = csv_text(table.columns, ([_plain(cell) for cell in row] for row in table.rows))
    name = f"{table.name.replace(' ', '-')}.csv"
    headers = {**CLOSED, "content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _plain(cell: Cell) -> str:
    if isinstance(cell, At):
        return instant_text(cell.instant)
    return HIDDEN if cell is None else str(cell)


def at_text(text: object) -> At:
    """The cell of an instant that is written (RFC 3339)."""
    return At(parse_instant(str(text)))
