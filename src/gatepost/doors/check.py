"""The check that a proxy asks before it lets a request for mail through: a bare ASGI function, no database.

    GET /check      about ActiveSync: the request's method, target and headers, as request.py reads them
                    204 let it through, 403 refuse it, 503 cannot decide (Retry-After); headers, never a body
    GET /check-web  the same about a web application
    *   /check/...  the same with the request's own method, its path and query after the prefix; so /check-web/...;
                    200 in place of 204 (Envoy takes only that for a yes)
    GET /healthz    204 the process answers
    GET /readyz     204 it can decide, 503 it cannot
    GET /stance     200, JSON: door, stance (open, enforce, observe), can_decide, position, now (its clock), problem;
                    behind: why what hangs on the door (HAProxy's maps) does not stand so too, "" if it does;
                    counts: how often each reason was the answer since the start; probe, probed: see probe.py

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

from gatepost import clock
from gatepost.doors.activesync import (
    COMMANDS,
    OTHER,
    USUAL,
    PassOn,
    Request,
    Unidentified,
    generation,
)
from gatepost.doors.entry import IDENTITY, fast_outcome, has_rules, names
from gatepost.doors.judge import REASON, REASONS, Choice, DoorRules, Judge, Stance
from gatepost.doors.probe import Probe, Refused
from gatepost.doors.request import METHOD, TARGET, WEB, Headers, Reader, Sources
from gatepost.doors.sightings import Note

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

RETRY_AFTER: Final = 180
"""Seconds. Several clients take less than 120 or more than 300 badly."""

_STANCES: Final[tuple[Stance, ...]] = ("observe", "enforce", "open")
_GENERATIONS: Final = ("12", "14")
_STATUS: Final[Mapping[Choice, int]] = {"allow": 204, "warn": 204, "block": 403, "undecided": 503}
_END: Final[Event] = {"type": "http.response.body", "body": b""}
_UNREAD: Final = Unidentified("not read")


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

    `beside`: what answers at other paths. `note` is told of every request that opens mail, as Sightings.note; it must
    be quick. `sources`: what is believed of who asks. `behind`: see /stance.
    """

    def __init__(
        self,
        judge: Judge,
        note: Note = lambda _key, _headers, _reason: None,
        sources: Sources = Sources(),  # noqa: B008 # never changes
        probe: Probe | None = None,
        behind: Callable[[], str] = str,
    ) -> None:
        self.counts = dict.fromkeys(REASONS, 0)
        self.beside: dict[str, App] = {}
        self._judge = judge
        self._copy = judge.copy
        self._note = note
        self._probe, self._behind = probe, behind
        self._answers = {stance: _Answers(judge.rules, stance) for stance in _STANCES}
        self._reader = Reader(sources)
        self._aside = self._reader.aside
        self._types = frozenset(kind.encode() for kind in sources.shared_types | judge.rules.plain_refusal_types)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/check":
            await send(self.answer(scope["headers"]))
        elif question := _question(scope):
            answer = self.answer(question)
            await send(_with_content(answer) if question[-1][0] == TARGET else answer)
        elif path == "/healthz":
            await send(_YES)
        elif path == "/readyz":
            await send(_YES if self._copy.reader else _NO)
        elif path == "/stance":
            await self._tell_stance(send)
            return
        elif path in self.beside:
            await self.beside[path](scope, receive, send)
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
            "now": clock.system_now(),
            "problem": self._copy.problem,
            "behind": self._behind(),
            "counts": self.counts,
            "probe": self._probe.name if self._probe else "",
            "probed": self._probe.seen if self._probe else [],
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
            if query[3].lower() in self._types or not self._aside.isdisjoint(fields):
                return None
            record = reader.get(IDENTITY + query[2].lower())
            if record is None or authorization[:6] != b"Basic " or len(fields) != len(headers):
                return None
            login, colon, _ = a2b_base64(authorization[6:], strict_mode=True).partition(b":")
            # Lower-casing ASCII is enough: what equals a case-folded login after it is that login case-folded.
            # A login that begins with a control character is nobody's; a device of somebody without any has such a one.
            if not colon or login < b" " or not names(record, login.lower()):
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
        self._note(record, headers, reason)
        return answers.usual[reason]

    def _any(self, headers: Headers) -> Event:
        try:
            reason, parsed = self._decide(headers)
        except Exception:
            # Whatever it is, a 500 makes some phones throw their mailbox away. It is counted, and seen there.
            reason, parsed = "error", _UNREAD
        if self._probe and (asked := self._probe.answer(dict(headers).get(b"authorization"), reason)):
            return _probed(asked, parsed)
        self.counts[reason] += 1
        if reason != "passed-on":
            self._note((parsed, dict(headers).get(b"authorization")), headers, reason)
        answers = self._answers[self._judge.stance()]
        if reason not in answers.refused:
            return answers.usual[reason]
        return answers.refusals[reason, parsed.command, self._generation(parsed)]

    def _decide(self, headers: Headers) -> tuple[str, Request | Unidentified]:
        parsed = self._reader.read(headers)
        if isinstance(parsed, PassOn):
            return "passed-on", _UNREAD
        reader = self._copy.reader
        if reader is None:
            return self._copy.why_not, parsed
        if isinstance(parsed, Unidentified):
            return "unidentified", parsed
        ids, user, certificate, holds = parsed.device_ids, parsed.user, parsed.certificate, parsed.holds
        return self._judge.recognise(ids, user, certificate, holds, reader.get, reader.effects), parsed

    def _generation(self, parsed: Request | Unidentified) -> str:
        if isinstance(parsed, Request) and parsed.device_type.casefold() in self._judge.rules.plain_refusal_types:
            return "12"
        return generation(parsed.protocol)


