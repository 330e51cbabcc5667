"""Announcing from the console: the one act after which people hear of a policy, so it asks who one is once more."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import announce as announcing
from gatepost.actions import views
from gatepost.actions.asked import asked, may_announce
from gatepost.actions.sign_in import Visitor, stale
from gatepost.actions.site import Site
from gatepost.core.change.stage import Stage
from gatepost.core.refusal import Code, Refusal
from gatepost.web.pages.visitors import Visitors

MAY_NOT = "Only an author or an operator announces."


class Announcing:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        page = "/policies/{policy}/announce"
        return [
            Route(page, self._visitors.shows(self._before), methods=["GET"]),
            Route(page, self._visitors.does(self._announce), methods=["POST"]),
        ]

    def _before(self, request: Request, visitor: Visitor, other: bool = False) -> Response:
        """`other`: it is not the revision any more that was looked at."""
        policy = request.path_params["policy"]
        if not may_announce(visitor.actor):
            return self._visitors.refused(visitor, Refusal(Code.ROLE_MISSING, MAY_NOT))
        shown = views.show_policy(self._site, policy, mails=False)
        if isinstance(shown, Refusal):
            return self._visitors.refused(visitor, shown)
        if shown["stage"] != Stage.APPROVED.value:
            return self._visitors.to(f"policies/{policy}")
        question = asked(self._site, visitor.actor, policy, int(str(shown["revision"])))
        if isinstance(question, Refusal):
            return self._visitors.refused(visitor, question)
        values = {"policy": shown, "asked": question, "other": other}
        values["fresh"] = stale(self._site, visitor) is None
        status = HTTPStatus.CONFLICT if other else HTTPStatus.OK
        return self._visitors.page(visitor, "announce.html.j2", values, status)

    def _announce(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        policy = request.path_params["policy"]
        if stale(self._site, visitor):
            return self._visitors.to(f"sign-in/again?then=policies/{policy}/announce")
        done = announcing.announce(self._site, visitor.actor.person.id, policy, fields.get("hash") or "none")
        if isinstance(done, Refusal):
            if done.code is Code.OUT_OF_DATE:
                return self._before(request, visitor, other=True)
            return self._visitors.refused(visitor, done)
        return self._visitors.to(f"policies/{policy}")
