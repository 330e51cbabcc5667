"""Waivers and statements: who is exempted from what, granting one, taking one back."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import views, waive
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.actions.statements import Statement, list_statements
from gatepost.actions.waiver_asks import decline_ask, list_asks, may_answer
from gatepost.actions.waiver_report import report_waivers
from gatepost.actions.who import AUDITOR, OPERATOR
from gatepost.core.change.stage import ALLOWED
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import local_instant
from gatepost.web.pages.browser import short
from gatepost.web.pages.table import At, Table, as_file
from gatepost.web.pages.visitors import Visitors
from gatepost.web.pages.words import NO_PURPOSE

_FIELDS: Final = ("policy", "of", "who", "until", "reason")

_WRONG: Final[Mapping[Code, str]] = {
    Code.NO_SUCH_PERSON: "who",
    Code.NO_SUCH_DEVICE: "who",
    Code.WAIVER_FOR_ONESELF: "who",
    Code.OWES_BENEFICIARY: "who",
    Code.UNTIL_INVALID: "until",
    Code.WAIVER_TOO_LONG: "until",
    Code.PURPOSE_MISSING: "reason",
    Code.REASON_NAMES: "reason",
}
"""The field at which a refusal is said."""


class Waivers:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shows, does = self._visitors.shows, self._visitors.does
        return [
            Route("/waivers", shows(self._list), methods=["GET"]),
            Route("/waivers", does(self._named), methods=["POST"]),
            Route("/waivers.csv", shows(self._file), methods=["GET"]),
            Route("/waivers/grant", shows(self._form), methods=["GET"]),
            Route("/waivers/grant", does(self._grant), methods=["POST"]),
            Route("/waivers/asked/{ask}/decline", does(self._decline), methods=["POST"]),
            Route("/waivers/{waiver}/revoke", shows(self._revoking), methods=["GET"]),
            Route("/waivers/{waiver}/revoke", does(self._revoke), methods=["POST"]),
            Route("/statements", shows(self._statements), methods=["GET"]),
            Route("/statements.csv", shows(self._statements_file), methods=["GET"]),
            Route("/statements", does(self._statements_named), methods=["POST"]),
        ]

    def _list(self, _request: Request, visitor: Visitor) -> Response:
        return self._listed(visitor, "")

    def _named(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        purpose = short(sent, "purpose")["purpose"]
        return self._listed(visitor, purpose, "" if purpose else NO_PURPOSE)

    def _listed(self, visitor: Visitor, purpose: str, problem: str = "", wrong_ask: str = "") -> Response:
        rows = report_waivers(self._site, visitor.actor.person.id, purpose=purpose)
        if isinstance(rows, Refusal):
            return self._visitors.refused(visitor, rows)
        values = {
            "rows": rows,
            "purpose": purpose,
            "problem": problem,
            "may_name": visitor.actor.has(OPERATOR) or visitor.actor.has(AUDITOR),
            "may_grant": self._may_grant(visitor),
            "asked": list_asks(self._site, visitor.actor),
            "wrong_ask": wrong_ask,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem or wrong_ask else HTTPStatus.OK
        return self._visitors.page(visitor, "waivers.html.j2", values, status)

    def _decline(self, request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        ask, reason = request.path_params["ask"], short(sent, "reason")["reason"]
        if not reason:
            return self._listed(visitor, "", wrong_ask=ask)
        done = decline_ask(self._site, visitor.actor.person.id, ask, reason)
        return self._visitors.refused(visitor, done) if isinstance(done, Refusal) else self._visitors.to("waivers")

    def _may_grant(self, visitor: Visitor) -> bool:
        return may_answer(self._site, visitor.actor)

    def _file(self, _request: Request, visitor: Visitor) -> Response:
        rows = report_waivers(self._site, visitor.actor.person.id)
        if isinstance(rows, Refusal):
            return self._visitors.refused(visitor, rows)
        columns = tuple(rows[0]) if rows else ("waiver",)
        return as_file(Table("waivers", columns, tuple(tuple(row.values()) for row in rows)))

    def _form(self, request: Request, visitor: Visitor) -> Response:
        """Blank, or filled in with what somebody asked for: the address names the ask, and nobody."""
        wanted = request.query_params.get("ask", "")
        found = [one for one in list_asks(self._site, visitor.actor) if one.ask == wanted]
        asked = {"policy": found[0].policy, "of": "device", "who": found[0].device} if found else {}
        return self._granting(visitor, dict.fromkeys(_FIELDS, "") | asked)

    def _granting(self, visitor: Visitor, fields: Mapping[str, str], wrong: Refusal | None = None) -> Response:
        if not self._may_grant(visitor):
            text = "Who may grant waivers stands in the settings under [waivers]; if none do, operators and approvers."
            return self._visitors.refused(visitor, Refusal(Code.ROLE_MISSING, text))
        stages = {stage.value for stage in ALLOWED["waive"]}
        values = {
            "fields": fields,
            "policies": [one for one in views.list_policies(self._site) if one["stage"] in stages],
            "longest": self._site.settings.waivers.longest,
            "signs": bool(self._site.settings.waivers.roles) and not self._site.exercise,
        }
        return self._visitors.form_page(visitor, "waiver_grant.html.j2", values, wrong, _WRONG, otherwise="policy")

    def _grant(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        fields = short(sent, *_FIELDS)
        try:
            until = local_instant(fields["until"], visitor.actor.person.time_zone)
        except ValueError as error:
            return self._granting(visitor, fields, Refusal(Code.UNTIL_INVALID, f"The end {error}."))
        if not fields["who"]:
            return self._granting(visitor, fields, Refusal(Code.NO_SUCH_PERSON, "Write for whom, or for which device."))
        of_device, whom = fields["of"] == "device", fields["who"]
        done = waive.grant_waiver(
            self._site,
            visitor.actor.person.id,
            fields["policy"],
            person="" if of_device else whom,
            device=whom if of_device else "",
            until=until,
            reason=fields["reason"],
        )
        if isinstance(done, Refusal):
            if done.code in (Code.ROLE_MISSING, Code.SIGNATURE_MISSING):
                return self._visitors.refused(visitor, done)
            return self._granting(visitor, fields, done)
        return self._visitors.to(f"waivers#{done.waiver}")

    def _revoking(self, request: Request, visitor: Visitor, problem: str = "") -> Response:
        rows = report_waivers(self._site, visitor.actor.person.id)
        if isinstance(rows, Refusal):
            return self._visitors.refused(visitor, rows)
        wanted = [row for row in rows if row["waiver"] == request.path_params["waiver"]]
        if not wanted:
            return self._visitors.missing(visitor, "There is no such waiver.")
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return self._visitors.page(visitor, "waiver_revoke.html.j2", {"one": wanted[0], "problem": problem}, status)

    def _revoke(self, request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        reason = short(sent, "reason")["reason"]
        if not reason:
            return self._revoking(request, visitor, "Write why: whoever has the waiver reads it.")
        done = waive.revoke_waiver(self._site, visitor.actor.person.id, request.path_params["waiver"], reason)
        return self._visitors.refused(visitor, done) if isinstance(done, Refusal) else self._visitors.to("waivers")

    def _statements(self, _request: Request, visitor: Visitor) -> Response:
        return self._stated(visitor, "")

    def _statements_named(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        purpose = short(sent, "purpose")["purpose"]
        return self._stated(visitor, purpose, "" if purpose else NO_PURPOSE)

    def _statements_file(self, _request: Request, visitor: Visitor) -> Response:
        found = list_statements(self._site, visitor.actor.person.id)
        return (
            self._visitors.refused(visitor, found) if isinstance(found, Refusal) else as_file(_statement_table(found))
        )

    def _stated(self, visitor: Visitor, purpose: str, problem: str = "") -> Response:
        found = list_statements(self._site, visitor.actor.person.id, purpose)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        values = {"table": _statement_table(found), "purpose": purpose, "problem": problem}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return self._visitors.page(visitor, "statements.html.j2", values, status)


def _statement_table(found: list[Statement]) -> Table:
    rows = tuple((one.attestation, one.device, one.app, At(one.until), one.given_by) for one in found)
    return Table("statements", ("Statement", "Device", "Not on it", "Counts until", "Recorded by"), rows)
