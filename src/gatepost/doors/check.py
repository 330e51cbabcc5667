"""The check that a proxy asks before it lets an ActiveSync request through: a bare ASGI function, no database.

    GET /check    X-Original-Method, X-Original-URI, Authorization, MS-ASProtocolVersion
                  204 let it through, 403 refuse it, 503 cannot decide (Retry-After); headers, never a body
    GET /healthz  204 it can decide, 503 it cannot
    GET /stance   200, JSON: door, stance (open, enforce, observe), can_decide, position, problem; counts: how often each
                  reason was the answer since the start

The headers of the answer are for the proxy alone, which must not hand them on. They never name an app (I-37).

    X-Gatepost-Verdict     what is answered: allow, warn, block, undecided
    X-Gatepost-Reason      of REASONS
    X-Gatepost-Would       in observe mode, where it differs: what enforce mode would have answered
    X-Gatepost-Command     with a 403: an ActiveSync command, or other
    X-Gatepost-Generation  with a 403: 14 if the client understands Status 129, else 12
"""

import json
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from gatepost.doors.activesync import (
    COMMANDS,
    OTHER,
    USUAL,
    PassOn,
    Request,
    Unidentified,
    generation,
    parse,
)
from gatepost.doors.entry import IDENTITY, fast_outcome, has_rules, identity_key, names
from gatepost.doors.judge import REASON, REASONS, Choice, DoorRules, Judge, Stance

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

RETRY_AFTER: Final = 180
"""Seconds. Several clients take less than 120 or more than 300 badly."""

_STANCES: Final[tuple[Stance, ...]] = ("observe", "enforce", "open")
_GENERATIONS: Final = ("12", "14")
_STATUS: Final[Mapping[Choice, int]] = {"allow": 204, "warn": 204, "block": 403, "undecided": 503}
_END: Final[Event] = {"type": "http.response.body", "body": b""}
_UNREAD: Final = Unidentified("not read")
_DECIDING: Final = (b"x-original-uri", b"x-original-method", b"authorization", b"ms-asprotocolversion")


class _Answers:
    """The starts of all answers in one stance, made once. `refused`: the reasons that are answered by 403."""

    def __init__(self, rules: DoorRules, stance: Stance) -> None:
        self.usual = {reason: _start(rules, stance, reason) for reason in REASONS}
        self.refused = frozenset(reason for reason in REASONS if rules.answer(reason, stance) == "block")
        self.refusals = {
            (reason, command, of): _start(rules, stance, reason, command, of)
            for reason in self.refused
            for command in (*COMMANDS, OTHER)
            for of in _GENERATIONS
        }


