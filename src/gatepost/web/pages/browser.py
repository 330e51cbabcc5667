"""What a browser shows with a request: its cookies, what a form says, and whether that form is one of ours."""

import asyncio
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gatepost.signatures.passkey import Bound

SESSION: Final = "gatepost"
ASKED: Final = "gatepost-asked"
BEGUN: Final = "gatepost-begun"
THEN: Final = "gatepost-then"

LONGEST_FORM: Final = 10_000
"""Bytes."""

FORM_WITHIN: Final = 10.0
"""Seconds for a form to arrive."""

LONGEST_PURPOSE: Final = 500
"""Letters of what a look is for, of which each may take nine bytes: a form holds them, and two names besides."""


def bound_to(url: str) -> Bound | None:
    """Where passkeys of this site are good; None where there can be none: a name is needed, and an address is none."""
    parts = urlsplit(url)
    try:
        ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return Bound(parts.hostname or "", f"{parts.scheme}://{parts.netloc}") if parts.hostname else None
    return None


class Browser:
    """`url`: where people reach the site. Plain http is an exercise's on this machine: there no cookie can be Secure,
    and so none can have the prefix that says that it is."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def cookie(self, request: Request, name: str) -> str:
        """What the browser keeps under this name, "" for nothing."""
        return request.cookies.get(self._name(name), "")

    def keep(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Have the browser keep a secret, for so long or until it is closed; no script reads it, and it goes with no
        form that another site sends."""
        response.set_cookie(
            self._name(name), value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self._name(name), path="/", secure=self._secure, httponly=True, samesite="lax")

    def _name(self, name: str) -> str:
        """RFC 6265bis section 4.1.3.2: no other host, and nobody on plain http, can set a cookie of this prefix."""
        return f"__Host-{name}" if self._secure else name

    def is_ours(self, request: Request) -> bool:
        """Whether a page of ours sent this form. A browser tells by a header that no page can write: Sec-Fetch-Site
        (Fetch Metadata), and where it is too old for that, Origin (RFC 6454). One that tells neither is refused."""
        site = request.headers.get("sec-fetch-site")
        return site == "same-origin" if site is not None else request.headers.get("origin") == self._origin


async def form(request: Request, longest: int = LONGEST_FORM) -> dict[str, str]:
    """The fields of a form (WHATWG URL, application/x-www-form-urlencoded); of several with one name the last.
    `longest`: bytes."""
    try:
        async with asyncio.timeout(FORM_WITHIN):
            body = await _read(request, longest)
        return dict(parse_qsl(body.decode(), max_num_fields=50))
    except TimeoutError:
        raise HTTPException(408, headers={"connection": "close"}) from None
    except (ValueError, ClientDisconnect):  # whoever has gone is answered too: it is no fault of ours to be logged
        raise HTTPException(400) from None


async def _read(request: Request, longest: int) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise HTTPException(413)
    return body


def short(fields: Mapping[str, str], *names: str) -> dict[str, str]:
    """These fields, none longer than what a look may be for, and "" for what was not sent."""
    return {name: fields.get(name, "").strip()[:LONGEST_PURPOSE] for name in names}
