"""Device passwords: what a person types into a mail program once, and what a door keeps to recognise it.

A password is a selector, which is public and finds the entry, and a secret of 100 random bits. It is written in small
letters and digits that no font confuses, in groups: `k7m2p-q4xab-...`. Hyphens, blanks and capitals do not matter.

What is kept is SHA-256 over a salt and the secret. A slow hash (RFC 9106) protects passwords that people choose, which
can be guessed; nobody guesses 100 bits at any speed. It would only be a lever for whoever wants to stall logins.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

from gatepost.doors.entry import Secret

ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 signs, 5 bits each; without l and 1, o and 0."""

SELECTOR_LENGTH: Final = 8
SECRET_LENGTH: Final = 20
GROUP: Final = 4
SALT_BYTES: Final = 16
LONGEST_TYPED: Final = 200
"""Characters; nothing longer can be a device password, however it is spaced."""

LABEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""Of a password: mail servers take it as a part of a user's name."""

NO_SECRET: Final = Secret(bytes(SALT_BYTES), bytes(32), "")
"""Stands for the secret of a selector that nobody has: no password has this digest that anybody could find."""

_IGNORED: Final = str.maketrans("", "", "- \t\u00a0\u2010\u2011\u2013")
"""What people, and keyboards that mean well, write between the groups."""


class DevicePassword(NamedTuple):
    selector: str
    secret: str

    def __str__(self) -> str:
        """As it is shown, once."""
        signs = self.selector + self.secret
        return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


def new_password() -> DevicePassword:
    return DevicePassword(_random(SELECTOR_LENGTH), _random(SECRET_LENGTH))


def read_password(typed: str) -> DevicePassword | None:
    """What somebody typed; None if it cannot be a device password."""
    if len(typed) > LONGEST_TYPED:
        return None
    signs = typed.translate(_IGNORED).lower()
    if len(signs) != SELECTOR_LENGTH + SECRET_LENGTH or not set(signs) <= set(ALPHABET):
        return None
    return DevicePassword(signs[:SELECTOR_LENGTH], signs[SELECTOR_LENGTH:])


def keep(secret: str, label: str) -> Secret:
    """What is kept of a new password, under a salt of its own."""
    salt = secrets.token_bytes(SALT_BYTES)
    return Secret(salt, _digest(salt, secret), label)


def fits(secret: str, kept: Secret) -> bool:
    """Whether this is the secret that was kept; takes as long if it is not."""
    return hmac.compare_digest(_digest(kept.salt, secret), kept.digest)


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode("ascii")).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
