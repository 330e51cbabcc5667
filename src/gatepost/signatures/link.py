"""Addresses that one person was given: who and what they are about, sealed. Nobody else can make one, or read it.

Fernet (github.com/fernet/spec: AES-128-CBC under HMAC-SHA256, with the second of sealing), not a signature alone: a
mail is forwarded and printed, and the pseudonym that the ledger has, or a policy's name, should not stand in it.
"""

import base64
import hashlib
import hmac
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken

from gatepost.core.instant import SECOND, Duration, Instant
from gatepost.signatures.base64url import b64

_PLACES = 8
"""Letters and digits of a code: 40 bits, which nobody guesses by asking while one counts."""

_MISREAD = str.maketrans("018", "OIB")
"""What the alphabet of codes (RFC 4648 section 6) leaves out, and what whoever types it meant."""

_LONGEST = 1000
"""Characters; more is none of ours, and not worth opening."""


class Sealed(NamedTuple):
    """What a link is about: a person (by pseudonym) and a policy; and its end."""

    person: str
    policy: str
    until: Instant


def new_key() -> str:
    return Fernet.generate_key().decode("ascii")


def is_key(key: str) -> bool:
    """Whether this is a key: 32 bytes in base64 (RFC 4648 section 5)."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def seal(key: str, person: str, policy: str, at: Instant) -> str:
    """A token for an address: letters, digits, `-`, `_` and `=`; different each time."""
    return Fernet(key).encrypt_at_time(f"{person} {policy}".encode(), at // SECOND).decode("ascii")


def unseal(key: str, token: str, lasts: Duration, now: Instant) -> Sealed | None:
    """What the token is about; None if it is over, cut, changed, or sealed with another key."""
    if not token.isascii() or len(token) > _LONGEST:
        return None
    fernet = Fernet(key)
    try:
        person, _, policy = fernet.decrypt_at_time(token, lasts // SECOND, now // SECOND).decode().partition(" ")
        return Sealed(person, policy, fernet.extract_timestamp(token) * SECOND + lasts)
    except InvalidToken:
        return None


def code(key: str, about: str) -> str:
    """A code to be typed, such as KXQ4-M7TR, that nobody makes without the key, for one id that is never used again."""
    made = hmac.digest(key.encode("ascii"), b"gatepost code\0" + about.encode(), hashlib.sha256)
    signs = base64.b32encode(made).decode("ascii")[:_PLACES]
    return f"{signs[:4]}-{signs[4:]}"


def secret(key: str, about: str) -> str:
    """256 bits in letters that an address takes, that nobody makes without the key, for one id as of a code."""
    return b64(hmac.digest(key.encode("ascii"), b"gatepost link\0" + about.encode(), hashlib.sha256))


def is_code(key: str, about: str, typed: str) -> bool:
    """Whether somebody typed the code, in whatever case, with or without spaces and the hyphen."""
    signs = "".join(sign for sign in typed[:_LONGEST].upper() if sign.isascii() and sign.isalnum())
    return hmac.compare_digest(signs.translate(_MISREAD), code(key, about).replace("-", ""))
