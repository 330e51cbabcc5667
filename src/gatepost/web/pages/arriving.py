"""Where somebody goes who has just signed in: to Today, or back to the page that asked them to sign in again."""

import re
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatepost.core.instant import SECOND
from gatepost.signatures.attempt import LASTS
from gatepost.web.pages.browser import SESSION, THEN, Browser
from gatepost.web.pages.frame import Pages

_OURS: Final = re.compile(r"passkeys|policies/[a-z0-9][a-z0-9-]{0,99}/announce")
"""The pages that send somebody to sign in again. Nothing else that a browser shows leads anywhere."""


def again(pages: Pages, browser: Browser, request: Request) -> Response:
    """On the way to signing in again, from one of these pages."""
    answer = RedirectResponse(pages.at("sign-in?again=1"), HTTPStatus.SEE_OTHER)
    then = request.query_params.get("then", "")
    if _OURS.fullmatch(then):
        browser.keep(answer, THEN, then, LASTS // SECOND)
    return answer


def arrived(pages: Pages, browser: Browser, request: Request, session: str) -> Response:
    """Signed in. `session`: its secret."""
    then = browser.cookie(request, THEN)
    answer = RedirectResponse(pages.at(then if _OURS.fullmatch(then) else "today"), HTTPStatus.SEE_OTHER)
    browser.keep(answer, SESSION, session)
    browser.drop(answer, THEN)
    return answer
