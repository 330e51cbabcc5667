"""The doctor's requests: for a moment a door refuses one made-up login, so that its refusals can be seen from outside.

    TABLE.probe   beside the door's copy TABLE, JSON: name (random), authorization (the whole header, made up), answer
                  (block or undecided), boot and until (this run of the machine, and when it ends: CLOCK_BOOTTIME,
                  milliseconds)

It is no way around the door: a probe is only ever refused, and a login that exists is none. Whoever can write there can
open the door anyway (see glass).
"""

import base64
import contextlib
import json
import secrets
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from gatepost import clock
from gatepost.core.instant import SECOND, Duration
from gatepost.doors.glass import lay, read

Refused = Literal["block", "undecided"]

LASTS: Final[Duration] = 30 * SECOND
"""A doctor that was killed leaves nothing behind that counts for longer."""

_MOST_SEEN: Final = 100


class Asked(NamedTuple):
    """What the door is to answer to which Authorization header, until when (CLOCK_BOOTTIME)."""

    name: str
    authorization: bytes
    answer: Refused
    until: int


class Probe:
    """What a running door knows of the doctor. `seen`: why it would have answered each probe as it would have."""

    def __init__(self, table: Path) -> None:
        self.asked: Asked | None = None
        self.seen: list[str] = []
        self._path = _path(table)

    @property
    def name(self) -> str:
        """Of what is asked now, "" if nothing is."""
        return self.asked.name if self.asked else ""

    def look(self) -> None:
        """To be called now and then, from any thread."""
        asked = _asked(self._path)
        if asked != self.asked:
            self.seen = []
            self.asked = asked

    def answer(self, authorization: bytes | None, reason: str) -> Refused | None:
        """How to refuse this request, if it is a probe."""
        asked = self.asked
        if asked is None or authorization != asked.authorization or clock.boot_elapsed() > asked.until:
            return None
        self._see(reason)
        return asked.answer

    def heard(self, login: str, reason: str) -> bool:
        """A proxy that decides by itself tells whom it saw, and answered as anybody: whether that was a probe."""
        if self.asked is None or login != _login(self.asked.authorization):
            return False
        self._see(reason)
        return True

    def _see(self, reason: str) -> None:
        del self.seen[_MOST_SEEN:]
        self.seen.append(reason)


def ask(table: Path, authorization: bytes, answer: Refused) -> str:
    """Have the door with this copy refuse what has this header. What it then says is probed by name. OSError."""
    forget(table)
    name = secrets.token_hex(8)
    facts = {"name": name, "authorization": authorization.decode("ascii"), "answer": answer, "boot": clock.boot_id()}
    lay(_path(table), json.dumps(facts | {"until": clock.boot_elapsed() + LASTS}).encode())
    return name


def forget(table: Path) -> None:
    """The doctor is done."""
    _path(table).unlink(missing_ok=True)


def _login(authorization: bytes) -> str:
    """Of Basic credentials (RFC 7617), as a door writes logins; "" of others."""
    with contextlib.suppress(ValueError):
        return base64.b64decode(authorization[len("Basic ") :], validate=True).decode().partition(":")[0].casefold()
    return ""


def _path(table: Path) -> Path:
    return table.with_name(f"{table.name}.probe")


def _asked(path: Path) -> Asked | None:
    """None if nothing is asked, or not any more; what cannot be read asks nothing."""
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        facts = json.loads(read(path))
        asked = Asked(facts["name"], str(facts["authorization"]).encode(), facts["answer"], int(facts["until"]))
        left = asked.until - clock.boot_elapsed() if facts["boot"] == clock.boot_id() else 0
        return asked if 0 < left <= LASTS and asked.answer in get_args(Refused) else None
    return None
