"""Somebody's own page: opened by the link in their mails, on any phone, without a sign-in.

Opening it changes nothing. From it they state that an app is not on a device of theirs, or ask for a waiver, with a
code that is sent to their mailbox: who has the link may be somebody else. A fresh report of a device takes no code.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost.actions import own_absent, own_ask, own_check
from gatepost.actions.own_link import PATH
from gatepost.actions.own_page import own_facts
from gatepost.actions.site import Site
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import OwnPage, Why, absent_page, ask_page, no_page, not_now_page, own_page
from gatepost.web.pages.browser import Browser, form, short
from gatepost.web.pages.frame import CLOSED, Pages

Facts = TypeVar("Facts")

_SPENT: Final[Mapping[Code, Why]] = {Code.CODES_SPENT: "own_spent", Code.CHECKS_SPENT: "own_check_spent"}
"""What is said where so much was asked for that no more is for a while."""


def routes(pages: Pages, site: Site, browser: Browser) -> list[Route]:
    """The page of a link, in the person's language; what opens or does nothing is said in the browser's."""
    room = _Room(pages, site, browser)
    path = f"/{PATH}/{{token}}"
    return [
        Route(path, room.own),
        Route(f"{path}/absent", room.absent, methods=["POST"]),
        Route(f"{path}/waiver", room.waiver, methods=["POST"]),
        Route(f"{path}/check", room.check, methods=["POST"]),
    ]


class _Room:
    def __init__(self, pages: Pages, site: Site, browser: Browser) -> None:
        self._pages, self._site, self._browser = pages, site, browser

    def own(self, request: Request) -> Response:
        facts = own_facts(self._site, request.path_params["token"])
        return self._gone(request) if facts is None else self._shown(request, own_page(facts), 200)

    async def absent(self, request: Request) -> Response:
        """Asked for with a device alone, a code is sent; with the code, the statement is made."""
        return await self._does(request, self._absent)

    async def waiver(self, request: Request) -> Response:
        """Asked for with a device and a reason, a code is sent; with the code, those who may grant it are asked."""
        return await self._does(request, self._waiver)

    async def check(self, request: Request) -> Response:
        """A fresh report of a device is asked for; the page says since when."""
        return await self._does(request, self._check)

    async def _does(self, request: Request, act: Callable[[Request, Mapping[str, str]], Response]) -> Response:
        """For a form of ours alone (CSRF)."""
        if not self._browser.is_ours(request):
            return self._not_now(request, 403)
        return await run_in_threadpool(act, request, await form(request))

    def _absent(self, request: Request, fields: Mapping[str, str]) -> Response:
        what = self._site, request.path_params["token"], fields.get("device", "")
        return self._by_code(
            request,
            fields.get("code"),
            send=lambda: own_absent.send_code(*what),
            complete=lambda typed: own_absent.state_absent(*what, typed),
            waiting=lambda: own_absent.waiting_code(*what),
            page=lambda facts, wrong: absent_page(facts, wrong=wrong),
        )

    def _waiver(self, request: Request, fields: Mapping[str, str]) -> Response:
        what = self._site, request.path_params["token"], fields.get("device", "")
        reason = short(fields, "reason")["reason"]
        if not reason:
            return self._not_now(request, 422)
        return self._by_code(
            request,
            fields.get("code"),
            send=lambda: own_ask.send_code(*what),
            complete=lambda typed: own_ask.ask_waiver(*what, typed, reason),
            waiting=lambda: own_ask.waiting_code(*what),
            page=lambda facts, wrong: ask_page(facts, reason, wrong=wrong),
        )

    def _check(self, request: Request, fields: Mapping[str, str]) -> Response:
        asked = own_check.ask_check(self._site, request.path_params["token"], fields.get("device", ""))
        return self._refused(request, asked) if isinstance(asked, Refusal) else self._done(request)

    def _by_code(
        self,
        request: Request,
        typed: str | None,
        *,
        send: Callable[[], Facts | Refusal],
        complete: Callable[[str], object],
        waiting: Callable[[], Facts | Refusal],
        page: Callable[[Facts, bool], OwnPage],
    ) -> Response:
        """`typed`: None until a code was sent. `page`: where it is typed, by what it would complete, and whether what
        was typed is wrong."""
        if typed is None:
            answer = send()
        else:
            done = complete(typed)
            if not isinstance(done, Refusal):
                return self._done(request)
            answer = waiting() if done.code is Code.CODE_WRONG else done
        if isinstance(answer, Refusal):
            return self._refused(request, answer)
        wrong = typed is not None
        return self._shown(request, page(answer, wrong), 422 if wrong else 200)

    def _done(self, request: Request) -> Response:
        return RedirectResponse(self._path(request), 303, dict(CLOSED))

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        if refusal.code is Code.NO_SUCH_PERSON:
            return self._gone(request)
        why = _SPENT.get(refusal.code)
        # 409: the page that they had showed something else than what holds now (RFC 9110 section 15.5.10).
        return self._not_now(request, 429 if why else 409, why or "own_not_now")

    def _gone(self, request: Request) -> Response:
        return self._shown(request, no_page(_asked(request), self._site.settings.site.default_locale), 404)

    def _not_now(self, request: Request, status: int, why: Why = "own_not_now") -> Response:
        site = self._site.settings.site
        page = not_now_page(_asked(request), site.default_locale, site.contact, why)
        return self._shown(request, page, status)

    def _shown(self, request: Request, page: OwnPage, status: int) -> Response:
        return self._pages.page("own.html.j2", page._asdict() | {"path": self._path(request)}, status)

    def _path(self, request: Request) -> str:
        return self._pages.at(f"{PATH}/{quote(request.path_params['token'])}")


def _asked(request: Request) -> str:
    """The language that the browser asks for first."""
    wanted, _, _ = request.headers.get("accept-language", "").partition(",")
    return wanted.partition(";")[0].strip()
