"""A login at a mail server that knows a device by its password: IMAP, and submission by the same.

    POST /login   JSON: user, password; texts, at most `MOST_BYTES` in all
                  200, JSON: result, and with ok: user, the session's name LOGIN+LABEL, and login
                    ok           let it in
                    mismatch     no such password, or not this user's
                    disabled     the right password; the door refuses the device
                    unavailable  it cannot be decided now
                  400 not such a question

Without a copy nobody gets in, whatever `on_no_copy` says: what passwords are checked by is in the copy. In observe mode
and with the glass broken, whoever has the right password gets in.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from gatepost.doors.check import Receive, Scope, Send
from gatepost.doors.device_password import NO_SECRET, DevicePassword, fits, read_password
from gatepost.doors.entry import decode_secret, encode_secret, names, password_key, secret_key
from gatepost.doors.judge import Choice, Judge
from gatepost.doors.sessions.labels import BETWEEN
from gatepost.doors.table import SEAL, Reader

PATH: Final = "/login"
RESULTS: Final = ("ok", "mismatch", "disabled", "unavailable")
MOST_BYTES: Final = 4096

See = Callable[[str, str, str, str], None]
"""Told of a login with a password that there is: login, kind of identity, identity, reason (see Sighting)."""

_RESULT: Final[Mapping[Choice, str]] = {"allow": "ok", "warn": "ok", "block": "disabled", "undecided": "unavailable"}
_NOBODY: Final = DevicePassword("", "")
"""What cannot be a password is looked for like one that can, and costs the same."""
_NO_SECRET: Final = encode_secret(NO_SECRET)

_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """`user`: case-folded."""

    user: str
    password: str


class Login:
    """The ASGI application. May be asked in the thread that reads the copy. `counts`: how often each result was told
    since the start."""

    def __init__(self, judge: Judge, see: See) -> None:
        self.counts = dict.fromkeys(RESULTS, 0)
        self._judge, self._see = judge, see

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _read(await _body(receive)) if scope["method"] == "POST" else None
        if asked is None:
            await _respond(send, 400, {"error": "expected by POST a JSON object with the texts user and password"})
            return
        try:
            answer = self.answer(asked)
        except Exception:
            _log.exception("a login could not be decided")
            answer = {"result": "unavailable"}
        self.counts[answer["result"]] += 1
        await _respond(send, 200, answer)

    def answer(self, asked: Asked) -> dict[str, str]:
        """The answer's fields."""
        reader = self._judge.copy.reader
        if reader is None:
            refuse = self._judge.rules.on_no_copy == "block"
            return {"result": "disabled" if refuse else "unavailable"}
        password = read_password(asked.password) or _NOBODY
        kept = reader.get(secret_key(password.selector))
        secret = decode_secret(kept[:-SEAL] if kept else _NO_SECRET)
        if not fits(password.secret, secret):
            return {"result": "mismatch"}
        reason = self._reason(password.selector, asked.user, reader)
        self._see(asked.user, "password", password.selector, reason)
        if reason == "foreign":
            return {"result": "mismatch"}
        result = _RESULT[self._judge.answer(reason)]
        if result != "ok":
            return {"result": result}
        return {"result": result, "login": asked.user, "user": asked.user + BETWEEN + secret.label}

    def _reason(self, selector: str, user: str, reader: Reader) -> str:
        """As the judge says; but whose password it is cannot be a matter of modes, since nobody else asks.

        The login must be one of the owner's to the letter: what a check may take for another form of it could be
        somebody else's mailbox here. A shared device has no logins, so its passwords open nothing.
        """
        key = password_key(selector)
        standing = reader.get(key)
        told = user.isprintable() and user.encode()  # no control signs: one of them stands for somebody without logins
        if standing is None or not told or not names(standing, told):
            return "foreign"
        return self._judge.look_up([key], user, reader.get, reader.effects)


async def _body(receive: Receive) -> bytes:
    """The whole body, or the beginning of one that is too long."""
    body = b""
    while len(body) <= MOST_BYTES:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    return body


def _read(body: bytes) -> Asked | None:
    """What is asked; None if it is no such question. Bytes that are not UTF-8 are odd passwords', which match none."""
    if len(body) > MOST_BYTES:
        return None
    try:
        data: Any = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    user, password = (data.get(name) if isinstance(data, dict) else None for name in ("user", "password"))
    if not isinstance(user, str) or not isinstance(password, str):
        return None
    return Asked(user.casefold(), password)


async def _respond(send: Send, status: int, answer: Mapping[str, str]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
