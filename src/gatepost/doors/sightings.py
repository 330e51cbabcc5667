"""Who opens mail with what: gathered beside the request path, told to the site about once a second.

A request costs a look into a dictionary. Only the first for a while costs an entry, whose value is the request's own
headers; they are read, some at a time, and forgotten with their credentials, when a sighting is made of them. One
sighting stands for any number of requests. What is kept is bounded, in number and in bytes: whoever invents device ids
fills the places there are, and what did not fit is counted.
"""

import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from gatepost.core.instant import MINUTE, Duration
from gatepost.doors.activesync import Parsed, Request, basic_user, parse
from gatepost.doors.entry import identity_key
from gatepost.doors.judge import Judge
from gatepost.doors.report import Sighting
from gatepost.doors.request import Headers

Key: TypeAlias = bytes | tuple[Parsed, bytes | None]
"""What is equal for requests that may stand for one another: the device's record for the usual request, which is not
parsed yet; else what it was read as, and its credentials."""

Note: TypeAlias = Callable[[Key, Headers, str], None]

MOST: Final = 10_000
"""Different ones kept until the site was told, and as many requests until they are read."""

MOST_BYTES: Final = 16 * 2**20
"""Of the headers of requests that are not read yet."""

READ: Final = 1_000
"""Requests that are read at once: 50 ms of processor time, about once a second. The others wait."""

AGAIN: Final[Duration] = 10 * MINUTE
"""How long the same is not read again. What is other than before, in the device's record too, is news."""

LONGEST: Final = 200
"""Characters of what a client says of itself."""


class Sightings:
    """`note` and `see` may be called from any thread, `owed` and `told` from the one that tells the site.

    `dropped`: requests, or sightings, for which there was no place, since the site was last told.
    """

    def __init__(self, judge: Judge) -> None:
        self.dropped = 0
        self._judge = judge
        self._lately: dict[int, str] = {}
        self._since = judge.copy.time.now()
        self._noted: dict[Key, tuple[Headers, str]] = {}
        self._bytes = 0
        self._unread: list[tuple[Key, tuple[Headers, str]]] = []
        self._owed: dict[tuple[str, str, str], Sighting] = {}
        self._lock = threading.Lock()

    def note(self, key: Key, headers: Headers, reason: str) -> None:
        """A request that opens mail."""
        mark = hash(key)
        if self._lately.get(mark) == reason:
            return
        size = sum(len(name) + len(value) for name, value in headers)
        if len(self._noted) < MOST and self._bytes + size <= MOST_BYTES:
            self._lately[mark] = reason
            self._noted[key] = headers, reason
            self._bytes += size
        else:
            with self._lock:
                self.dropped += 1

    def see(
        self, login: str, kind: str, identity: str, reason: str, *, device_type: str = "", user_agent: str = ""
    ) -> None:
        """A login or a request that somebody else has read already; fields as in Sighting."""
        now = self._judge.copy.time.now()
        sighting = Sighting(
            login=plain(login).casefold(),
            kind=kind,
            identity=plain(identity.casefold() if kind == "activesync" else identity),
            device_type=plain(device_type),
            user_agent=plain(user_agent),
            first=now,
            last=now,
            reason=reason,
            would=self._judge.rules.choice(reason),
        )
        with self._lock:
            earlier = self._owed.get(sighting.key)
            if earlier:
                self._owed[sighting.key] = sighting._replace(first=earlier.first)
            elif len(self._owed) < MOST:
                self._owed[sighting.key] = sighting
            else:
                self.dropped += 1

    def owed(self) -> tuple[Sighting, ...]:
        """What the site was not told yet; where very much was noted, a part of it."""
        now = self._judge.copy.time.now()
        if not 0 <= now - self._since < AGAIN:
            self._lately, self._since = {}, now
        if not self._unread:
            noted, self._noted, self._bytes = self._noted, {}, 0
            self._unread = list(noted.items())  # a request that is on its way may still come into it
        part, self._unread = self._unread[:READ], self._unread[READ:]
        for key, (headers, reason) in part:
            self._read(key, dict(headers), reason)
        with self._lock:
            return tuple(self._owed.values())

    def told(self, sightings: tuple[Sighting, ...], dropped: int) -> None:
        """The site knows of these, and of so many that are not among them."""
        with self._lock:
            for sighting in sightings:
                if self._owed.get(sighting.key) == sighting:
                    del self._owed[sighting.key]
        with self._lock:
            self.dropped -= dropped

    def _read(self, key: Key, fields: dict[bytes, bytes], reason: str) -> None:
        parsed = key[0] if isinstance(key, tuple) else _usual(fields)
        agent = fields.get(b"user-agent", b"").decode("utf-8", "replace")
        if isinstance(parsed, Request):
            kind, identity = self._identity(parsed, reason)
            user = parsed.user or ""
            self.see(user, kind, identity, reason, device_type=parsed.device_type, user_agent=agent)
        else:
            login = basic_user(fields.get(b"authorization"))
            self.see(login if isinstance(login, str) else "", "", "", reason, user_agent=agent)

    def _identity(self, request: Request, reason: str) -> tuple[str, str]:
        """Kind and id of what the request was recognised by; of several names of one device, the one that is known."""
        if request.certificate:
            return "certificate", request.certificate
        if reason in ("unidentified", "shared") or not request.device_ids:
            return "", ""  # a cloud cache's id, say, that stands for many phones
        reader = self._judge.copy.reader
        known = [name for name in request.device_ids if reader and reader.get(identity_key(name))]
        return "activesync", (known or request.device_ids)[0]


def _usual(fields: dict[bytes, bytes]) -> Parsed:
    return parse(b"POST", fields[b"x-original-uri"], fields[b"authorization"], None)


def plain(text: str) -> str:
    """What a client said, cut, without what cannot be seen: it goes into lists that people read (I-36)."""
    cut = text[:LONGEST]
    return cut if cut.isprintable() else "".join(sign for sign in cut if sign.isprintable())
