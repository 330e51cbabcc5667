"""Who asks, and with which device: what a proxy hands on, read by what this door believes. Never raises (I-30).

Proxies tell of a request in one of three ways, and a client may write the headers of another way itself. So where two
of them are there, they must say the same; a request that is told of in two ways is unidentified.
"""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from gatepost.doors.activesync import (
    OTHER,
    Parsed,
    PassOn,
    Request,
    Unidentified,
    Who,
    basic_user,
    login_candidates,
    parse,
    user_named,
)
from gatepost.doors.browser import says_mobile
from gatepost.doors.credentials import bearer_user, fingerprint

Headers = list[tuple[bytes, bytes]]
"""Of the proxy's question, names in lower case; and what its path says, under names that no client can send."""

METHOD: Final = b":method"
TARGET: Final = b":target"
"""The client's, where the question's own path holds them (Envoy)."""
WEB: Final = (b":web", b"")
"""The question is about a web application."""
CERTIFICATE: Final = b"x-gatepost-certificate"

_TOLD: Final = (
    (METHOD, TARGET),
    (b"x-original-method", b"x-original-uri"),
    (b"x-forwarded-method", b"x-forwarded-uri"),
)
_ASTRAY: Final = re.compile(rb"activesync|(^|/)\.\.?([/;]|$)|//|[\x00-\x1f]")
"""In a path with / for \\: what leads, or may lead, somewhere else than it seems."""

_MOST_ENCODINGS: Final = 5
"""Percent-encoded within percent-encoded; nobody writes that."""

_AUTHORIZATION: Final = b"authorization"
_VERSION: Final = b"ms-asprotocolversion"


class Sources(NamedTuple):
    """What this door believes of who asks.

    `users`: whence the user's name comes, the first that a request has: basic, certificate, header, bearer.
    `user_header`: with header, the one that the proxy sets. `bearer_claim`: with bearer, the claim. `certificates`: the
    proxy says which one it verified. `shared_types`: device types of cloud caches, case-folded.
    """

    users: tuple[str, ...] = ("basic",)
    user_header: str = ""
    bearer_claim: str = ""
    certificates: bool = False
    shared_types: frozenset[str] = frozenset()


class Reader:
    """Reads requests by these sources. `aside`: headers that make a request other than the usual one."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._header = sources.user_header.lower().encode() if "header" in sources.users else b""
        identifying = {self._header} if self._header else set()
        identifying |= {CERTIFICATE} if sources.certificates else set()
        told = {name for pair in _TOLD for name in pair}
        self._once = frozenset(told | identifying | {_AUTHORIZATION, _VERSION})
        unread = set() if "basic" in sources.users else {_AUTHORIZATION}
        self.aside = frozenset(told - set(_TOLD[1]) | identifying | unread | {WEB[0]})

    def read(self, headers: Headers) -> Parsed:
        """Who asks and with what, or why that cannot be said."""
        fields = dict(headers)
        if len(fields) != len(headers) and self._ambiguous(headers):
            return Unidentified("a header twice")
        methods, targets = (_told(fields, place) for place in (0, 1))
        if len(methods) > 1 or len(targets) > 1:
            return Unidentified("a request that is told of in two ways")
        certificate = fingerprint(fields.get(CERTIFICATE, b"")) if self._sources.certificates else ""
        if isinstance(certificate, Unidentified):
            return certificate
        method, target = next(iter(methods), b"POST"), next(iter(targets), b"")

        def who(authorization: bytes | None) -> Who:
            return self._who(fields, authorization, certificate)

        if WEB[0] in fields:
            return self._web(method, target, fields, certificate, who(fields.get(_AUTHORIZATION)))
        read = parse(method, target, fields.get(_AUTHORIZATION), fields.get(_VERSION), who)
        if not isinstance(read, Request):
            return read
        shared = bool(read.device_type) and read.device_type.casefold() in self._sources.shared_types
        return read._replace(certificate=certificate, holds="shared" if shared else "")

    def _ambiguous(self, headers: Headers) -> bool:
        names = [name for name, _ in headers]
        return any(names.count(name) > 1 for name in self._once)

    def _web(self, method: bytes, target: bytes, fields: Mapping[bytes, bytes], certificate: str, user: Who) -> Parsed:
        """A request to a web application, where a cookie may stand for a user whom nobody names here.

        The same mail server answers ActiveSync, and takes a path apart in its own way: what it could take for
        ActiveSync is no request to a web application.
        """
        if leads_astray(target):
            return Unidentified("a path that may lead elsewhere")
        if method.upper() == b"OPTIONS":
            return PassOn("OPTIONS opens no mail")
        mobile = says_mobile(fields.get(b"user-agent", b""), fields.get(b"sec-ch-ua-mobile", b""))
        named = user if isinstance(user, str) else None
        holds = "unidentified" if mobile else "browser"
        return Request(named, (), OTHER, "", "web", certificate=certificate, holds=holds)

    def _who(self, fields: Mapping[bytes, bytes], authorization: bytes | None, certificate: str) -> Who:
        """The user whom the sources name: the first of them, if all agree whom."""
        heard = [self._from(source, fields, authorization or b"") for source in self._sources.users]
        named = [user for user in heard if isinstance(user, str)]
        if unread := next((user for user in heard if isinstance(user, Unidentified)), None):
            return unread
        if named:
            alike = all(_alike(one, other) for one, other in combinations(named, 2))
            return named[0] if alike else Unidentified("two users are named")
        if certificate and "certificate" in self._sources.users:
            return None
        if authorization and not any(isinstance(user, PassOn) for user in heard):
            return Unidentified("credentials of a kind that this door does not read")
        return PassOn("no credentials")

    def _from(self, source: str, fields: Mapping[bytes, bytes], authorization: bytes) -> Who:
        """Whom one source names; None where the request has nothing of it."""
        scheme = authorization[:7].lower()
        match source:
            case "basic" if scheme.startswith(b"basic"):
                return basic_user(authorization)
            case "bearer" if scheme.startswith(b"bearer"):
                return bearer_user(authorization, self._sources.bearer_claim)
            case "header" if name := fields.get(self._header):
                return user_named(name)
            case _:
                return None


def leads_astray(target: bytes) -> bool:
    """Whether what serves a web application could find something else at this target, ActiveSync above all: however
    often it decodes a path, and whatever it does with dots, slashes and what follows a semicolon."""
    path = target.partition(b"?")[0]
    if b"#" in path:
        return True
    for _ in range(_MOST_ENCODINGS):
        if _ASTRAY.search(path.replace(b"\\", b"/").lower()):
            return True
        decoded = unquote_to_bytes(path)
        if decoded == path:
            return False
        path = decoded
    return True


def _told(fields: Mapping[bytes, bytes], place: int) -> set[bytes]:
    """What the ways to tell of a request say of its method (place 0) or its target (1)."""
    return {fields[way[place]] for way in _TOLD if way[place] in fields}


def _alike(one: str, other: str) -> bool:
    """Whether two names may be one user's: the same, or one of them without the domain of the other."""
    return one in login_candidates(other) or other in login_candidates(one)
