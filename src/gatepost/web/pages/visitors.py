"""Pages for people who are signed in: who they are, and forms that are ours."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepost.actions.sign_in import Visitor, visit
from gatepost.actions.site import Site
from gatepost.actions.who import HELPDESK, OPERATOR
from gatepost.core.refusal import Code, Refusal
from gatepost.web.pages.browser import LONGEST_FORM, SESSION, Browser, form
from gatepost.web.pages.frame import Pages

Handle = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Visitor, Mapping[str, str]], Response]
"""Does what a form says, whose fields it is given."""

_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


def number(text: str) -> int | None:
    """A number in an address; None for what is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


HELP_DESK_PAGE: Final = ("help-desk", "Help desk")

SECTIONS: Final = (
    ("today", "Today"),
    ("policies", "Policies"),
    HELP_DESK_PAGE,
    ("people", "People"),
    ("apps", "Apps"),
    ("doors", "Doors"),
    ("ledger", "Ledger"),
    ("settings", "Settings"),
)
"""Where the console's first line leads."""


_NOTHING_WRONG: Final = {"problem": "", "wrong_field": ""}


class Visitors:
    """What only those are shown, and only those can do, who are signed in. Who holds no role but the help desk's is
    shown that page alone: to whom everything else is shown, there is more to do here than to look up one phone."""

    def __init__(self, site: Site, pages: Pages, browser: Browser) -> None:
        self._site, self._pages, self._browser = site, pages, browser

    def shows(self, handle: Handle, *, help_desk: bool = False) -> Callable[[Request], Response]:
        """`help_desk`: to those at the help desk too."""

        def handled(request: Request) -> Response:
            return self._answered(request, lambda visitor: handle(request, visitor), help_desk=help_desk)

        return handled

    def does(
        self, act: Act, *, help_desk: bool = False, longest: int = LONGEST_FORM
    ) -> Callable[[Request], Awaitable[Response]]:
        """For a form of ours alone (CSRF). `longest`: bytes of it."""

        async def handled(request: Request) -> Response:
            if not self._browser.is_ours(request):
                return self._pages.foreign()
            fields = await form(request, longest)

            def answered() -> Response:
                return self._answered(request, lambda visitor: act(request, visitor, fields), help_desk=help_desk)

            return await run_in_threadpool(answered)

        return handled

    def _answered(self, request: Request, answer: Callable[[Visitor], Response], *, help_desk: bool) -> Response:
        token = self._browser.cookie(request, SESSION)
        visitor = visit(self._site, token) if token else None
        if visitor is None:
            return self.to("sign-in")
        given = self._not_for_help_desk(visitor) if only_help_desk(visitor) and not help_desk else answer(visitor)
        if visitor.token:
            self._browser.keep(given, SESSION, visitor.token)
        return given

    def page(
        self, visitor: Visitor, template: str, values: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> Response:
        person = visitor.actor.person
        frame = {"me": person.name, "zone": person.time_zone, "sections": _sections(visitor)}
        return self._pages.page(template, {**frame, **values}, status)

    def form_page(
        self,
        visitor: Visitor,
        template: str,
        values: Mapping[str, object],
        wrong: Refusal | None,
        fields: Mapping[Code, str],
        otherwise: str = "",
    ) -> Response:
        """A page with a form. `wrong`: why what was sent did nothing, said at the field that `fields` names for its
        code, at `otherwise` where it names none."""
        said = {"problem": wrong.text, "wrong_field": fields.get(wrong.code, otherwise)} if wrong else _NOTHING_WRONG
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
        return self.page(visitor, template, {**values, **said}, status)

    def to(self, path: str, then: BackgroundTask | None = None) -> Response:
        """Go on to another page. `then`: what is done once that was said."""
        return RedirectResponse(self._pages.at(path), HTTPStatus.SEE_OTHER, background=then)

    def missing(self, visitor: Visitor, text: str) -> Response:
        return self.page(visitor, "said.html.j2", {"title": "Not here", "text": text}, HTTPStatus.NOT_FOUND)

    def refused(self, visitor: Visitor, refusal: Refusal) -> Response:
        """Why a verb did nothing."""
        if refusal.code is Code.NO_SUCH_POLICY:
            return self.missing(visitor, refusal.text)
        if refusal.code is Code.ROLE_MISSING:
            said = {"title": "Not by your roles", "text": refusal.text}
            return self.page(visitor, "said.html.j2", said, HTTPStatus.FORBIDDEN)
        return self.page(
            visitor, "said.html.j2", {"title": "Nothing was done", "text": refusal.text}, HTTPStatus.CONFLICT
        )

    def _not_for_help_desk(self, visitor: Visitor) -> Response:
        text = "The help desk looks up one phone at a time, and nothing else is shown to it."
        return self.page(
            visitor, "said.html.j2", {"title": "Not for the help desk", "text": text}, HTTPStatus.FORBIDDEN
        )


def only_help_desk(visitor: Visitor) -> bool:
    """Whether somebody looks up single phones, and is shown nothing else."""
    return visitor.actor.roles == {HELPDESK}


def _sections(visitor: Visitor) -> list[tuple[str, str]]:
    if only_help_desk(visitor):
        return [HELP_DESK_PAGE]
    looks_up = visitor.actor.has(HELPDESK) or visitor.actor.has(OPERATOR)
    return [section for section in SECTIONS if looks_up or section != HELP_DESK_PAGE]
