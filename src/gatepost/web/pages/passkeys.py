"""Passkeys: whoever is signed in has some, adds one, removes one; whoever is not signs in with one.

The page needs JavaScript for the passkey itself, and for nothing else: only a script can ask a browser for one.
"""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions import passkeys
from gatepost.actions.sign_in import Visitor, stale
from gatepost.actions.site import Site
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures.base64url import b64
from gatepost.signatures.passkey import Bound, challenge_for
from gatepost.web.pages.arriving import arrived
from gatepost.web.pages.browser import SESSION, Browser, form
from gatepost.web.pages.frame import Pages
from gatepost.web.pages.visitors import Visitors


class Passkeys:
    def __init__(self, site: Site, bound: Bound, pages: Pages, browser: Browser, visitors: Visitors) -> None:
        self._site, self._bound, self._pages, self._browser = site, bound, pages, browser
        self._visitors = visitors

    def routes(self) -> list[Route]:
        shows, does = self._visitors.shows, self._visitors.does
        return [
            Route("/passkeys", shows(self._shown, help_desk=True), methods=["GET"]),
            Route("/passkeys", does(self._register, help_desk=True), methods=["POST"]),
            Route("/passkeys/remove", does(self._remove, help_desk=True), methods=["POST"]),
            Route("/sign-in/passkey", self._sign_in, methods=["POST"]),
        ]

    def asked(self) -> Mapping[str, str]:
        """What the form of a passkey asks; nothing where nobody can sign in."""
        asked = passkeys.challenge(self._site)
        if isinstance(asked, Refusal):
            return {}
        return {"challenge": asked.challenge, "kept": asked.kept, "rp": self._bound.rp_id}

    def signing(self, visitor: Visitor, message: str) -> Mapping[str, object]:
        """The same for a yes to something, by those passkeys of the visitor's that are keys of theirs."""
        mine = [one.credential for one in passkeys.passkeys_of(self._site, visitor.actor.ref) if one.signs]
        return {"challenge": b64(challenge_for(message)), "rp": self._bound.rp_id, "credentials": mine}

    def signature(self, visitor: Visitor, message: str, fields: Mapping[str, str]) -> str | Refusal:
        return passkeys.signature_of(self._site, visitor.actor, message, self._bound, fields)

    def _shown(self, _request: Request, visitor: Visitor) -> Response:
        person = visitor.actor.person
        values = {
            "passkeys": passkeys.passkeys_of(self._site, person.ref),
            "fresh": stale(self._site, visitor) is None,
            "most": passkeys.MOST,
            "passkey": self.asked(),
            "user": b64(person.ref.encode()),
            "address": person.emails[0],
        }
        return self._visitors.page(visitor, "passkeys.html.j2", values)

    def _register(self, _request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        done = passkeys.register(self._site, visitor, self._bound, fields)
        return self._back(visitor, done)

    def _remove(self, request: Request, visitor: Visitor, fields: Mapping[str, str]) -> Response:
        stays = visitor.token or self._browser.cookie(request, SESSION)
        done = passkeys.remove(self._site, visitor.actor.person.id, fields.get("fingerprint", ""), stays)
        return self._back(visitor, done)

    def _back(self, visitor: Visitor, done: str | Refusal) -> Response:
        if isinstance(done, Refusal) and done.code is Code.SIGN_IN_AGAIN:
            return self._visitors.to("sign-in/again?then=passkeys")
        return self._visitors.refused(visitor, done) if isinstance(done, Refusal) else self._visitors.to("passkeys")

    async def _sign_in(self, request: Request) -> Response:
        if not self._browser.is_ours(request):
            return self._pages.foreign()
        fields, before = await form(request), self._browser.cookie(request, SESSION)
        done = await run_in_threadpool(passkeys.sign_in_by_passkey, self._site, self._bound, fields, before)
        if isinstance(done, Refusal):
            return self._pages.page("sign_in_refused.html.j2", {"text": done.text}, 403)
        return arrived(self._pages, self._browser, request, done)
