"""Rows of a table: CSV (RFC 4180, a header, UTF-8 with or without a byte order mark) or JSON Lines, read as they come.

Which of the two it is, the first character says: `{` begins JSON Lines. A row that cannot be read is a problem and the
rest goes on; a header that cannot be read is the file's problem. In CSV the items of a list are separated by
semicolons; JSON Lines may write them so, or as a list. What a problem says never repeats a cell: in a file of devices
any of them may be the identifier of an app that nobody is to write down (I-35).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, BinaryIO, Final, TypeAlias

from gatepost.core.problem import Problem, did_you_mean

Row: TypeAlias = tuple[int, Sequence[Any]]
"""The line, and one cell for each column: text, or perhaps a list of texts where the column is a list's."""
Wrong: TypeAlias = list[tuple[str, str]]
"""What is wrong with a row: field and sentence."""

MAX_LINE: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table. Rows come with `required` and then `optional`, in this order, "" where there is none.

    `lists`: those that JSON may write as a list. `flags`: those that it may write as true or false.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    lists: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


def read_rows(lines: BinaryIO, name: str, columns: Columns) -> Iterator[Row | Problem]:
    """Each row with its line, counted from 1, or what keeps it from being read. Empty lines are nothing."""
    first = lines.readline(MAX_LINE).removeprefix(_BOM)
    while first and not first.strip():
        first = lines.readline(MAX_LINE)
    if not first:
        yield Problem(name, 0, 0, "", "is empty: expected a header, or one JSON object a line")
    elif first.lstrip().startswith(b"{"):
        yield from _json_rows(_Lines(first, lines), name, columns)
    else:
        yield from _csv_rows(_Lines(first, lines), name, columns)


def row_problem(name: str, line: int, wrong: Wrong) -> Problem:
    """Everything that is wrong with one row, as one problem."""
    (field, text), *more = wrong
    return Problem(name, line, 0, field, "; ".join([text, *(f"{field}: {text}" for field, text in more)]))


def choice_problem(cell: str, choices: Iterable[str]) -> str:
    """The sentence for a cell that is none of the words allowed there."""
    words = list(choices)
    near = did_you_mean(cell, words)
    return f"expected {', '.join(words[:-1])} or {words[-1]}" + (f"; {near}" if near else "")


def items_of(cell: str | list[str]) -> list[str]:
    """The items of a list's cell, without the blanks around them; empty items are nothing."""
    return [item for part in (cell.split(";") if isinstance(cell, str) else cell) if (item := part.strip())]


class _TooLong(Exception):
    """A line has no end in sight."""


class _Lines:
    """Lines of text from lines of bytes. `bad`: the lines that are not UTF-8."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self.first, self.rest = first, rest
        self.number = 0
        self.bad: set[int] = set()

    def __iter__(self) -> Iterator[str]:
        raw = self.first
        readline = self.rest.readline
        while raw:
            self.number += 1
            if len(raw) >= MAX_LINE:
                raise _TooLong
            try:
                yield raw.decode()
            except UnicodeDecodeError:
                self.bad.add(self.number)
                yield raw.decode(errors="replace")
            raw = readline(MAX_LINE)


def _too_long(name: str, line: int) -> Problem:
    return Problem(name, line, 0, "", f"a line is longer than {MAX_LINE:,} bytes; nothing after it was read")


def _csv_rows(lines: _Lines, name: str, columns: Columns) -> Iterator[Row | Problem]:
    reader = csv.reader(lines, strict=True)
    try:
        header = [cell.strip().casefold() for cell in next(reader)]
    except (csv.Error, _TooLong, StopIteration):
        yield Problem(name, 1, 0, "", "the header is not CSV (RFC 4180)")
        return
    problems = ["is not UTF-8"] if lines.bad else list(_header_problems(header, columns))
    yield from (Problem(name, 1, 0, "", text) for text in problems)
    if problems:
        return
    width = len(header)
    places = [header.index(column) if column in header else width for column in columns.all]
    pick = itemgetter(*places)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(name, line, 0, "", f"is not CSV (RFC 4180): {error}")
            continue
        except _TooLong:
            yield _too_long(name, line)
            return
        if lines.bad and not lines.bad.isdisjoint(range(line, reader.line_num + 1)):
            yield Problem(name, line, 0, "", "is not UTF-8")
        elif len(cells) == width:
            cells.append("")
            yield line, pick(cells)
        elif cells:
            yield Problem(name, line, 0, "", f"has {len(cells)} fields, and the header {width}")


def _header_problems(header: list[str], columns: Columns) -> Iterator[str]:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        yield "the header has one column: separate columns by commas"
        return
    for number, column in enumerate(header, 1):
        if column not in columns.all:
            yield f"column {number} of the header is unknown; {_near(column, columns)}"
        elif header.index(column) != number - 1:
            yield f"the header names {column} twice"
    missing = [column for column in columns.required if column not in header]
    if missing:
        yield "the header lacks " + ", ".join(missing)


def _near(column: str, columns: Columns) -> str:
    return did_you_mean(column, columns.all) or "expected one of " + ", ".join(columns.all)


def _json_rows(lines: _Lines, name: str, columns: Columns) -> Iterator[Row | Problem]:
    try:
        for text in lines:
            if not text.strip():
                continue
            if lines.number in lines.bad:
                yield Problem(name, lines.number, 0, "", "is not UTF-8")
                continue
            row = json_row(text, columns)
            if isinstance(row, list):
                yield row_problem(name, lines.number, row)
            else:
                yield lines.number, row
    except _TooLong:
        yield _too_long(name, lines.number)


def json_row(text: str, columns: Columns) -> tuple[Any, ...] | Wrong:
    """The cells of one JSON object; null and a key that is left out are the same as an empty cell."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError | _Twice) else "it cannot be held"
        return [("", f"is not a JSON object (RFC 8259): {reason}")]
    if not isinstance(value, dict):
        return [("", "is not a JSON object: expected keys and values")]
    wrong: Wrong = [("", f"unknown key; {_near(key, columns)}") for key in value if key not in columns.all]
    cells = [_json_cell(value.get(column), column, columns, wrong) for column in columns.all]
    return wrong or tuple(cells)


def _json_cell(value: Any, column: str, columns: Columns, wrong: Wrong) -> str | list[str]:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool) and column in columns.flags:
        return "true" if value else "false"
    if isinstance(value, list) and column in columns.lists and all(isinstance(item, str) for item in value):
        return value
    expected = "text, or a list of texts" if column in columns.lists else "text"
    wrong.append((column, f"expected {'true or false' if column in columns.flags else expected}"))
    return ""


class _Twice(ValueError):
    """A key stands twice in an object: which of the two is meant, nobody can say (RFC 8259, section 4)."""


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("a key is given twice")
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once)
