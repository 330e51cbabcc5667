"""Telling the play to a person at a terminal: short paragraphs at 80 columns; plain where it is no terminal."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 80
INDENT = " " * 6


class Step(NamedTuple):
    """One step as it went. `shown`: lines that go with it, such as a table, as they are. `took`: milliseconds."""

    name: str
    title: str
    ok: bool
    text: str
    shown: Sequence[str] = ()
    took: int = 0


class Part(NamedTuple):
    """A heading with the paragraphs under it."""

    title: str
    when: str
    paragraphs: Sequence[str]


@dataclass(slots=True)
class Silent:
    """Tells nothing: for --json, and for tests."""

    def part(self, part: Part) -> None:
        pass

    def step(self, step: Step) -> None:
        pass

    def acting(self, _title: str) -> AbstractContextManager[object]:
        return nullcontext()


@dataclass(slots=True)
class Teller(Silent):
    """Writes each thing when it is known. On a terminal with colours, unless NO_COLOR says no."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    console: "Console | None" = None

    def __post_init__(self) -> None:
        if self.out.isatty():
            from rich.console import Console  # late: it takes longer to import than anything it draws here

            self.console = Console(file=self.out, highlight=False, markup=False)

    def part(self, part: Part) -> None:
        self._write("")
        self._write(part.title.upper(), style="bold")
        if part.when:
            self._write(part.when, style="dim")
        for paragraph in part.paragraphs:
            self._write("")
            self._write(paragraph if paragraph.startswith(" ") else folded(paragraph))
        self._write("")

    def step(self, step: Step) -> None:
        mark, style = ("ok", "green") if step.ok else ("NOT OK", "bold red")
        self._heading(f"{mark:<4}  ", style, step.title)
        self._write(folded(step.text, INDENT))
        for line in ["", *step.shown] if step.shown else []:
            self._write((INDENT + line).rstrip())
        self._write("")

    @contextmanager
    def acting(self, title: str) -> Iterator[None]:
        """While a step is under way."""
        if self.console is None:
            yield
            return
        with self.console.status(title):
            yield

    def _heading(self, mark: str, style: str, title: str) -> None:
        if self.console is None:
            print(mark + title, file=self.out, flush=True)
            return
        from rich.text import Text

        self.console.print(Text.assemble((mark, style), (title, "bold")))

    def _write(self, text: str, style: str = "") -> None:
        if self.console is None:
            print(text, file=self.out, flush=True)
        else:
            self.console.print(text, style=style, soft_wrap=True)


def folded(text: str, indent: str = "") -> str:
    """Paragraphs, separated by empty lines, folded to the width."""
    parts = [
        textwrap.fill(
            " ".join(part.split()),
            WIDTH - 2,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
        for part in text.split("\n\n")
    ]
    return "\n\n".join(parts)


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Cells side by side: the first column left, the others right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
