"""What a user or a device is known by besides Basic credentials: a bearer token's claims, a client certificate.

Neither is verified here: the mail server verifies the token, the proxy the certificate. Whatever the bytes, nothing
raises (I-30), and nothing of a token is kept or logged.
"""

import binascii
import hashlib
import json
import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from gatepost.doors.activesync import Unidentified, user_named

LONGEST_TOKEN: Final = 16 * 1024
LONGEST_CERTIFICATE: Final = 32 * 1024
"""Bytes, percent-encoded."""
MOST_BRACKETS: Final = 500
"""{ and [ in a token's claims: more could be nested deeper than every reader follows."""

_FINGERPRINT: Final = re.compile(rb"[0-9a-fA-F]{64}")
OF_NOTHING: Final = hashlib.sha256(b"").hexdigest()
"""What Caddy says where a client showed no certificate."""
_PEM: Final = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")


def bearer_user(authorization: bytes, claim: str) -> str | Unidentified:
    """The user that a bearer token (RFC 6750, 2.1) names in a claim, if it is a signed JWT (RFC 7519; RFC 7515, 7.1).

    To look up only: whoever makes a token up names whom they like, and the mail server turns them away.
    """
    found = _TOKEN.fullmatch(authorization[6:].strip(b" ")) if len(authorization) <= LONGEST_TOKEN else None
    payload = _payload(found[1]) if found else None
    if payload is None:
        return Unidentified("a bearer token that cannot be read")
    name = payload.get(claim)
    if not isinstance(name, str):
        return Unidentified("a bearer token without the claim that names the user")
    return user_named(name.encode("utf-8", "surrogatepass"))


def fingerprint(sent: bytes) -> str | Unidentified:
    """The lower-case hex of a certificate's SHA-256, from that hex or from the certificate: PEM (RFC 7468, 5),
    percent-encoded or with its line ends made spaces. "" if none was sent."""
    if _FINGERPRINT.fullmatch(sent):
        plain = sent.decode("ascii").lower()
        return "" if plain == OF_NOTHING else plain
    if not sent:
        return ""
    pem = _PEM.fullmatch(unquote_to_bytes(sent)) if len(sent) <= LONGEST_CERTIFICATE else None
    try:
        der = binascii.a2b_base64(b"".join(pem[1].split()), strict_mode=True) if pem else b""
    except binascii.Error:
        der = b""
    return hashlib.sha256(der).hexdigest() if der else Unidentified("a certificate that cannot be read")


def _payload(segment: bytes) -> dict[str, Any] | None:
    """A token's claims. None where they are no JSON object, or one that can be read in two ways."""
    try:
        text = binascii.a2b_base64(segment.translate(_URL_SAFE) + b"=" * (-len(segment) % 4), strict_mode=True)
        nested = text.count(b"{") + text.count(b"[")
        claims = json.loads(text.decode(), object_pairs_hook=_once) if nested <= MOST_BRACKETS else None
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a claim twice")
    return found
