"""The API as an ASGI application: finds the operation, reads what is asked, has it done in a thread, answers.

No cookies: whoever may, shows a token with each request, so that no page can make a browser ask.
"""

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, NamedTuple, TypeVar

from starlette.routing import Mount

from gatepost.actions.change import looking
from gatepost.actions.once import DoneBefore, Once
from gatepost.actions.site import Site
from gatepost.actions.tokens import Bearer, bearer
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.core.token import Scope as TokenScope
from gatepost.documents.data import as_data
from gatepost.doors.authzen import BODY_WITHIN, Headers, body_of, is_json, respond
from gatepost.doors.check import Receive, Scope, Send
from gatepost.storage import answers
from gatepost.storage.answers import Kept
from gatepost.storage.store import BROKEN
from gatepost.web.api import exceptions, looks, policies
from gatepost.web.api.asked import Asked
from gatepost.web.api.document import openapi
from gatepost.web.api.operation import Operation, Unfit
from gatepost.web.api.problem import OURS, TYPE, Fault, invalid, refused, status_of, title
from gatepost.web.api.reading import REALM, body_fields, fields_of, key_of, query_fields, shown_token

T = TypeVar("T")

ROOT: Final = "/api/v1"

OPERATIONS: Final[tuple[Operation, ...]] = (*looks.OPERATIONS, *policies.OPERATIONS, *exceptions.OPERATIONS)

MOST_BYTES: Final = 1024 * 1024
"""Of a body: a policy file with all its languages, and JSON's escapes."""

AT_ONCE: Final = 8
"""Requests that are worked on at once. What stops a policy has as many places of its own: it waits behind nothing
(I-18)."""

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """`body`: JSON."""

    body: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Api:
    """`url`: where the site is reached, without a path of the API's own."""

    def __init__(self, site: Site, url: str) -> None:
        self._site = site
        self._url = url.rstrip("/") + ROOT
        self._document = json.dumps(openapi(OPERATIONS, self._url)).encode()
        self._paths: dict[re.Pattern[str], dict[str, Operation]] = {}
        for operation in OPERATIONS:
            self._paths.setdefault(_pattern(operation.path), {})[operation.method] = operation
        self._ordinary = ThreadPoolExecutor(AT_ONCE, "api")
        self._stopping = ThreadPoolExecutor(AT_ONCE, "api-stop")
        self._under_way: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Fault as fault:
            await self._complain(scope, send, fault)
        except BROKEN:
            _log.exception("the database cannot be used")
            text = "The database cannot be used now. Ask again, under the same Idempotency-Key."
            await self._complain(scope, send, Fault(503, "unavailable", text, headers=((b"retry-after", b"5"),)))
        except Exception:
            _log.exception("a request to the API failed")
            await self._complain(scope, send, Fault(500, "failed", OURS["failed"]))
        else:
            if answer is not None:
                await respond(scope, send, 200, answer.body.encode(), b"application/json", [*answer.headers])

    async def _complain(self, scope: Scope, send: Send, fault: Fault) -> None:
        body = json.dumps(fault.data(self._url)).encode()
        await respond(scope, send, fault.status, body, TYPE, [*fault.headers])

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """None if the caller has gone."""
        path = scope["path"].removeprefix(ROOT)
        if path == "/openapi.json" or path.startswith("/problems/"):
            _only(scope, "GET", "HEAD")
            return Answer(self._document.decode()) if path == "/openapi.json" else _about(path)
        operation, named = self._found(scope, path)
        headers: Headers = scope["headers"]
        who = await self._in_thread(operation, lambda: _who(self._site, shown_token(headers), operation.scope))
        if operation.method == "GET":
            asked = fields_of(operation.asked, named, query_fields(scope["query_string"], operation.asked), "query")
            return await self._in_thread(operation, lambda: self._say(self._site, operation, who, asked))
        body = await _body(scope, receive)
        if body is None:
            return None
        if scope["query_string"]:
            raise Fault(400, "malformed", "What is asked stands in the body, not in a query.")
        asked = fields_of(operation.asked, named, body_fields(body), "body")
        key = key_of(headers) if operation.remembers else ""
        if not key:
            return await self._in_thread(operation, lambda: self._say(self._site, operation, who, asked))
        once = Once(who.token, key, hashlib.sha256(f"{path}\n".encode() + body).hexdigest())
        return await self._alone(once, operation, lambda: self._once(once, operation, who, asked))

    def _found(self, scope: Scope, path: str) -> tuple[Operation, Mapping[str, str]]:
        for pattern, methods in self._paths.items():
            if match := pattern.fullmatch(path):
                method = _only(scope, *methods, *(["HEAD"] if "GET" in methods else []))
                return methods["GET" if method == "HEAD" else method], match.groupdict()
        raise Fault(404, "not_found", "There is nothing at this address; /api/v1/openapi.json says what there is.")

    async def _in_thread(self, operation: Operation, work: Callable[[], T]) -> T:
        pool = self._stopping if operation.scope is TokenScope.STOP else self._ordinary
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    async def _alone(self, once: Once, operation: Operation, work: Callable[[], Answer]) -> Answer:
        """Not beside the same request (2.6 of the draft)."""
        mine = (once.token, once.key)
        if mine in self._under_way:
            text = "A request with this Idempotency-Key is being answered just now. Ask again for its answer."
            raise Fault(409, "under_way", text, headers=((b"retry-after", b"1"),))
        self._under_way.add(mine)
        try:
            return await self._in_thread(operation, work)
        finally:
            self._under_way.discard(mine)

    def _once(self, once: Once, operation: Operation, who: Bearer, asked: Asked) -> Answer:
        """What was answered under this key, else an answer that is kept."""
        with looking(self._site) as conn:
            kept = answers.find(conn, once.token, once.key, self._site.clock.now())
        if kept:
            return _again(once, kept)
        try:
            answer = self._say(replace(self._site, once=once), operation, who, asked)
        except DoneBefore as before:
            return _again(once, before.kept)
        try:
            with self._site.store.writing() as conn:
                once.answered(conn, answer.body, self._site.clock.now())
        except BROKEN:  # it is done, and known to be: who asks again is told so
            _log.exception("an answer cannot be kept")
        return answer

    def _say(self, site: Site, operation: Operation, who: Bearer, asked: Asked) -> Answer:
        try:
            found = operation.does(site, who.person, asked)
        except Unfit as unfit:
            raise invalid(Problem("", 0, 0, field, text) for field, text in unfit.wrong) from None
        if isinstance(found, Refusal):
            raise refused(found)
        if isinstance(found, tuple) and found and isinstance(found[0], Problem):
            raise invalid(found)
        return Answer(json.dumps(as_data(found), ensure_ascii=False, allow_nan=False))


