"""The site's API as an ASGI application: whoever shows the token may ask; the site's health is anybody's.

GET /healthz                204 the process is up
GET /readyz                 204 it can answer, 503 it cannot reach its database
everything else             AuthZEN (gatepost.web.authzen), with Authorization: Bearer TOKEN
"""

import asyncio
import hashlib
import hmac

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.doors.authzen import AuthZen, complain
from gatepost.doors.check import Receive, Scope, Send
from gatepost.storage.store import BROKEN
from gatepost.web.authzen import site_authzen

_REALM = (b"www-authenticate", b'Bearer realm="gatepost"')


class Application:
    """`token`: what callers show; with none nobody may ask."""

    def __init__(self, site: Site, url: str, token: str) -> None:
        self._site = site
        self._token = _digest(token.encode()) if token else b""
        self._authzen: AuthZen = site_authzen(site, url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            await _say(send, 204)
        elif scope["path"] == "/readyz":
            await _say(send, 204 if await asyncio.to_thread(_reaches_database, self._site) else 503)
        elif self._may_ask(scope):
            await self._authzen(scope, receive, send)
        else:
            await complain(
                scope, send, 401, "show the token of [web] token_file: Authorization: Bearer TOKEN", [_REALM]
            )

    def _may_ask(self, scope: Scope) -> bool:
        shown = [value for name, value in scope["headers"] if name == b"authorization"]
        if not self._token or len(shown) != 1:
            return False
        scheme, _, token = shown[0].partition(b" ")
        # Digests, because comparing texts would tell how long the token is and how much of it is right.
        return scheme.lower() == b"bearer" and hmac.compare_digest(_digest(token.strip()), self._token)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _reaches_database(site: Site) -> bool:
    try:
        with looking(site):
            return True
    except BROKEN:
        return False


async def _say(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
