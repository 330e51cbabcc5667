"""AuthZEN over HTTP, at the door from its copy alone: a bare ASGI application, no database.

    POST /access/v1/evaluation                  one question, one decision
    POST /access/v1/evaluations                 up to 1,000 at once
    GET  /.well-known/authzen-configuration     which of these there are, and where

A door has no search: whoever could ask it for all devices of a mailbox would learn who has what. Its reasons never name
an app or a policy (I-37). The specification: OpenID AuthZEN Authorization API 1.0; 10.1 is its HTTP binding.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Final

from gatepost.doors.check import RETRY_AFTER, Receive, Scope, Send
from gatepost.doors.evaluation import (
    MOST_BYTES,
    Answer,
    BadRequest,
    Fields,
    Question,
    evaluation,
    evaluations,
    read,
)
from gatepost.doors.judge import LETS_THROUGH, Judge

See = Callable[[str, str, str, str], None]
"""As Sightings.see: login, kind of identity, identity, reason."""

Headers = list[tuple[bytes, bytes]]

Handle = Callable[[Fields], Awaitable[Answer]]
"""Answers a request's JSON object. BadRequest, Forbidden."""

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
SEARCH: Final = "/access/v1/search/"
WELL_KNOWN: Final = "/.well-known/authzen-configuration"

_CALLED: Final[Mapping[str, str]] = {
    EVALUATION: "access_evaluation_endpoint",
    EVALUATIONS: "access_evaluations_endpoint",
    SEARCH + "subject": "search_subject_endpoint",
    SEARCH + "resource": "search_resource_endpoint",
    SEARCH + "action": "search_action_endpoint",
}
"""Each endpoint's name in the metadata (9.1.1)."""

BODY_WITHIN: Final = 10.0
"""Seconds for a request's body to arrive."""

_log = logging.getLogger(__name__)


class Forbidden(Exception):
    """The caller may not ask this. The text says why."""


class AuthZen:
    """The ASGI application. `url`: where callers reach it, without a path; `handles`: what answers at each path."""

    def __init__(self, url: str, handles: Mapping[str, Handle]) -> None:
        self._handles = handles
        endpoints = {_CALLED[path]: url + path for path in handles}
        self._metadata = _json({"policy_decision_point": url, **endpoints})
        self.paths: Iterable[str] = (*handles, WELL_KNOWN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path == WELL_KNOWN:
            if method in ("GET", "HEAD"):
                await respond(scope, send, 200, self._metadata, _JSON)
            else:
                await complain(scope, send, 405, "metadata is for GET", [(b"allow", b"GET, HEAD")])
        elif path not in self._handles:
            await complain(scope, send, 404, "there is no such endpoint")
        elif method != "POST":
            await complain(scope, send, 405, "questions come by POST", [(b"allow", b"POST")])
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_WITHIN):
                body = await body_of(receive, MOST_BYTES)
        except TimeoutError:
            await complain(scope, send, 408, f"the body did not come within {BODY_WITHIN:.0f} seconds")
            return
        if body is None:
            return  # the caller has gone
        if len(body) > MOST_BYTES:
            await complain(scope, send, 413, f"the body is longer than {MOST_BYTES:,} bytes", _CLOSE)
            return
        try:
            _check_type(scope["headers"])
            answer = _json(await self._handles[scope["path"]](read(body)))
        except BadRequest as bad:
            await complain(scope, send, 400, str(bad))
        except Forbidden as forbidden:
            await complain(scope, send, 403, str(forbidden))
        except Exception:
            _log.exception("an access evaluation failed")
            await complain(scope, send, 500, "something went wrong here; the log says what")
        else:
            await respond(scope, send, 200, answer, _JSON)


async def body_of(receive: Receive, most: int) -> bytes | None:
    """The whole body, or the beginning of one that has more than so many bytes; None if the caller goes away."""
    body = b""
    while len(body) <= most:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    return body


def _check_type(headers: Headers) -> None:
    """10.1: the body is declared to be JSON. A page that makes a browser post a form cannot do that."""
    if not is_json(headers):
        raise BadRequest("the content type is not application/json")


def is_json(headers: Headers) -> bool:
    """Whether a request says that its body is JSON."""
    declared = dict(headers).get(b"content-type", b"")
    return declared.partition(b";")[0].strip().lower() == _JSON


_JSON: Final = b"application/json"
_TEXT: Final = b"text/plain; charset=utf-8"
_CLOSE: Final[Headers] = [(b"connection", b"close")]


def _json(data: object) -> bytes:
    return json.dumps(data, allow_nan=False).encode()


async def respond(scope: Scope, send: Send, status: int, body: bytes, kind: bytes, more: Headers | None = None) -> None:
    """Answer, under the request's identifier if it had one (10.1.8)."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    headers += [(name, value) for name, value in scope["headers"] if name == b"x-request-id"][:1]
    await send({"type": "http.response.start", "status": status, "headers": headers + (more or [])})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def complain(scope: Scope, send: Send, status: int, text: str, more: Headers | None = None) -> None:
    """An error about the whole request, with a message for whoever reads it (10.1.7)."""
    await respond(scope, send, status, text.encode(), _TEXT, more)


# --- at the door


def door_authzen(
    judge: Judge,
    url: str,
    see: See = lambda _login, _kind, _identity, _reason: None,
    counts: MutableMapping[str, int] | None = None,
) -> AuthZen:
    """The endpoints that a door has. `see` is told of whoever is about to open mail: of an evaluation that is asked
    alone, not of several, which an application may ask for other ends. `counts`: of all answers, by reason."""
    counts = {} if counts is None else counts

    def answer(question: Question) -> Answer:
        answered = decision(judge, question)
        reason = str(answered["context"]["reason_code"])
        counts[reason] = counts.get(reason, 0) + 1
        return answered

    def seen(question: Question) -> Answer:
        answered = answer(question)
        kind = "certificate" if question.certificate else "activesync" if question.device else ""
        see(question.user, kind, question.certificate or question.device, str(answered["context"]["reason_code"]))
        return answered

    async def one(asked: Fields) -> Answer:
        return evaluation(asked, seen)

    async def several(asked: Fields) -> Answer:
        return evaluations(asked, answer)

    return AuthZen(url, {EVALUATION: one, EVALUATIONS: several})


def decision(judge: Judge, question: Question) -> Answer:
    """The door's answer: as a check's, of the same user with the same device (I-1)."""
    reader = judge.copy.reader
    try:
        reason = _reason(judge, question)
    except Exception:
        _log.exception("an evaluation went wrong")
        reason = "error"
    does, would = judge.answer(reason), judge.rules.choice(reason)
    context: dict[str, object] = {"reason_code": reason, "verdict": does}
    if reader is not None:
        context["position"] = reader.position
    if would != does:
        context["would"] = would
    if does == "undecided":
        context["retry_after"] = RETRY_AFTER
    return {"decision": does in LETS_THROUGH, "context": context}


def _reason(judge: Judge, question: Question) -> str:
    reader = judge.copy.reader
    if reader is None:
        return judge.copy.why_not
    if not (question.device or question.certificate):
        return "unidentified"
    ids = (question.device,) if question.device else ()
    return judge.recognise(ids, question.user.casefold(), question.certificate, "", reader.get, reader.effects)
