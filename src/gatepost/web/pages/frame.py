"""What all pages have in common: templates, the style sheet, and the headers that keep a page to itself."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gatepost.documents.deadline import instant_text
from gatepost.web.pages.browser import bound_to
from gatepost.web.pages.words import (
    IMPACT,
    LOOKS,
    WORDS,
    WRONG,
    counted,
    kinds_of_device,
    language_name,
    platform_name,
    span,
    when,
    with_code,
)

CLOSED: Final = {
    # Content Security Policy Level 3: nothing but our own style sheet, pictures, scripts and frames, sent to us alone.
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self';"
    " frame-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # Nothing to other sites. To us, because without it a browser does not say whence a form comes (Origin: null).
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""The headers of every page."""

MAIL: Final = CLOSED | {
    # A mail carries its style in itself, runs nothing, and may be framed by our pages.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
}

_REFUSED: Final = {
    400: "This is no form of ours, so nothing was done.",
    408: "This form did not arrive in time, so nothing was done. Try again.",
    413: "That is more than a form here holds, so nothing was done. Write less.",
}
"""By status: why something that was sent did nothing."""


class Pages:
    """`url`: where the site is reached; a path in it stands before that of every link."""

    def __init__(self, url: str, *, exercise: bool) -> None:
        self._exercise = exercise
        self._prefix = urlsplit(url).path.rstrip("/")
        self._templates = Environment(
            loader=PackageLoader("gatepost.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        labels = {stage: LOOKS.get(stage, "over") for stage in WORDS}
        self._templates.globals["has_passkeys"] = bound_to(url) is not None
        self._templates.globals |= {"at": self.at, "words": WORDS, "looks": labels, "wrong": WRONG, "impact": IMPACT}
        filters = (when, span, counted, language_name, kinds_of_device, platform_name, instant_text, with_code)
        self._templates.filters |= {each.__name__: each for each in filters}

    def at(self, path: str) -> str:
        """The address of one of our pages or files on this site."""
        return f"{self._prefix}/{path}"

    def page(self, template: str, values: Mapping[str, object], status: int = 200) -> Response:
        """HTML, shown to nobody else and kept nowhere."""
        text = self._templates.get_template(template).render(values, exercise=self._exercise)
        return HTMLResponse(text, status, dict(CLOSED))

    def missing(self, what: str) -> Response:
        """There is no such page, and what there is."""
        return self.page("refused.html.j2", {"title": "Not here", "text": what}, 404)

    def foreign(self) -> Response:
        """A form that another site's page sent."""
        text = "This form did not come from a page of this site, so nothing was done. Open the page here and try again."
        return self.page("refused.html.j2", {"title": "Not from here", "text": text}, 403)

    def refuse(self, request: Request, error: Exception) -> Response:
        """What Starlette refuses: a path or a method that is not there."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return self.missing(f"There is no page {request.url.path} on this site.")
        headers = error.headers if isinstance(error, HTTPException) else None
        text = _REFUSED.get(status, f"{request.method} does nothing here.")
        answer = self.page("refused.html.j2", {"title": "Not so", "text": text}, status)
        answer.headers.update(headers or {})
        return answer

    def fail(self, _request: Request, _error: Exception) -> Response:
        """Something broke: it is in the log, and nothing of it is shown."""
        text = "Something went wrong on our side; nothing was changed. The site's log says what it was."
        return self.page("refused.html.j2", {"title": "That did not work", "text": text}, 500)
