"""The site's web application: its health, programs that ask, and pages for people.

GET /healthz, /readyz       how the process and the site are (gatepost.web.health)
/access/..., /.well-known   AuthZEN (gatepost.web.authzen), with Authorization: Bearer TOKEN
/sign-in, /sign-out         where [web] sign_in says how: signing in to the console
GET /today, /policies, ...  behind that: the console (gatepost.web.pages.console)
/api/v1/...                 where [web] api says so: the verbs and the looks (gatepost.web.api), with a person's token
/help-desk                  one phone, and why (.help_desk)
/people, /devices, /waivers, /statements, /access, /looks, /ledger, /reach, /settings
                            behind the same: .people, .waivers, .access, .ledger, .standing
GET /own/TOKEN              somebody's own page, by the link in their mails
/policies/ID, and below it  a policy, its approvals (.policy), its end and pauses (.stopping), its course (.watch)
GET /write, and below it     writing a policy and proposing it (.write)
POST /own/TOKEN/absent      from it: a code for a statement, and the statement
POST /own/TOKEN/waiver      from it: a code, and with that a waiver is asked for
GET /exercise/mails         in an exercise: the mails
GET /static/...             what pages need
"""

import hashlib
import hmac
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost.actions.site import Site
from gatepost.doors.authzen import WELL_KNOWN, complain
from gatepost.notify.render import Renderer
from gatepost.web import health
from gatepost.web.authzen import site_authzen
from gatepost.web.pages import mails, own
from gatepost.web.pages.access import Access
from gatepost.web.pages.announcing import Announcing
from gatepost.web.pages.browser import Browser, bound_to
from gatepost.web.pages.console import Console
from gatepost.web.pages.frame import Pages
from gatepost.web.pages.help_desk import HelpDesk
from gatepost.web.pages.ledger import Ledger
from gatepost.web.pages.passkeys import Passkeys
from gatepost.web.pages.people import People
from gatepost.web.pages.policy import PolicyPage
from gatepost.web.pages.sign_in import SignIn
from gatepost.web.pages.standing import Standing
from gatepost.web.pages.stopping import Stopping
from gatepost.web.pages.visitors import Visitors
from gatepost.web.pages.waivers import Waivers
from gatepost.web.pages.watch import Watch
from gatepost.web.pages.write import WritePage

if TYPE_CHECKING:
    from gatepost.identity.provider import Provider
    from gatepost.web.pages.provider import AtProvider

_REALM = (b"www-authenticate", b'Bearer realm="gatepost"')


def application(site: Site, url: str, token: str, provider: "Provider | None" = None) -> Starlette:
    """`url`: where others reach it. `token`: what programs show; with none no program may ask. `provider`: where people
    sign in, if not by mail."""
    pages = Pages(url, exercise=site.exercise)
    programs = _Programs(site_authzen(site, url), token)
    routes: list[BaseRoute] = [
        *health.routes(site),
        Mount("/access", programs),
        Route(WELL_KNOWN, programs),
        Mount("/static", StaticFiles(directory=str(files("gatepost.web").joinpath("static")))),
    ]
    browser = Browser(url)
    routes += own.routes(pages, site, browser)
    if site.settings.web.sign_in != "off":
        visitors = Visitors(site, pages, browser)
        bound = bound_to(url)
        passkeys = Passkeys(site, bound, pages, browser, visitors) if bound else None
        routes += passkeys.routes() if passkeys else []
        at_provider = _at_provider(site, url, provider, pages, browser) if provider else None
        routes += SignIn(site, url, pages, browser, at_provider, passkeys).routes() + Console(site, visitors).routes()
        routes += PolicyPage(site, visitors, passkeys).routes() + Stopping(site, visitors).routes()
        routes += HelpDesk(site, visitors).routes() + People(site, visitors).routes()
        routes += Watch(site, visitors).routes()
        routes += Waivers(site, visitors).routes() + Access(site, visitors).routes()
        routes += Ledger(site, visitors).routes() + Standing(site, visitors).routes()
        routes += WritePage(site, visitors).routes() + Announcing(site, visitors).routes()
    if site.settings.web.api:
        from gatepost.web.api.serve import mounted  # late: most sites have no use for it, and it takes a while

        routes.append(mounted(site, url))
    if site.exercise:
        routes += mails.routes(pages, Renderer(site.templates))
    found = Starlette(routes=routes, exception_handlers={HTTPException: pages.refuse, 500: pages.fail})
    # Starlette would lead from an address with a slash too many to that without, by http and under whatever Host the
    # request names: somebody's own link would cross the network in clear text.
    found.router.redirect_slashes = False
    return found


def _at_provider(site: Site, url: str, provider: "Provider", pages: Pages, browser: Browser) -> "AtProvider":
    from gatepost.web.pages.provider import AtProvider  # late: most sites have none, and it takes a while

    return AtProvider(site, url, provider, pages, browser)


class _Programs:
    """Whoever shows the token may ask."""

    def __init__(self, answers: ASGIApp, token: str) -> None:
        self._answers = answers
        self._token = _digest(token.encode()) if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._may_ask(scope):
            await self._answers(scope, receive, send)
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