def mounted(site: Site, url: str) -> Mount:
    """The API in its place; also for addresses with a line's end in them, which Starlette's own pattern leaves out."""
    found = Mount(ROOT, Api(site, url))
    found.path_regex = re.compile(f"{ROOT}/(?P<path>.*)", re.DOTALL)
    return found


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


def _only(scope: Scope, *methods: str) -> str:
    """The request's method, if it is one of these."""
    method = str(scope["method"])
    if method in methods:
        return method
    allow = ", ".join(methods)
    raise Fault(405, "method_not_allowed", f"This works by {allow}.", headers=((b"allow", allow.encode()),))


def _about(path: str) -> Answer:
    """What a problem's type is."""
    code = path.removeprefix("/problems/")
    if code in OURS:
        return Answer(json.dumps({"code": code, "title": title(code), "about": OURS[code]}))
    if code in {each.value for each in Code}:
        return Answer(json.dumps({"code": code, "title": title(code), "status": status_of(Code(code))}))
    raise Fault(404, "not_found", "There is no problem of this code.")


def _who(site: Site, token: str, scope: TokenScope) -> Bearer:
    """Whoever shows this token. Fault, as RFC 6750 section 3 has it."""
    found = bearer(site, token, scope)
    if isinstance(found, Bearer):
        return found
    said = {
        Code.TOKEN_INVALID: b', error="invalid_token"',
        Code.SCOPE_MISSING: b', error="insufficient_scope", scope="%s"' % scope.encode(),
    }
    fault = refused(found)
    if found.code not in said:
        raise fault
    raise Fault(fault.status, fault.code, fault.detail, headers=((b"www-authenticate", REALM + said[found.code]),))


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body; None if the caller has gone."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await body_of(receive, MOST_BYTES)
    except TimeoutError:
        raise Fault(408, "too_slow", f"The body did not come within {BODY_WITHIN:.0f} seconds.") from None
    if body is not None and len(body) > MOST_BYTES:
        text = f"The body is longer than {MOST_BYTES:,} bytes."
        raise Fault(413, "too_large", text, headers=((b"connection", b"close"),))
    if body and not is_json(scope["headers"]):
        raise Fault(415, "unsupported_media_type", "The body's content type is not application/json.")
    return body


def _again(once: Once, kept: Kept) -> Answer:
    """The answer to a request that was done before."""
    if kept.asked != once.asked:
        raise Fault(422, "idempotency_key_used", OURS["idempotency_key_used"])
    body = kept.answer or json.dumps({"done_before": True, "entry": kept.entry})
    return Answer(body, ((b"idempotent-replayed", b"true"),))
