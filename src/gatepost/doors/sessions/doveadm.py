"""IMAP sessions (and others that a device password opened) at Dovecot, by doveadm's HTTP API (Dovecot 2.3 and later).

    POST /doveadm/v1   Authorization: X-Dovecot-API BASE64-OF-THE-KEY
    [["who", {"separateConnections": true, "mask": ["*+*"]}, TAG]]
                       -> [["doveadmResponse", [{"username": ..., "service": ..., "pid": ..., "ip": ...}, ...], TAG]]
    [["kick", {"mask": ["alice+phone1"]}, TAG], ...]
                       -> [["doveadmResponse", ..., TAG] or ["error", {"type": "exitCode", "exitCode": 68}, TAG], ...]

Without `separateConnections` 2.3 answers what is no JSON. A kick takes one mask, and ends every process that serves
such a user: exactly that device's as long as a process serves one client, which is Dovecot's default (`client_limit`).
Where it serves more, those are cut too and come back; the block goes first. Dovecot logs each command.
"""

import base64
import http.client
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from gatepost.doors.sessions.labels import BETWEEN, Labels
from gatepost.doors.sessions.watch import Session, SessionsUnknown

PATH: Final = "/doveadm/v1"
TIMEOUT: Final = 2.0
"""Seconds for each answer."""

LONGEST_ANSWER: Final = 64 << 20
"""Bytes: about half a million sessions."""

_NOBODY: Final = 68
"""Exit code of a kick when no such session is there (EX_NOHOST of sysexits.h)."""

_WILDCARDS: Final = frozenset("*?")


class DoveadmSessions:
    """`url`: of the API, without its path. `key_file`: its key on the first line; read each time, as it may change."""

    def __init__(self, url: str, key_file: Path, labels: Labels) -> None:
        self.name = f"Dovecot ({url})"
        self._url = urlsplit(url)
        self._key_file = key_file
        self._labels = labels

    def sessions(self) -> Sequence[Session]:
        """One for each device that a device password lets in, however many connections it has. SessionsUnknown."""
        (listed,) = self._ask([["who", {"separateConnections": True, "mask": [f"*{BETWEEN}*"]}, "0"]])
        try:
            names = dict.fromkeys(str(line["username"]) for line in listed[1])
        except (LookupError, TypeError) as error:
            raise self._not_understood("a list of sessions without names") from error
        return [session for name in names if (session := self._labels.find(name))]

    def end(self, sessions: Sequence[Session]) -> None:
        """All connections of these devices. SessionsUnknown."""
        names = [session.handle for session in sessions]
        exact = [name for name in names if _WILDCARDS.isdisjoint(name)]
        answers = self._ask([["kick", {"mask": [name]}, str(number)] for number, name in enumerate(exact)])
        for answer in answers:
            if answer[0] != "doveadmResponse" and answer[1] != {"type": "exitCode", "exitCode": _NOBODY}:
                raise self._not_understood(f"to a kick {answer[1]}")
        if len(exact) < len(names):
            raise SessionsUnknown(
                f"open sessions at {self.name} cannot be ended one by one: their login holds * or ?, which stand for"
                " other logins too. Leave these out of auth_username_chars"
            )

    def _ask(self, commands: Sequence[object]) -> Sequence[Any]:
        """The answer to each command. SessionsUnknown."""
        if not commands:
            return []
        status, body = self._post(json.dumps(commands).encode())
        if status == http.client.UNAUTHORIZED:
            text = f"does not take the key in {self._key_file}; it must be Dovecot's doveadm_api_key"
            raise SessionsUnknown(f"open sessions at {self.name} cannot be ended: it {text}")
        try:
            answers = json.loads(body) if status == http.client.OK else None
        except ValueError:
            answers = None
        if not isinstance(answers, list) or len(answers) != len(commands) or not all(map(_is_answer, answers)):
            raise self._not_understood(f"with status {status} and {len(body)} bytes that are no answer")
        return answers

    def _post(self, body: bytes) -> tuple[int, bytes]:
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        try:
            key = self._key_file.read_text(encoding="utf-8").partition("\n")[0].strip()
            connection = kind(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
            try:
                connection.request("POST", PATH, body, _headers(key))
                answer = connection.getresponse()
                return answer.status, answer.read(LONGEST_ANSWER)
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise SessionsUnknown(
                f"open sessions at {self.name} cannot be ended: {error!r}. Does Dovecot run, with"
                " the listener that `gatepost door config dovecot` writes?"
            ) from error

    def _not_understood(self, answer: str) -> SessionsUnknown:
        """`answer`: without anybody's name, since problems are listed and logged."""
        return SessionsUnknown(f"open sessions at {self.name} cannot be ended: it answers {answer}")


def _headers(key: str) -> dict[str, str]:
    token = base64.b64encode(key.encode()).decode("ascii")
    return {"Authorization": f"X-Dovecot-API {token}", "Content-Type": "application/json"}


def _is_answer(answer: object) -> bool:
    return isinstance(answer, list) and len(answer) == 3
