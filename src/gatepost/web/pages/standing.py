"""How the site stands: what its doors see, and its settings. Counts and settings, no names."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.door_report import Breakdown, Reported, report_doors
from gatepost.actions.seen import Sort
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.config import FILE
from gatepost.config.standing import standing
from gatepost.core.refusal import Refusal
from gatepost.web.pages.table import Cell, Table, as_file
from gatepost.web.pages.visitors import Visitors

SORTS: Final = {
    Sort.VISIBLE: "Managed, and we see all its apps",
    Sort.HIDDEN: "Managed, and we do not see all its apps",
    Sort.UNMANAGED: "In no device manager",
    Sort.UNIDENTIFIED: "No device was named (people)",
    Sort.FOREIGN: "Somebody else's device",
    Sort.STRANGER: "Logins that nobody here has",
}
"""What a door saw, in words."""

_BREAKDOWNS: Final[dict[str, Breakdown]] = {"country": "country", "group": "group"}


class Standing:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shows = self._visitors.shows
        return [
            Route("/reach", shows(self._reach), methods=["GET"]),
            Route("/reach.csv", shows(self._reach_file), methods=["GET"]),
            Route("/settings", shows(self._settings), methods=["GET"]),
        ]

    def _reach(self, request: Request, visitor: Visitor) -> Response:
        asked = request.query_params.get("by", "")
        found = self._reported(visitor, asked)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        values = {
            "found": found,
            "by": asked if asked in _BREAKDOWNS else "",
            "whole": _whole(found),
            "refused": _pairs("would refuse", "Why", found.would_refuse),
            "unmanaged": _pairs("unmanaged", "As its client calls itself", found.unmanaged_types),
            "unidentified": _pairs("unidentified", "As its client calls itself", found.unidentified_types),
            "places": _places(found, asked),
        }
        return self._visitors.page(visitor, "reach.html.j2", values)

    def _reach_file(self, request: Request, visitor: Visitor) -> Response:
        asked = request.query_params.get("by", "")
        found = self._reported(visitor, asked)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        return as_file(_places(found, asked) if asked in _BREAKDOWNS else _whole(found))

    def _reported(self, visitor: Visitor, by: str) -> Reported | Refusal:
        return report_doors(self._site, visitor.actor.person.id, None, _BREAKDOWNS.get(by))

    def _settings(self, _request: Request, visitor: Visitor) -> Response:
        values = {"parts": standing(self._site.settings), "file": FILE}
        return self._visitors.page(visitor, "settings.html.j2", values)


def _whole(found: Reported) -> Table:
    columns = ("Seen", *(door.door for door in found.doors), *(["All doors"] if len(found.doors) > 1 else []))
    parts = [*(door.seen for door in found.doors), *([found.seen] if len(found.doors) > 1 else [])]
    return Table("reach", columns, tuple((said, *(part[sort] for part in parts)) for sort, said in SORTS.items()))


def _pairs(name: str, what: str, cells: dict[str, int] | dict[str, int | None]) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple((value, count) for value, count in cells.items())
    return Table(name, (what, "Number"), rows)


def _places(found: Reported, by: str) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (SORTS[Sort(sort)], value or "not known", count)
        for sort, cells in found.by.items()
        for value, count in cells.items()
    )
    return Table(f"reach by {by}", ("Seen", by.title(), "Number"), rows)
