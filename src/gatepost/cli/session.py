"""What every command is told from outside: which site, who acts, how to answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

from cyclopts import Parameter

from gatepost.cli.output import Lines, Output
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.data import as_data

if TYPE_CHECKING:
    from gatepost.actions.site import Site

T = TypeVar("T")


class Misuse(Exception):
    """Wrong usage that only a command itself can see; its text is the sentence shown."""


@dataclass(frozen=True, slots=True)
class Session:
    """`directory`: the site's. `by`: the address of who acts, None for the first administrator."""

    directory: Path = Path()
    by: str | None = None
    out: Output = field(default_factory=Output)

    def act(
        self,
        action: "Callable[[Site], T | Refusal | tuple[Problem, ...]]",
        human: Callable[[T], Lines],
        data: Callable[[T], object] = as_data,
        code: Callable[[T], int] = lambda _answer: 0,
    ) -> int:
        """Open the site, do one action, show its answer. Returns the exit code: `code`'s for an answer."""
        with self.site() as site:
            opened = site if isinstance(site, Refusal | tuple) else action(site)
            return self.out.answer(opened, data, human, code)

    @contextmanager
    def site(self, *, for_door: bool = False) -> "Iterator[Site | Refusal | tuple[Problem, ...]]":
        """The site, opened; closed at the end. What stands in its way is an answer too, its database's state but for a
        door."""
        from gatepost.wiring import open_for_door, open_site  # late: it imports nearly everything

        site = open_for_door(self.directory) if for_door else open_site(self.directory)
        try:
            yield site
        finally:
            if not isinstance(site, Refusal | tuple):
                site.store.close()


Given: TypeAlias = Annotated[Session, Parameter(parse=False)]
"""The type of a command's `session`: handed in by cli.main, not read from the command line."""


def _no_option(_type: object, value: str) -> None:
    if value.startswith("-") and value != "-":
        raise ValueError(f"{value} looks like an option; for a file of that name write ./{value}")


Source: TypeAlias = Annotated[str, Parameter(allow_leading_hyphen=True, validator=_no_option)]
"""A file to read; - is standard input."""


def content(source: str) -> tuple[bytes, str]:
    """The bytes of a file or of standard input, and the name by which problems call it. OSError as for open()."""
    if source != "-":
        return Path(source).read_bytes(), source
    import sys

    return sys.stdin.buffer.read(), "standard input"


def instant(site: "Site", text: str, option: str) -> int:
    """An instant written by a person: a date (its end), a local time of the site's default zone, or one with a zone."""
    from gatepost.documents.deadline import local_instant

    try:
        return local_instant(text, site.settings.site.default_time_zone)
    except ValueError as error:
        raise Misuse(f'{option}: "{text}" {error}') from None
