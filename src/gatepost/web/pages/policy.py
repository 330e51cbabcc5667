"""A policy's page: what it does, to how many, when, with which mails; and the answer of whoever is asked."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gatepost.actions import approve as approving
from gatepost.actions import views
from gatepost.actions.asked import asked, example_mail
from gatepost.actions.example_mails import KINDS
from gatepost.actions.past import policy_at
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import local_instant
from gatepost.web.pages.frame import MAIL
from gatepost.web.pages.passkeys import Passkeys
from gatepost.web.pages.table import Table, as_file
from gatepost.web.pages.visitors import Visitors, number
from gatepost.web.pages.words import IMPACT

LONGEST_REASON = 1000
"""Letters, of which each may take nine bytes in a form: LONGEST_FORM holds them."""


class PolicyPage:
    def __init__(self, site: Site, visitors: Visitors, passkeys: Passkeys | None) -> None:
        self._site, self._visitors, self._passkeys = site, visitors, passkeys

    def routes(self) -> list[Route]:
        page = "/policies/{policy}"
        return [
            Route(page, self._visitors.shows(self._shown), methods=["GET"]),
            Route(page + "/mails/{revision}/{kind}.{language}", self._visitors.shows(self._mail), methods=["GET"]),
            Route(page + "/impact/{revision}.csv", self._visitors.shows(self._impact_file), methods=["GET"]),
            Route(page + "/approve", self._visitors.does(self._approve), methods=["POST"]),
            Route(page + "/decline", self._visitors.does(self._decline), methods=["POST"]),
        ]

    def _shown(self, request: Request, visitor: Visitor, wrong_field: str = "") -> Response:
        policy, then = request.path_params["policy"], request.query_params.get("at", "").strip()
        if then:
            return self._as_it_stood(visitor, policy, then)
        shown = views.show_policy(self._site, policy, number(request.query_params.get("revision", "")))
        if isinstance(shown, Refusal):
            return self._visitors.missing(visitor, f"There is no policy {policy} with this revision on this site.")
        question = asked(self._site, visitor.actor, policy, int(str(shown["revision"])))
        if isinstance(question, Refusal):
            return self._visitors.refused(visitor, question)
        values = {"policy": shown, "asked": question, "signs": not self._site.exercise, "wrong_field": wrong_field}
        values |= {"address": visitor.actor.person.emails[0], "longest": LONGEST_REASON}
        values["passkey"] = self._passkeys.signing(visitor, str(shown["hash"])) if self._passkeys else {}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong_field else HTTPStatus.OK
        return self._visitors.page(visitor, "policy.html.j2", values, status)

    def _as_it_stood(self, visitor: Visitor, policy: str, then: str) -> Response:
        """At an instant of the past, written as people do: by the clock where whoever looks is, or with a zone."""
        try:
            at = local_instant(then, visitor.actor.person.time_zone)
        except ValueError as error:
            return self._visitors.missing(visitor, f"The time {error}.")
        past = policy_at(self._site, policy, min(at, self._site.clock.now()))
        if isinstance(past, Refusal):
            return self._visitors.missing(visitor, past.text)
        return self._visitors.page(visitor, "policy_past.html.j2", {"past": past, "past_at": then})

    def _mail(self, request: Request, visitor: Visitor) -> Response:
        policy, revision, kind, language = (
            request.path_params[name] for name in ("policy", "revision", "kind", "language")
        )
        mail, which = None, number(revision)
        if kind in KINDS and which is not None:
            mail = example_mail(self._site, visitor.actor, policy, which, NoticeKind(kind), language)
        if mail is None:
            return self._visitors.missing(visitor, "There is no such mail.")
        return HTMLResponse(mail.html, headers=MAIL)

    def _impact_file(self, request: Request, visitor: Visitor) -> Response:
        policy, revision = request.path_params["policy"], number(request.path_params["revision"])
        if revision is None:
            return self._visitors.missing(visitor, "There is no such revision.")
        impact = views.foreseen(self._site, policy, revision)
        if isinstance(impact, Refusal):
            return self._visitors.refused(visitor, impact)
        rows = tuple((label, impact.people.get(name, ""), impact.devices.get(name, "")) for name, label in IMPACT)
        return as_file(Table(f"{policy} {revision} impact", ("", "People", "Devices"), rows))

    def _approve(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        """By a passkey, whose assertion over the hash is the signature. In an exercise without one too."""
        policy = request.path_params["policy"]
        role, seen = fields.get("role", ""), fields.get("hash", "")
        signature: str | Refusal = ""
        if self._passkeys and fields.get("credential"):
            signature = self._passkeys.signature(visitor, seen, fields)
        if isinstance(signature, Refusal):
            return self._visitors.refused(visitor, signature)
        # Without what was looked at it would be a yes to whatever stands there now.
        done = approving.approve(self._site, visitor.actor.person.id, policy, role, signature, seen or "nothing")
        return self._answered(visitor, policy, done)

    def _decline(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        policy, reason = request.path_params["policy"], fields.get("reason", "").strip()[:LONGEST_REASON]
        if not reason:
            return self._shown(request, visitor, "reason")
        done = approving.decline(self._site, visitor.actor.person.id, policy, fields.get("role", ""), reason)
        return self._answered(visitor, policy, done)

    def _answered(self, visitor: Visitor, policy: str, done: object) -> Response:
        if isinstance(done, Refusal):
            return self._visitors.refused(visitor, done)
        return self._visitors.to(f"policies/{policy}#answers")
