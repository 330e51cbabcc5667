"""An OpenID provider, asked over HTTP: where its parts are (OpenID Connect Discovery 1.0), which keys it has (RFC 7517)
and for an ID token in exchange for a code (OpenID Connect Core 1.0 section 3.1.3, RFC 7636).

Strangers can make us ask it. So few ask at once, and while it does not answer nobody waits for it: the threads that
answer pages are those by which a policy is retracted.
"""

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gatepost.clock import boot_elapsed, system_now
from gatepost.core.instant import HOUR, MINUTE, SECOND, Duration

WITHIN: Final = 5.0
"""Seconds for each step of a request."""

LARGEST: Final = 512 * 1024
"""Bytes of an answer."""

AT_ONCE: Final = 8
"""So many sign-ins exchange their codes at one time; one more is told to try again."""

KNOWN_FOR: Final[Duration] = HOUR

KEYS_AGAIN_AFTER: Final[Duration] = MINUTE
"""A token by a key that we do not know makes us ask for the keys again, but not all the time."""

AWAY_FOR: Final[Duration] = 10 * SECOND
"""So long nobody asks again after it did not answer."""

DISCOVERY: Final = "/.well-known/openid-configuration"

T = TypeVar("T")


class Away(Exception):
    """It does not answer, or not so that it can be understood; the text says why."""


class Denied(Exception):
    """It answers, and refuses; the text is its error code (RFC 6749 section 5.2)."""


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider. `secret`: "" for a client that has none (RFC 6749 section 2.1). `scopes`: besides
    openid."""

    issuer: str
    id: str
    secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()


class Metadata(NamedTuple):
    """Where its parts are. `methods`: how a client with a secret shows it. `ahead`: by how many milliseconds its clock
    is before ours, to the second; 0 if it does not say."""

    authorization: str
    token: str
    keys: str
    methods: tuple[str, ...]
    ahead: Duration


class Provider:
    """One provider, with what it said of itself lately."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._metadata = _Kept(self.examine)
        self._keys = _Kept(lambda: _keys(self._metadata.newer_than(KNOWN_FOR).keys))
        self._exchanging = threading.BoundedSemaphore(AT_ONCE)

    def examine(self) -> Metadata:
        """Where its parts are, asked now. Away."""
        url = self.client.issuer.rstrip("/") + DISCOVERY
        said, ahead = _answer(url)
        if said.get("issuer") != self.client.issuer:  # Discovery section 4.3
            raise Away(f"{url} is of the issuer {str(said.get('issuer'))[:200]!r}, not of {self.client.issuer!r}")
        scheme = urlsplit(self.client.issuer).scheme
        parts = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        places = [part for part in parts if isinstance(part, str) and urlsplit(part).scheme in ("https", scheme)]
        if len(places) != len(parts):
            raise Away(f"{url} does not say where to sign in, where to get a token and which keys it has")
        methods = said.get("token_endpoint_auth_methods_supported")
        named = tuple(map(str, methods)) if isinstance(methods, list) else ("client_secret_basic",)
        return Metadata(places[0], places[1], places[2], named, ahead)

    def address(self, back: str, about: Mapping[str, str]) -> str:
        """Where a browser is sent to sign in (Core section 3.1.2.1). `back`: whither it comes back. Away."""
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": back,
            "scope": " ".join(("openid", *self.client.scopes)),
            **about,
        }
        place = self._metadata.newer_than(KNOWN_FOR).authorization
        return place + ("&" if "?" in place else "?") + urlencode(asked, quote_via=quote)

    def keys(self, *, anew: bool = False) -> KeySet:
        """Its public keys. `anew`: a token was signed by a key that is none of them. Away."""
        return self._keys.newer_than(KEYS_AGAIN_AFTER if anew else KNOWN_FOR)

    def redeem(self, code: str, verifier: str, back: str) -> str:
        """The ID token for a code. Away; Denied."""
        metadata, client = self._metadata.newer_than(KNOWN_FOR), self.client
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if client.secret and "client_secret_basic" in metadata.methods:  # RFC 6749 section 2.3.1
            pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
        else:
            fields |= {"client_id": client.id} | ({"client_secret": client.secret} if client.secret else {})
        if not self._exchanging.acquire(blocking=False):
            raise Away("too many people are signing in at once")
        try:
            said, _ = _answer(metadata.token, urlencode(fields).encode(), headers)
        finally:
            self._exchanging.release()
        token = said.get("id_token")
        if not isinstance(token, str):
            raise Away("it answered without an ID token")
        return token


class _Kept(Generic[T]):
    """What was asked for, kept for a while. One asks at a time; another that comes meanwhile takes what is there."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask, self._lock = ask, threading.Lock()
        self._found: tuple[int, T] | None = None
        self._failed: tuple[int, Away] | None = None

    def newer_than(self, age: Duration) -> T:
        """Away, at once if somebody else is asking or has just asked in vain."""
        now = boot_elapsed()
        if self._found and now - self._found[0] < age:
            return self._found[1]
        if self._failed and now - self._failed[0] < AWAY_FOR:
            raise Away(str(self._failed[1]))
        if not self._lock.acquire(blocking=False):
            if self._found:
                return self._found[1]
            raise Away("it is being asked just now")
        try:
            found = self._ask()
        except Away as error:
            self._failed = now, error
            raise
        finally:
            self._lock.release()
        self._found, self._failed = (now, found), None
        return found


def _keys(url: str) -> KeySet:
    """The keys for signatures there; those of a kind that we do not know are left out."""
    said, _ = _answer(url)
    listed = said.get("keys")
    known = [
        key
        for key in (listed if isinstance(listed, list) else ())
        if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": known})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Away(f"{url} holds a key that cannot be read") from error


def _answer(
    url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[Mapping[str, Any], Duration]:
    """The JSON object at an address, and how far its clock is ahead; with a body it is posted. Nothing is followed.

    Away; Denied where it answers a POST with 400 or 401 (RFC 6749 section 5.2).
    """
    try:
        status, date, content = _exchanged(url, body, headers or {})
        said = json.loads(content)
    except (OSError, http.client.HTTPException) as error:
        raise Away(f"{url} does not answer: {str(error) or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise Away(f"what {url} answers is no JSON") from error
    if not isinstance(said, dict):
        raise Away(f"what {url} answers is no JSON object")
    if body is not None and status in (400, 401):
        raise Denied(str(said.get("error", status))[:100])
    if status != 200:
        raise Away(f"{url} answers with status {status}")
    return said, _ahead(date)


def _exchanged(url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Status, date and body of one request's answer. OSError, HTTPException, ValueError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=WITHIN, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=WITHIN)
    try:
        place = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET" if body is None else "POST", place, body, {"accept": "application/json", **headers})
        answer = connection.getresponse()
        content = answer.read(LARGEST + 1)
    finally:
        connection.close()
    if len(content) > LARGEST:
        raise ValueError("longer than anything that we ask for")
    return answer.status, answer.getheader("date", ""), content


def _ahead(date: str) -> Duration:
    try:
        said = round(parsedate_to_datetime(date).timestamp()) * SECOND
    except (ValueError, TypeError):
        return 0
    return said - system_now() // SECOND * SECOND
