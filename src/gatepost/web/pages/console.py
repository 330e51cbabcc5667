"""The console's pages to read: today, policies, apps, doors."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import activation, catalogue, evidence, views
from gatepost.actions.doors import list_doors
from gatepost.actions.entries import newest_entries
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.actions.today import today
from gatepost.core.refusal import Refusal
from gatepost.web.pages.visitors import Handle, Visitors, only_help_desk
from gatepost.web.pages.watch import charts

NEWEST = 10
"""Entries of the ledger on Today."""


class Console:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shown: Mapping[str, Handle] = {
            "/today": self._today,
            "/policies": self._policies,
            "/apps": self._apps,
            "/doors": self._doors,
        }
        pages = [Route(path, self._visitors.shows(handle), methods=["GET"]) for path, handle in shown.items()]
        return [Route("/", self._visitors.shows(self._home, help_desk=True), methods=["GET"]), *pages]

    def _home(self, _request: Request, visitor: Visitor) -> Response:
        return self._visitors.to("help-desk" if only_help_desk(visitor) else "today")

    def _today(self, _request: Request, visitor: Visitor) -> Response:
        entries = newest_entries(self._site, None, NEWEST).entries
        values = {"today": today(self._site, visitor.actor), "entries": entries, "charts": charts(self._site)}
        return self._visitors.page(visitor, "today.html.j2", values)

    def _policies(self, _request: Request, visitor: Visitor) -> Response:
        return self._visitors.page(visitor, "policies.html.j2", {"policies": views.list_policies(self._site)})

    def _apps(self, _request: Request, visitor: Visitor) -> Response:
        claims = evidence.list_evidence(self._site)
        values = {
            "apps": catalogue.list_apps(self._site),
            "waiting": activation.waiting(self._site),
            "claims": [] if isinstance(claims, Refusal) else claims,
        }
        return self._visitors.page(visitor, "apps.html.j2", values)

    def _doors(self, _request: Request, visitor: Visitor) -> Response:
        return self._visitors.page(visitor, "doors.html.j2", {"doors": list_doors(self._site)})