def _question(scope: Scope) -> Headers | None:
    """The headers of a check, and what its path says; None where it is something else."""
    stem, beyond, _ = scope["path"][1:].partition("/")
    if stem not in ("check", "check-web"):
        return None
    headers: Headers = [*scope["headers"], WEB] if stem == "check-web" else list(scope["headers"])
    if beyond:
        prefix, raw, query = f"/{stem}".encode(), scope["raw_path"], scope["query_string"]
        if not raw.startswith(prefix + b"/"):  # the prefix itself was encoded: no proxy does that
            return None
        headers += [
            (METHOD, scope["method"].encode()),
            (TARGET, raw.removeprefix(prefix) + (b"?" + query if query else b"")),
        ]
    return headers


def _start(rules: DoorRules, stance: Stance, reason: str, command: str = "", of: str = "") -> Event:
    """The start of the answer for a reason: status and headers, made once."""
    does, would = rules.answer(reason, stance), rules.choice(reason)
    told = {"Verdict": does, "Reason": reason, "Command": command, "Generation": of}
    if would != does:
        told["Would"] = would
    headers = [(f"x-gatepost-{name.lower()}".encode(), value.encode()) for name, value in told.items() if value]
    return _event(_STATUS[does], headers)


def _probed(asked: Refused, parsed: Request | Unidentified) -> Event:
    """What the doctor wants to see, whatever the door's mode is."""
    told = {b"verdict": asked, b"command": parsed.command, b"generation": generation(parsed.protocol)}
    return _event(_STATUS[asked], [(b"x-gatepost-" + name, value.encode()) for name, value in told.items()])


def _event(status: int, headers: Headers | None = None) -> Event:
    headers = headers or []
    if status == 503:
        headers = [*headers, (b"retry-after", str(RETRY_AFTER).encode())]
    if status != 204:  # which has no length (RFC 9110, 8.6)
        headers = [*headers, (b"content-length", b"0")]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _with_content(start: Event) -> Event:
    """The start of an answer, with 200 and a length in place of 204."""
    if start["status"] != 204:
        return start
    return {**start, "status": 200, "headers": [*start["headers"], (b"content-length", b"0")]}


_YES: Final = _event(204)
_NO: Final = _event(503)
_NOT_FOUND: Final = _event(404)
