"""The one form of a JSON value that is hashed and signed (RFC 8785), and the hash by which it is named."""

from hashlib import sha256
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The value in canonical UTF-8 bytes. Raises ValueError for what has no canonical form: whole numbers beyond 53
    bits, NaN and infinities, lone surrogates, keys that are not strings, and types that JSON does not know."""
    return rfc8785.dumps(value)


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hex: 64 characters."""
    return sha256(data).hexdigest()
