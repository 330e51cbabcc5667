"""Pages for people who are signed in: who they are, and forms that are ours."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepost.actions.sign_in import Visitor, visit
from gatepost.actions.site import Site
from gatepost.actions.who import HELPDESK
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


class Visitors:
    """What only those are shown, and only those can do, who are signed in and have more to do here than to look up one
    phone."""

    def __init__(self, site: Site, pages: Pages, browser: Browser) -> None:
        self._site, self._pages, self._browser = site, pages, browser

    def shows(self, handle: Handle) -> Callable[[Request], Response]:
        def handled(request: Request) -> Response:
            return self._answered(request, lambda visitor: handle(request, visitor))

        return handled

    def does(self, act: Act, longest: int = LONGEST_FORM) -> Callable[[Request], Awaitable[Response]]:
        """For a form of ours alone (CSRF). `longest`: bytes of it."""

        async def handled(request: Request) -> Response:
            if not self._browser.is_ours(request):
                return self._pages.foreign()
            fields = await form(request, longest)
            return await run_in_threadpool(self._answered, request, lambda visitor: act(request, visitor, fields))

        return handled

    def _answered(self, request: Request, answer: Callable[[Visitor], Response]) -> Response:
        token = self._browser.cookie(request, SESSION)
        visitor = visit(self._site, token) if token else None
        if visitor is None:
            return self.to("sign-in")
        given = self._help_desk(visitor) if visitor.actor.roles == {HELPDESK} else answer(visitor)
        if visitor.token:
            self._browser.keep(given, SESSION, visitor.token)
        return given

    def page(
        self, visitor: Visitor, template: str, values: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> Response:
        person = visitor.actor.person
        return self._pages.page(template, {"me": person.name, "zone": person.time_zone, **values}, status)

    def to(self, path: str, then: BackgroundTask | None = None) -> Response:
        """Go on to another page. `then`: what is done once that was said."""
        return RedirectResponse(self._pages.at(path), HTTPStatus.SEE_OTHER, background=then)

    def missing(self, visitor: Visitor, text: str) -> Response:
        return self.page(visitor, "said.html.j2", {"title": "Not here", "text": text}, HTTPStatus.NOT_FOUND)

    def refused(self, visitor: Visitor, refusal: Refusal) -> Response:
        """Why a verb did nothing."""
        if refusal.code is Code.NO_SUCH_POLICY:
            return self.missing(visitor, refusal.text)
        return self.page(
            visitor, "said.html.j2", {"title": "Nothing was done", "text": refusal.text}, HTTPStatus.CONFLICT
        )

    def _help_desk(self, visitor: Visitor) -> Response:
        return self.page(visitor, "help_desk.html.j2", {}, HTTPStatus.FORBIDDEN)
