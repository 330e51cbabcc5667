"""The check that a proxy asks before it lets an ActiveSync request through: a bare ASGI function, no database.

    GET /check    X-Original-Method, X-Original-URI, Authorization, MS-ASProtocolVersion
                  204 let it through, 403 refuse it, 503 cannot decide (Retry-After); headers, never a body
    GET /healthz  204 it can decide, 503 it cannot

The headers of the answer are for the proxy alone, which must not hand them on. They never name an app (I-37).

    X-Gatepost-Verdict     what is answered: allow, warn, block, undecided
    X-Gatepost-Reason      of REASONS
    X-Gatepost-Would       in observe mode, where it differs: what enforce mode would have answered
    X-Gatepost-Command     with a 403: an ActiveSync command, or other
    X-Gatepost-Generation  with a 403: 14 if the client understands Status 129, else 12
"""

from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from gatepost.core.instant import DAY, Duration
from gatepost.core.policy.policy import Cells
from gatepost.core.policy.verdict import Outcome
from gatepost.doors.activesync import (
    COMMANDS,
    OTHER,
    USUAL,
    PassOn,
    Request,
    Unidentified,
    generation,
    login_candidates,
    parse,
)
from gatepost.doors.copy import Copy
from gatepost.doors.entry import IDENTITY, binds, fast_outcome, has_rules, identity_key, names

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Effects = Mapping[int, Cells]
Choice = Literal["allow", "warn", "block", "undecided"]

RETRY_AFTER: Final = 180
"""Seconds. Several clients take less than 120 or more than 300 badly."""

REASONS: Final = (
    "clear",
    "passed-on",
    "warned",
    "blocked",
    "unknown",
    "unidentified",
    "foreign",
    "no-copy",
    "expired",
    "error",
)
_GENERATIONS: Final = ("12", "14")
_STATUS: Final[Mapping[Choice, int]] = {"allow": 204, "warn": 204, "block": 403, "undecided": 503}
_STRICTNESS: Final[Mapping[Choice, int]] = {"allow": 0, "warn": 1, "undecided": 2, "block": 3}
_END: Final[Event] = {"type": "http.response.body", "body": b""}
_UNREAD: Final = Unidentified("not read")
_DECIDING: Final = (b"x-original-uri", b"x-original-method", b"authorization", b"ms-asprotocolversion")


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What the door does where the copy does not say (I-29). A foreign device is answered as an unidentified one."""

    on_unknown: Literal["allow", "block"]
    on_unidentified: Literal["allow", "block"]
    on_no_copy: Literal["allow", "block", "undecided"] = "undecided"
    copy_expires_after: Duration = 7 * DAY
    mode: Literal["observe", "enforce"] = "observe"

    def choice(self, reason: str) -> Choice:
        """What enforce mode answers for a reason."""
        match reason:
            case "blocked":
                return "block"
            case "warned":
                return "warn"
            case "unknown":
                return self.on_unknown
            case "unidentified" | "foreign":
                return self.on_unidentified
            case "no-copy" | "expired" | "error":
                return self.on_no_copy
            case _:
                return "allow"


class Check:
    """The ASGI application. `counts`: how often each reason was the answer since the start."""

    def __init__(self, copy: Copy, rules: DoorRules) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self._copy = copy
        self._answers = {reason: _start(rules, reason) for reason in REASONS}
        self._refusals = {
            (reason, command, of): _start(rules, reason, command, of)
            for reason in REASONS
            if rules.mode == "enforce" and rules.choice(reason) == "block"
            for command in (*COMMANDS, OTHER)
            for of in _GENERATIONS
        }
        self._refused = frozenset(reason for reason, _, _ in self._refusals)
        self._strictness = {reason: _STRICTNESS[rules.choice(reason)] for reason in REASONS}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/check":
            await send(self.answer(scope["headers"]))
        elif path == "/healthz":
            await send(_HEALTHY if self._copy.reader else _UNHEALTHY)
        else:
            await send(_NOT_FOUND)
        await send(_END)

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
                reason = _REASON[fast_outcome(record, reader.effects, self._copy.time.now())[0]]
        except Exception:  # a header that is missing, credentials that are not base64: read with care
            return None
        if reason in self._refused:
            return None
        self.counts[reason] += 1
        return self._answers[reason]

    def _any(self, headers: Headers) -> Event:
        try:
            reason, parsed = self._decide(headers)
        except Exception:
            # Whatever it is, a 500 makes some phones throw their mailbox away. It is counted, and seen there.
            reason, parsed = "error", _UNREAD
        self.counts[reason] += 1
        if reason not in self._refused:
            return self._answers[reason]
        return self._refusals[reason, parsed.command, generation(parsed.protocol)]

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
        return self._look_up(parsed, reader.get, reader.effects), parsed

    def _look_up(self, request: Request, get: Callable[[bytes], bytes | None], effects: Effects) -> str:
        """Every name of the device counts; of several that are known, the strictest."""
        found = ""
        user = request.user
        for name in request.device_ids:
            record = get(identity_key(name))
            if record is not None:
                reason = self._judge(record, user, effects)
                if not found or self._strictness[reason] > self._strictness[found]:
                    found = reason
        return found or "unknown"

    def _judge(self, record: bytes, user: str, effects: Effects) -> str:
        if not binds(record, user.encode()) and not _binds_another_form(record, user):
            return "foreign"
        if not has_rules(record):
            return "clear"
        outcome = fast_outcome(record, effects, self._copy.time.now())[0]
        return _REASON[outcome]


_REASON: Final = {Outcome.ALLOW: "clear", Outcome.WARN: "warned", Outcome.BLOCK: "blocked"}


def _binds_another_form(record: bytes, user: str) -> bool:
    return any(binds(record, login.encode()) for login in login_candidates(user)[1:])


def _is_ambiguous(headers: Headers) -> bool:
    names = [name for name, _ in headers]
    return any(names.count(name) > 1 for name in _DECIDING)


def _start(rules: DoorRules, reason: str, command: str = "", of: str = "") -> Event:
    """The start of the answer for a reason: status and headers, made once."""
    would = rules.choice(reason)
    does: Choice = "allow" if rules.mode == "observe" and _STATUS[would] != 204 else would
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
