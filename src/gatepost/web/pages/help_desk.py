"""The help desk's page: one phone, why it gets mail or not, and what to do."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.answer import answer
from gatepost.actions.decide import Decided
from gatepost.actions.help_desk import Phone, look
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import removal
from gatepost.web.pages.browser import LONGEST_PURPOSE, short
from gatepost.web.pages.visitors import Visitors
from gatepost.web.pages.words import HEADLINES, OUTCOMES, moment

LONGEST_NAME: Final = 254
"""Of a login, an address or a device; RFC 5321 section 4.5.3.1.3 for addresses."""

_FIELDS: Final = ("user", "device", "purpose")

_WRONG: Final[Mapping[Code, str]] = {Code.NO_SUCH_PERSON: "user", Code.PURPOSE_MISSING: "purpose"}
"""The field at which a refusal is said."""


class HelpDesk:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        visitors = self._visitors
        return [
            Route("/help-desk", visitors.shows(self._asked, help_desk=True), methods=["GET"]),
            Route("/help-desk", visitors.does(self._look, help_desk=True), methods=["POST"]),
        ]

    def _asked(self, _request: Request, visitor: Visitor) -> Response:
        return self._form(visitor, dict.fromkeys(_FIELDS, ""))

    def _form(self, visitor: Visitor, fields: Mapping[str, str], wrong: Refusal | None = None) -> Response:
        values = {"fields": fields, "longest": LONGEST_PURPOSE, "longest_name": LONGEST_NAME}
        return self._visitors.form_page(visitor, "help_desk.html.j2", values, wrong, _WRONG)

    def _look(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        """Looking is recorded, so it is a form and no address that somebody could be led to."""
        fields = short(sent, *_FIELDS)
        if not fields["user"]:
            return self._form(visitor, fields, Refusal(Code.NO_SUCH_PERSON, "Write whose phone it is."))
        found = look(self._site, visitor.actor.person.id, **fields, ask="check" in sent)
        if isinstance(found, Refusal) and found.code in _WRONG:
            return self._form(visitor, fields, found)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        if isinstance(found, Phone):
            values = in_words(found.decided, visitor.actor.person.time_zone) | {"found": found}
            values["removal"] = removal(found.device.platform) if found.device else ()
            values |= {"fields": fields, "spent": found.asked_at.text if isinstance(found.asked_at, Refusal) else ""}
            return self._visitors.page(visitor, "help_desk_phone.html.j2", values)
        return self._visitors.page(visitor, "help_desk_phones.html.j2", {"found": found, "fields": fields})


def in_words(decided: Decided, zone: str) -> dict[str, object]:
    """A verdict: its colour, its sign, its headline, and `told`, the sentences."""
    outcome = decided.verdict.outcome
    look, sign = OUTCOMES[outcome]
    told = answer(decided, lambda at: moment(at, zone))
    return {"look": look, "sign": sign, "headline": HEADLINES[outcome], "told": told}
