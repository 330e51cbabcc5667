"""Who opens mail with what: gathered beside the request path, told to the site about once a second.

A request costs one entry in a dictionary, whose value is the request's own headers; they are read, and forgotten with
their credentials, when a sighting is made of them. One sighting stands for any number of requests. What is kept is
bounded: whoever invents device ids fills `MOST` places, and what did not fit is counted.
"""

import threading
from collections.abc import Callable
from typing import Final, TypeAlias

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

LONGEST: Final = 200
"""Characters of what a client says of itself."""


class Sightings:
    """`note` and `see` may be called from any thread, `owed` and `told` from the one that tells the site.

    `dropped`: requests, or sightings, for which there was no place, since the site was last told.
    """

    def __init__(self, judge: Judge) -> None:
        self.dropped = 0
        self._judge = judge
        self._noted: dict[Key, tuple[Headers, str]] = {}
        self._owed: dict[tuple[str, str, str], Sighting] = {}
        self._lock = threading.Lock()

    def note(self, key: Key, headers: Headers, reason: str) -> None:
        """A request that opens mail."""
        noted = self._noted
        if len(noted) < MOST or key in noted:
            noted[key] = headers, reason
        else:
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
        """Everything that the site was not told yet."""
        noted, self._noted = self._noted, {}
        for key, (headers, reason) in list(noted.items()):  # a request that is on its way may still come into it
            self._read(key, dict(headers), reason)
        with self._lock:
            return tuple(self._owed.values())

    def told(self, sightings: tuple[Sighting, ...], dropped: int) -> None:
        """The site knows of these, and of so many that are not among them."""
        with self._lock:
            for sighting in sightings:
                if self._owed.get(sighting.key) == sighting:
                    del self._owed[sighting.key]
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
    return "".join(sign for sign in text[:LONGEST] if sign.isprintable())
