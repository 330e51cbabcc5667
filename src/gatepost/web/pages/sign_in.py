"""Signing in: at the site's provider (provider.py); or ask for a link by mail, follow it, press the button. Following
alone does nothing."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost.actions import sign_in
from gatepost.actions.site import Site
from gatepost.core.instant import SECOND
from gatepost.core.refusal import Refusal
from gatepost.web.pages.arriving import again, arrived
from gatepost.web.pages.browser import ASKED, SESSION, Browser, form
from gatepost.web.pages.frame import Pages
from gatepost.web.pages.passkeys import Passkeys

if TYPE_CHECKING:
    from gatepost.web.pages.provider import AtProvider

LONGEST_ADDRESS = 254
"""RFC 5321 section 4.5.3.1.3, without the brackets."""


class SignIn:
    """`at_provider`: where people sign in; None where it is by mail. `passkeys`: None where there can be none."""

    def __init__(
        self,
        site: Site,
        url: str,
        pages: Pages,
        browser: Browser,
        at_provider: "AtProvider | None",
        passkeys: Passkeys | None,
    ) -> None:
        self._site, self._url, self._pages, self._browser = site, url, pages, browser
        self._at_provider, self._passkeys = at_provider, passkeys

    def routes(self) -> list[Route]:
        both = [
            Route("/sign-in", self._ask, methods=["GET"]),
            Route("/sign-in/again", self._again, methods=["GET"]),
            Route("/sign-out", self._leave, methods=["POST"]),
        ]
        if self._at_provider:
            return both + self._at_provider.routes()
        return [
            *both,
            Route("/sign-in", self._send, methods=["POST"]),
            Route("/sign-in/{token}", self._follow, methods=["GET"]),
            Route("/sign-in/{token}", self._press, methods=["POST"]),
        ]

    def _again(self, request: Request) -> Response:
        return again(self._pages, self._browser, request)

    def _ask(self, request: Request) -> Response:
        if refusal := sign_in.closed(self._site):
            said = {"title": "Nobody can sign in now", "text": refusal.text}
            return self._pages.page("refused.html.j2", said, HTTPStatus.SERVICE_UNAVAILABLE)
        passkey = self._passkeys.asked() if self._passkeys else {}
        values: dict[str, object] = {"again": "again" in request.query_params, "passkey": passkey}
        if self._at_provider:
            values["provider"] = self._site.settings.sign_in.provider
            return self._pages.page("sign_in_provider.html.j2", values)
        return self._pages.page("sign_in.html.j2", values)

    async def _send(self, request: Request) -> Response:
        """Whether somebody has the address, nobody learns here, nor by the time it takes: the answer goes first."""
        if not self._browser.is_ours(request):
            return self._pages.foreign()
        address = (await form(request)).get("address", "").strip()
        secret = sign_in.new_secret()
        answer = self._pages.page("sign_in_sent.html.j2", {})
        self._browser.keep(answer, ASKED, secret, sign_in.LINK_LASTS // SECOND)
        if 0 < len(address) <= LONGEST_ADDRESS:
            answer.background = BackgroundTask(sign_in.ask, self._site, self._url, address, secret)
        return answer

    def _follow(self, request: Request) -> Response:
        """Programs that scan mail come here too, so nothing changes."""
        token = request.path_params["token"]
        if not sign_in.is_good(self._site, token, self._browser.cookie(request, ASKED)):
            return self._over()
        return self._pages.page("sign_in_button.html.j2", {"token": token})

    async def _press(self, request: Request) -> Response:
        if not self._browser.is_ours(request):
            return self._pages.foreign()
        asked, before = (self._browser.cookie(request, name) for name in (ASKED, SESSION))
        done = await run_in_threadpool(sign_in.sign_in, self._site, request.path_params["token"], asked, before)
        if isinstance(done, Refusal):
            return self._over()
        answer = arrived(self._pages, self._browser, request, done)
        self._browser.drop(answer, ASKED)
        return answer

    def _leave(self, request: Request) -> Response:
        if not self._browser.is_ours(request):
            return self._pages.foreign()
        sign_in.sign_out(self._site, self._browser.cookie(request, SESSION))
        answer = RedirectResponse(self._pages.at("sign-in"), HTTPStatus.SEE_OTHER)
        self._browser.drop(answer, SESSION)
        return answer

    def _over(self) -> Response:
        return self._pages.page("sign_in_over.html.j2", {}, HTTPStatus.GONE)
