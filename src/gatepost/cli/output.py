"""The one renderer: answers, refusals and problems, for people or as one JSON document on standard output.

What stands in an answer may come from anybody (a device's name, a group), so nothing is ever read as markup, and signs
that steer a terminal are taken out (I-36). Progress and messages go to standard error.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TextIO, TypeAlias, TypeGuard, TypeVar, cast

from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal

T = TypeVar("T")


class Exit(IntEnum):
    """Exit codes; scripts depend on them. ALLOW is DONE."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    REFUSED = 3
    WARN = 10
    BLOCK = 11
    SOMETHING = 20


class Table(NamedTuple):
    """Rows for people. Cells are shown by `str`; whole numbers stand right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


Lines: TypeAlias = Iterable[str | Table]

_STEERING: dict[int, str | None] = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
) | {0x09: " "}


def clean(text: str) -> str:
    """One line of text without the signs that steer a terminal: C0, DEL, C1, line ends, changes of direction."""
    return text.translate(_STEERING)


@dataclass(frozen=True, slots=True)
class Output:
    """Where answers go. `json`: one JSON document on standard output, refusals and problems too."""

    json: bool = False

    def show(self, data: object, human: Callable[[], Lines], code: int = Exit.DONE) -> int:
        """Show an answer: `data` (what json.dumps takes) or what `human` yields. Returns the exit code."""
        if self.json:
            _document(data)
        else:
            for line in human():
                _table(line) if isinstance(line, Table) else print(clean(line))
        return code

    def refuse(self, refusal: Refusal) -> int:
        """A no that is an answer."""
        if self.json:
            _document({"refused": refusal.code.value, "text": refusal.text})
        else:
            _message(f"Refused ({refusal.code.value}): {refusal.text}")
        return Exit.REFUSED

    def problems(self, found: Iterable[Problem]) -> int:
        """Bad input, every problem of it."""
        found = list(found)
        if self.json:
            fields = ("file", "line", "column", "field", "text")
            _document(
                {"error": "invalid", "problems": [{name: getattr(each, name) for name in fields} for each in found]}
            )
        else:
            for problem in found:
                _message(str(problem))
        return Exit.ERROR

    def error(self, text: str, code: int = Exit.ERROR) -> int:
        """Wrong usage, or machinery that is broken or not there."""
        if self.json:
            _document({"error": "usage" if code == Exit.USAGE else "failed", "text": text})
        else:
            _message(f"gatepost: {text}")
        return code

    def answer(
        self,
        answer: T | Refusal | tuple[Problem, ...],
        data: Callable[[T], object],
        human: Callable[[T], Lines],
        code: Callable[[T], int] = lambda _answer: Exit.DONE,
    ) -> int:
        """Show what an action answered, whichever of the three it is."""
        if isinstance(answer, Refusal):
            return self.refuse(answer)
        if _are_problems(answer):
            return self.problems(answer)
        good = cast(T, answer)  # what is left; a type guard narrows one way only
        return self.show(data(good), lambda: human(good), code(good))


def _are_problems(answer: T | tuple[Problem, ...]) -> TypeGuard[tuple[Problem, ...]]:
    return isinstance(answer, tuple) and bool(answer) and all(isinstance(each, Problem) for each in answer)


def _document(data: object) -> None:
    """ASCII only: a terminal shows no sign that steers it, and no locale can spoil the document."""
    import json

    print(json.dumps(data, ensure_ascii=True, allow_nan=False))


def _message(text: str) -> None:
    print(clean(text), file=sys.stderr)


def _table(table: Table) -> None:
    if sys.stdout.isatty():
        _drawn(table, sys.stdout)
        return
    for line in plain_table(table):
        print(line)


def plain_table(table: Table) -> Iterator[str]:
    """Columns side by side, two blanks apart, nothing cut off."""
    rows = [[clean(str(cell)) for cell in row] for row in [table.columns, *table.rows]]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    right = [bool(table.rows) and all(_is_number(row[at]) for row in table.rows) for at in range(len(widths))]
    for row in rows:
        cells = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _is_number(cell: object) -> bool:
    return isinstance(cell, int) and not isinstance(cell, bool)


def _drawn(table: Table, file: TextIO) -> None:
    """On a terminal: as wide as it is, long cells folded, in colour unless NO_COLOR says no."""
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=None, header_style="bold", pad_edge=False)
    for at, column in enumerate(table.columns):
        number = bool(table.rows) and all(_is_number(row[at]) for row in table.rows)
        drawn.add_column(Text(column), justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(clean(str(cell))) for cell in row))
    Console(file=file, highlight=False, markup=False).print(drawn)


Advance: TypeAlias = Callable[[int], None]


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """A bar on standard error while something takes long, if that is a terminal. Gives what moves it on, by a count."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(clean(label), total=total)
        yield lambda count: bar.advance(task, count)
