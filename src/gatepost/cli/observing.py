"""gatepost door report, enforce, observe: what doors saw, and whether they may refuse."""

from collections.abc import Iterator
from typing import Annotated, Literal

from cyclopts import Parameter

from gatepost.actions.door_mode import set_mode
from gatepost.actions.door_report import Cells, Reported, report_doors
from gatepost.cli.data import facts
from gatepost.cli.output import Lines, Table
from gatepost.cli.session import Given

By = Annotated[Literal["country", "group"] | None, Parameter(help="Also by country or group of the person.")]

_SORTS = {
    "visible": "managed, every app visible",
    "hidden": "managed, personal apps hidden",
    "unmanaged": "unmanaged",
    "unidentified": "unidentified (people)",
    "foreign": "somebody else's device",
    "stranger": "login of nobody",
}


def report(name: str = "", /, *, by: By = None, session: Given) -> int:
    """Who opens mail with what, what can be seen of it, and what would have been refused: counts, without names.

    Parameters
    ----------
    name
        Only what this door saw; else what all doors saw, a device at two doors once.
    """
    return session.act(lambda site: report_doors(site, session.by, name or None, by), _reported)


def enforce(name: str, /, *, because: str = "", session: Given) -> int:
    """Let a door refuse from now on; before it has observed for long enough, an operator says why, and then an approver
    says yes by the same command.

    Parameters
    ----------
    because
        Why it may refuse before its time, or with so many unmanaged; approvers read this.
    """
    return session.act(lambda site: set_mode(site, session.by, name, "enforce", because), facts)


def observe(name: str, /, *, because: str = "", session: Given) -> int:
    """Let a door observe from now on: it refuses nothing, and says what it would have refused.

    Parameters
    ----------
    because
        Why, for the ledger.
    """
    return session.act(lambda site: set_mode(site, session.by, name, "observe", because), facts)


def _reported(found: Reported) -> Lines:
    if not found.doors:
        yield "No door has ever reported."
        return
    whole = [found.seen] if len(found.doors) > 1 else []
    columns = ["seen", *(door.door for door in found.doors), *["all"] * len(whole)]
    counts = [*(door.seen for door in found.doors), *whole]
    yield Table(columns, [[text, *(part[sort] for part in counts)] for sort, text in _SORTS.items()])
    refused = ", ".join(f"{reason} {count}" for reason, count in found.would_refuse.items())
    yield f"Enforcing would have refused: {refused or 'nothing'}."
    yield f"Unmanaged of the devices seen: {found.unmanaged_percent} %."
    yield from _types("Unmanaged", found.unmanaged_types)
    yield from _types("Unidentified", found.unidentified_types)
    for sort, cells in found.by.items():
        yield f"{_SORTS[sort]}, by place: {_said(cells)}."
    if dropped := sum(door.dropped for door in found.doors):
        yield f"Not counted, because it was too much: {dropped}."


def _types(what: str, cells: Cells) -> Iterator[str]:
    if cells:
        yield f"{what}, as clients call themselves: {_said(cells)}."


def _said(cells: Cells) -> str:
    return ", ".join(
        f"{value or 'not known'} {'under 5' if count is None else count}" for value, count in cells.items()
    )
