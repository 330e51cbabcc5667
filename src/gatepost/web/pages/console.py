"""The console's pages: for people who are signed in, and in this version to read only."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost.actions import activation, catalogue, evidence, views
from gatepost.actions.doors import list_doors
from gatepost.actions.entries import newest_entries
from gatepost.actions.sign_in import Visitor, visit
from gatepost.actions.site import Site
from gatepost.actions.today import today
from gatepost.actions.who import HELPDESK
from gatepost.core.ledger.codec import EVENTS
from gatepost.core.refusal import Refusal
from gatepost.web.pages.browser import SESSION, Browser
from gatepost.web.pages.frame import Pages

NEWEST = 10
"""Entries of the ledger on Today."""

PAGE = 50
"""Entries of the ledger on a page of their own."""

_POLICY = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)

WORDS: Final[Mapping[str, str]] = {
    "draft": "a draft",
    "proposed": "waits for approvals",
    "approved": "approved, not announced",
    "announced": "announced",
    "in_force": "in force",
    "ended": "ended",
    "retracted": "retracted",
}
"""Stages of a policy."""

LOOKS: Final[Mapping[str, str]] = {"in_force": "blocked", "announced": "warned"}
"""Which of the four colours a stage has; what is not here is quiet."""

WRONG: Final[Mapping[str, str]] = {
    "never": "Not running",
    "behind": "Not confirmed",
    "silent": "Silent",
    "problem": "Problem",
    "open": "Open",
    "frozen": "Frozen",
    "held": "Held",
    "refused": "Not told",
    "uncertain": "Uncertain",
    "bounced": "Came back",
}

IMPACT: Final = (
    ("hit", "The app is there"),
    ("clear", "Nothing would change"),
    ("exempt", "Exempt"),
    ("cannot_tell", "Managed, but we cannot see"),
    ("unmanaged", "Not managed"),
    ("cannot_be_told", "Of those hit, no address to write to"),
)
"""The columns of an impact."""

Handle = Callable[[Request, Visitor], Response]


class Console:
    def __init__(self, site: Site, pages: Pages, browser: Browser) -> None:
        self._site, self._pages, self._browser = site, pages, browser

    def routes(self) -> list[Route]:
        shown: Mapping[str, Handle] = {
            "/": self._home,
            "/today": self._today,
            "/policies": self._policies,
            "/policies/{policy}": self._policy,
            "/apps": self._apps,
            "/doors": self._doors,
            "/ledger": self._ledger,
        }
        return [Route(path, self._behind(handle), methods=["GET"]) for path, handle in shown.items()]

    def _behind(self, handle: Handle) -> Callable[[Request], Response]:
        """Only for whoever is signed in, and has more to do here than to look up one phone."""

        def handled(request: Request) -> Response:
            token = self._browser.cookie(request, SESSION)
            visitor = visit(self._site, token) if token else None
            if visitor is None:
                return RedirectResponse(self._pages.at("sign-in"), HTTPStatus.SEE_OTHER)
            answer = self._help_desk(visitor) if visitor.actor.roles == {HELPDESK} else handle(request, visitor)
            if visitor.token:
                self._browser.keep(answer, SESSION, visitor.token)
            return answer

        return handled

    def _shown(
        self, visitor: Visitor, template: str, values: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> Response:
        person = visitor.actor.person
        words = {"words": WORDS, "looks": {stage: LOOKS.get(stage, "over") for stage in WORDS}, "wrong": WRONG}
        return self._pages.page(
            template, {"me": person.name, "zone": person.time_zone, "impact": IMPACT, **words, **values}, status
        )

    def _help_desk(self, visitor: Visitor) -> Response:
        return self._shown(visitor, "help_desk.html.j2", {}, HTTPStatus.FORBIDDEN)

    def _missing(self, visitor: Visitor, text: str) -> Response:
        return self._shown(visitor, "not_here.html.j2", {"text": text}, HTTPStatus.NOT_FOUND)

    def _home(self, _request: Request, _visitor: Visitor) -> Response:
        return RedirectResponse(self._pages.at("today"), HTTPStatus.SEE_OTHER)

    def _today(self, _request: Request, visitor: Visitor) -> Response:
        entries = newest_entries(self._site, None, NEWEST).entries
        return self._shown(
            visitor, "today.html.j2", {"today": today(self._site, visitor.actor), "entries": entries, "before": None}
        )

    def _policies(self, _request: Request, visitor: Visitor) -> Response:
        return self._shown(visitor, "policies.html.j2", {"policies": views.list_policies(self._site)})

    def _policy(self, request: Request, visitor: Visitor) -> Response:
        asked = request.query_params.get("revision", "")
        policy, number = request.path_params["policy"], int(asked) if _NUMBER.fullmatch(asked) else None
        shown = views.show_policy(self._site, policy, number)
        if isinstance(shown, Refusal):
            return self._missing(visitor, f"There is no policy {policy} with this revision on this site.")
        return self._shown(visitor, "policy.html.j2", {"policy": shown})

    def _apps(self, _request: Request, visitor: Visitor) -> Response:
        claims = evidence.list_evidence(self._site)
        values = {
            "apps": catalogue.list_apps(self._site),
            "waiting": activation.waiting(self._site),
            "claims": [] if isinstance(claims, Refusal) else claims,
        }
        return self._shown(visitor, "apps.html.j2", values)

    def _doors(self, _request: Request, visitor: Visitor) -> Response:
        return self._shown(visitor, "doors.html.j2", {"doors": list_doors(self._site)})

    def _ledger(self, request: Request, visitor: Visitor) -> Response:
        asked = {name: request.query_params.get(name, "").strip() for name in ("event", "policy", "before")}
        if asked["event"] and asked["event"] not in EVENTS:
            return self._missing(visitor, f"There is no event {asked['event']}.")
        if asked["policy"] and not _POLICY.fullmatch(asked["policy"]):
            return self._missing(visitor, f"{asked['policy']} cannot be a policy's id.")
        before = int(asked["before"]) if _NUMBER.fullmatch(asked["before"]) else None
        page = newest_entries(self._site, before, PAGE, asked["event"], asked["policy"])
        values = {"entries": page.entries, "before": page.before, "asked": asked, "events": sorted(EVENTS)}
        return self._shown(visitor, "ledger.html.j2", values)
