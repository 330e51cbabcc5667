"""Retract, pause and resume by page: one confirmation that says what and how many, then how it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import pause as pausing
from gatepost.actions import views
from gatepost.actions.aftermath import aftermath, reach
from gatepost.actions.asked import asked, may_pause, may_retract
from gatepost.actions.retract import Begun, Retracted, begin_retraction, finish
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.core.instant import MINUTE
from gatepost.core.refusal import Code, Refusal
from gatepost.web.pages.policy import LONGEST_REASON
from gatepost.web.pages.visitors import Visitors

AGAIN_AFTER = 2
"""Seconds between two looks of a page that is watched."""

WATCHED = 15 * MINUTE
"""So long a page looks again by itself; a door that is away may stay away."""

MOST_KEPT = 64
"""Retractions of which this process still knows how soon each door confirmed."""

MAY_NOT = (
    "Your roles do not let you. Authors, approvers and operators may retract a policy, approvers and operators pause"
    " it: tell one of them."
)


@dataclass(frozen=True, slots=True)
class _Act:
    """A form of this module, and its template. `fields`: what was filled in before; `wrong_field`: what is missing, ""
    for nothing."""

    name: Literal["retract", "pause"]
    fields: Mapping[str, str]
    wrong_field: str = ""


class Stopping:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors
        self._finished: dict[tuple[str, int], Retracted] = {}

    def routes(self) -> list[Route]:
        page, shows, does = "/policies/{policy}", self._visitors.shows, self._visitors.does
        return [
            Route(page + "/retract", shows(self._before_retracting), methods=["GET"]),
            Route(page + "/retract", does(self._retract), methods=["POST"]),
            Route(page + "/pause", shows(self._before_pausing), methods=["GET"]),
            Route(page + "/pause", does(self._pause), methods=["POST"]),
            Route(page + "/resume", does(self._resume), methods=["POST"]),
            Route(page + "/stopped", shows(self._stopped), methods=["GET"]),
        ]

    def _before_retracting(self, request: Request, visitor: Visitor) -> Response:
        return self._confirmation(request, visitor, _Act("retract", {}))

    def _before_pausing(self, request: Request, visitor: Visitor) -> Response:
        return self._confirmation(request, visitor, _Act("pause", {}))

    def _confirmation(self, request: Request, visitor: Visitor, act: _Act) -> Response:
        policy, actor = request.path_params["policy"], visitor.actor
        may = may_retract(actor) if act.name == "retract" else may_pause(actor)
        if not may:
            return self._visitors.refused(visitor, Refusal(Code.ROLE_MISSING, MAY_NOT))
        reached = reach(self._site, policy)
        if isinstance(reached, Refusal):
            return self._visitors.refused(visitor, reached)
        shown = views.show_policy(self._site, policy, reached.revision, mails=False)
        question = asked(self._site, actor, policy, reached.revision)
        if isinstance(shown, Refusal):
            return self._visitors.refused(visitor, shown)
        if isinstance(question, Refusal):
            return self._visitors.refused(visitor, question)
        values = {"policy": shown, "asked": question, "reach": reached, "fields": act.fields}
        values |= {"wrong_field": act.wrong_field, "longest": LONGEST_REASON}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if act.wrong_field else HTTPStatus.OK
        return self._visitors.page(visitor, f"{act.name}.html.j2", values, status)

    def _retract(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        policy, reason = request.path_params["policy"], fields.get("reason", "").strip()[:LONGEST_REASON]
        because = fields.get("because", "")
        if because not in ("error", "withdrawn") or not reason:
            wrong = "reason" if because in ("error", "withdrawn") else "because"
            return self._confirmation(request, visitor, _Act("retract", fields, wrong))
        stands = reach(self._site, policy)
        if not isinstance(stands, Refusal) and fields.get("revision") != str(stands.revision):
            return self._confirmation(request, visitor, _Act("retract", fields, "revision"))
        begun = begin_retraction(self._site, visitor.actor.person.id, policy, reason, because)
        if isinstance(begun, Refusal):
            return self._gone_already(policy) or self._visitors.refused(visitor, begun)
        return self._visitors.to(f"policies/{policy}/stopped", BackgroundTask(self._finish, begun))

    def _gone_already(self, policy: str) -> Response | None:
        """Pressed twice, or by two people at once: what was asked for is so."""
        done = aftermath(self._site, policy)
        over = not isinstance(done, Refusal) and done.stage.value == "retracted"
        return self._visitors.to(f"policies/{policy}/stopped") if over else None

    def _finish(self, begun: Begun) -> None:
        """What comes after the commit, while the page already shows how it goes."""
        if len(self._finished) >= MOST_KEPT:
            self._finished.clear()
        self._finished[begun.policy, begun.revision] = finish(self._site, begun)

    def _pause(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        policy, reason = request.path_params["policy"], fields.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            return self._confirmation(request, visitor, _Act("pause", fields, "reason"))
        done = pausing.pause(self._site, visitor.actor.person.id, policy, reason)
        if isinstance(done, Refusal):
            return self._visitors.refused(visitor, done)
        return self._visitors.to(f"policies/{policy}/stopped")

    def _resume(self, request: Request, visitor: Visitor, _fields: Mapping[str, str]) -> Response:
        policy = request.path_params["policy"]
        done = pausing.resume(self._site, visitor.actor.person.id, policy)
        if isinstance(done, Refusal):
            return self._visitors.refused(visitor, done)
        return self._visitors.to(f"policies/{policy}")

    def _stopped(self, request: Request, visitor: Visitor) -> Response:
        """How a retraction, an end or a pause goes. It looks again by itself until all is done, unless told not to."""
        policy = request.path_params["policy"]
        found = aftermath(self._site, policy)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        shown = views.show_policy(self._site, policy, found.revision)
        if isinstance(shown, Refusal):
            return self._visitors.refused(visitor, shown)
        finished = self._finished.get((policy, found.revision))
        watched = found.going_on and self._site.clock.now() - found.stopped_at < WATCHED
        values = {
            "policy": shown,
            "after": found,
            "confirmed_ms": {door.name: door.confirmed_ms for door in finished.doors} if finished else {},
            "never_sent": finished.withdrawn if finished else None,
            "again_after": AGAIN_AFTER if watched and "still" not in request.query_params else 0,
        }
        return self._visitors.page(visitor, "stopped.html.j2", values)
