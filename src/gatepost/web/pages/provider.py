"""Signing in at the site's OpenID provider: go there, and come back."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost.actions.provider_sign_in import BACK, ask_provider, sign_in_by_provider
from gatepost.actions.site import Site
from gatepost.core.instant import SECOND
from gatepost.core.refusal import Code, Refusal
from gatepost.identity.provider import Provider
from gatepost.signatures.attempt import LASTS
from gatepost.web.pages.arriving import arrived
from gatepost.web.pages.browser import BEGUN, SESSION, Browser
from gatepost.web.pages.frame import Pages

_STATUS = {
    Code.PROVIDER_AWAY: HTTPStatus.BAD_GATEWAY,
    Code.SIGN_IN_REFUSED: HTTPStatus.FORBIDDEN,
}


class AtProvider:
    def __init__(self, site: Site, url: str, provider: Provider, pages: Pages, browser: Browser) -> None:
        self._site, self._url, self._provider, self._pages, self._browser = site, url, provider, pages, browser

    def routes(self) -> list[Route]:
        return [
            # A link and no form: a browser lets no form of ours lead to another site (form-action).
            Route("/sign-in/provider", self._go, methods=["GET"]),
            Route(f"/{BACK}", self._back, methods=["GET"]),
        ]

    def _go(self, request: Request) -> Response:
        fresh = "fresh" in request.query_params
        begun = ask_provider(self._site, self._provider, self._url, fresh=fresh)
        if isinstance(begun, Refusal):
            return self._refused(begun)
        answer = RedirectResponse(begun.address, HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
        self._browser.keep(answer, BEGUN, begun.kept, LASTS // SECOND)
        return answer

    def _back(self, request: Request) -> Response:
        kept, before = (self._browser.cookie(request, name) for name in (BEGUN, SESSION))
        said = dict(request.query_params)
        done = sign_in_by_provider(self._site, self._provider, self._url, kept, said, before)
        if isinstance(done, Refusal):
            return self._refused(done)
        answer = arrived(self._pages, self._browser, request, done)
        self._browser.drop(answer, BEGUN)
        return answer

    def _refused(self, refusal: Refusal) -> Response:
        status = _STATUS.get(refusal.code, HTTPStatus.SERVICE_UNAVAILABLE)
        return self._pages.page("sign_in_refused.html.j2", {"text": refusal.text}, status)
