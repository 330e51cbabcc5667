"""How Cyclopts' help pages look: two aligned columns of plain text, folded to the terminal's width.

Drawing them with Rich's panels and markdown would double the time that --help takes.
"""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions, RenderableType

_WIDEST = 100
_INDENT = "  "


class Plain:
    """A help formatter of Cyclopts (cyclopts.help.protocols.HelpFormatter)."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        names = [", ".join(entry.display_labels_with_metavar) for entry in panel.entries]
        texts = [" ".join(_described(entry, console, options)) for entry in panel.entries]
        if not names:
            return
        column = min(max(len(name) for name in names), 28) + 2 * len(_INDENT)
        print(f"{_text(panel.title, console, options)}:")
        for name, text in zip(names, texts, strict=True):
            start = (_INDENT + name).ljust(column)
            if len(start) > column:
                print(start)
                start = " " * column
            folded = textwrap.fill(text, _width(options), initial_indent=start, subsequent_indent=" " * column)
            print(folded if folded else start.rstrip())
        print()

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: "RenderableType | None") -> None:
        print("Usage:", _text(usage, console, options).removeprefix("Usage:").strip(), end="\n\n")

    def render_description(
        self, console: "Console", options: "ConsoleOptions", description: "RenderableType | None"
    ) -> None:
        paragraphs = _text(description, console, options).split("\n\n")
        print("\n\n".join(textwrap.fill(paragraph, _width(options)) for paragraph in paragraphs), end="\n\n")


def _described(entry: "HelpEntry", console: "Console", options: "ConsoleOptions") -> Iterator[str]:
    if description := _text(entry.description, console, options):
        yield description
    if entry.choices:
        yield f"[{', '.join(entry.choices)}]"
    if entry.env_var:
        yield f"[environment: {', '.join(entry.env_var)}]"
    if entry.default is not None:
        yield f"[default: {entry.default}]"
    if entry.required:
        yield "[required]"


def _width(options: "ConsoleOptions") -> int:
    return max(min(options.max_width, _WIDEST), 40)


def _text(shown: "RenderableType | None", console: "Console", options: "ConsoleOptions") -> str:
    if shown is None or isinstance(shown, str):
        return (shown or "").strip()
    unfolded = options.update(width=100_000)
    return "".join(segment.text for segment in console.render(shown, unfolded) if not segment.control).strip()
