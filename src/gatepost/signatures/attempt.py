"""A sign-in that was begun in a browser and is not done yet: kept by the browser alone, sealed, so that whoever only
begins writes nothing here, and nobody makes up when it began.

What goes to others is derived from its secret, each for one purpose; none of these leads to another.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final, NamedTuple

from cryptography.fernet import Fernet, InvalidToken

from gatepost.core.instant import MINUTE, SECOND, Duration, Instant
from gatepost.signatures.base64url import b64

LASTS: Final[Duration] = 10 * MINUTE

_LONGEST: Final = 500
"""Characters of a sealed one."""


class Attempt(NamedTuple):
    """`fresh`: an older sign-in is not enough. `begun_at`: to the second."""

    secret: str
    fresh: bool
    begun_at: Instant

    @property
    def state(self) -> str:
        """Comes back with the browser (RFC 6749 section 10.12)."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token (OpenID Connect Core 1.0 section 3.1.2.1)."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Shows that whoever redeems the code has asked for it (RFC 7636 section 4.1)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The same, as it is asked with: S256 (section 4.2)."""
        return b64(hashlib.sha256(self.verifier.encode()).digest())

    @property
    def for_passkey(self) -> bytes:
        """What a passkey is asked to sign (Web Authentication Level 2 section 13.4.3)."""
        return self._made("passkey")

    def _derived(self, purpose: str) -> str:
        return b64(self._made(purpose))

    def _made(self, purpose: str) -> bytes:
        return hmac.digest(self.secret.encode(), purpose.encode(), hashlib.sha256)


def begin(key: str, now: Instant, *, fresh: bool) -> tuple[Attempt, str]:
    """A new one, and how the browser keeps it. `key`: that of links (link.py)."""
    secret = secrets.token_urlsafe(32)
    sealed = _fernet(key).encrypt_at_time(f"{'fresh' if fresh else 'any'} {secret}".encode(), now // SECOND)
    return Attempt(secret, fresh, now // SECOND * SECOND), sealed.decode("ascii")


def opened(key: str, sealed: str, now: Instant) -> Attempt | None:
    """What a browser shows; None if it is over, or none of ours: without a key all are none, since anybody could seal
    by ""."""
    if not key or not sealed.isascii() or not 0 < len(sealed) <= _LONGEST:
        return None
    fernet = _fernet(key)
    try:
        kind, _, secret = fernet.decrypt_at_time(sealed, LASTS // SECOND, now // SECOND).decode().partition(" ")
        return Attempt(secret, kind == "fresh", fernet.extract_timestamp(sealed) * SECOND)
    except InvalidToken:
        return None


def _fernet(key: str) -> Fernet:
    """Under a key of its own, so that no link to somebody's page can be shown for an attempt, or the other way."""
    return Fernet(base64.urlsafe_b64encode(hmac.digest(key.encode("ascii"), b"gatepost sign-in", hashlib.sha256)))
