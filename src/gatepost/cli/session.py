"""What every command is told from outside: which site, who acts, how to answer."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from gatepost.cli.output import Output


@dataclass(frozen=True, slots=True)
class Session:
    """`directory`: the site's. `by`: the address of who acts, None for the first administrator."""

    directory: Path = Path()
    by: str | None = None
    out: Output = field(default_factory=Output)


Given: TypeAlias = Annotated[Session, Parameter(parse=False)]
"""The type of a command's `session`: handed in by cli.main, not read from the command line."""
