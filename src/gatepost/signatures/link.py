"""Addresses that one person was given: who and what they are about, sealed. Nobody else can make one, or read it.

Fernet (github.com/fernet/spec: AES-128-CBC under HMAC-SHA256, with the second of sealing), not a signature alone: a
mail is forwarded and printed, and the pseudonym that the ledger has, or a policy's name, should not stand in it.
"""

from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken

from gatepost.core.instant import SECOND, Duration, Instant

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