class Check:
    """The ASGI application. `counts`: how often each reason was the answer since the start.

    `note(headers, reason)` is told of every request that opens mail; it must be quick.
    """

    def __init__(self, judge: Judge, note: Callable[[Headers, str], None] = lambda _headers, _reason: None) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self._judge = judge
        self._copy = judge.copy
        self._note = note
        self._answers = {stance: _Answers(judge.rules, stance) for stance in _STANCES}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/check":
            await send(self.answer(scope["headers"]))
        elif path == "/healthz":
            await send(_HEALTHY if self._copy.reader else _UNHEALTHY)
        elif path == "/stance":
            await self._tell_stance(send)
            return
        else:
            await send(_NOT_FOUND)
        await send(_END)

    async def _tell_stance(self, send: Send) -> None:
        told = {
            "door": self._judge.door,
            "stance": self._judge.stance(),
            "can_decide": self._copy.reader is not None,
            "position": self._copy.position,
            "problem": self._copy.problem,
            "counts": self.counts,
        }
        body = json.dumps(told).encode()
        length = (b"content-length", str(len(body)).encode())
        headers = [(b"content-type", b"application/json"), length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, headers: Headers) -> Event:
        """The start of the answer to a check."""
        return self._usual(headers) or self._any(headers)

    def _usual(self, headers: Headers) -> Event | None:
        """What `_any` answers to the usual request that is let through; None where it takes more to say.

        Usual: the plain query as phones write it, Basic credentials to the letter, a known device, and its own login.
        Most requests are so. This takes a third of the time, most of it by leaving bytes as they are; each step counts.
        """
        try:
            fields = dict(headers)
            authorization = fields[b"authorization"]
            query = USUAL.fullmatch(fields[b"x-original-uri"])
            reader = self._copy.reader
            if query is None or reader is None or fields[b"x-original-method"] != b"POST":
                return None
            record = reader.get(IDENTITY + query[2].lower())
            if record is None or authorization[:6] != b"Basic " or len(fields) != len(headers):
                return None
            login, colon, _ = a2b_base64(authorization[6:], strict_mode=True).partition(b":")
            # Lower-casing ASCII is enough: what equals a case-folded login after it is that login case-folded.
            if not colon or not login or not names(record, login.lower()):
                return None
            reason = "clear"
            if has_rules(record):
                reason = REASON[fast_outcome(record, reader.effects, self._copy.time.now())[0]]
        except Exception:  # a header that is missing, credentials that are not base64: read with care
            return None
        answers = self._answers[self._judge.stance()]
        if reason in answers.refused:
            return None
        self.counts[reason] += 1
        self._note(headers, reason)
        return answers.usual[reason]

    def _any(self, headers: Headers) -> Event:
        try:
            reason, parsed = self._decide(headers)
        except Exception:
            # Whatever it is, a 500 makes some phones throw their mailbox away. It is counted, and seen there.
            reason, parsed = "error", _UNREAD
        self.counts[reason] += 1
        if reason != "passed-on":
            self._note(headers, reason)
        answers = self._answers[self._judge.stance()]
        if reason not in answers.refused:
            return answers.usual[reason]
        return answers.refusals[reason, parsed.command, generation(parsed.protocol)]

    def _decide(self, headers: Headers) -> tuple[str, Request | Unidentified]:
        fields = dict(headers)
        if len(fields) != len(headers) and _is_ambiguous(headers):
            return "unidentified", _UNREAD
        get = fields.get
        parsed = parse(
            get(b"x-original-method", b"POST"),
            get(b"x-original-uri", b""),
            get(b"authorization"),
            get(b"ms-asprotocolversion"),
        )
        if isinstance(parsed, PassOn):
            return "passed-on", _UNREAD
        reader = self._copy.reader
        if reader is None:
            return self._copy.why_not, parsed
        if isinstance(parsed, Unidentified):
            return "unidentified", parsed
        keys = map(identity_key, parsed.device_ids)
        return self._judge.look_up(keys, parsed.user, reader.get, reader.effects), parsed


def _is_ambiguous(headers: Headers) -> bool:
    names = [name for name, _ in headers]
    return any(names.count(name) > 1 for name in _DECIDING)


def _start(rules: DoorRules, stance: Stance, reason: str, command: str = "", of: str = "") -> Event:
    """The start of the answer for a reason: status and headers, made once."""
    does, would = rules.answer(reason, stance), rules.choice(reason)
    told = {"Verdict": does, "Reason": reason, "Command": command, "Generation": of}
    if would != does:
        told["Would"] = would
    headers = [(f"x-gatepost-{name.lower()}".encode(), value.encode()) for name, value in told.items() if value]
    return _event(_STATUS[does], headers)


def _event(status: int, headers: Headers | None = None) -> Event:
    headers = headers or []
    if status == 503:
        headers = [*headers, (b"retry-after", str(RETRY_AFTER).encode())]
    if status != 204:  # which has no length (RFC 9110, 8.6)
        headers = [*headers, (b"content-length", b"0")]
    return {"type": "http.response.start", "status": status, "headers": headers}


_HEALTHY: Final = _event(204)
_UNHEALTHY: Final = _event(503)
_NOT_FOUND: Final = _event(404)
