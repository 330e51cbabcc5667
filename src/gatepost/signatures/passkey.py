"""Passkeys (Web Authentication Level 2): what an authenticator says of a key that it made, and what it signs.

A passkey is kept as OpenSSH keeps a security key, `sk-ecdsa-sha2-nistp256@openssh.com` with the site's name (rp id) as
its application, and its assertion over a challenge is a signature in OpenSSH's format for such keys in browsers
(PROTOCOL.u2f, `webauthn-sk-ecdsa-sha2-nistp256@openssh.com`). So what checks an SSH signature checks a passkey's too.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, utils

from gatepost.signatures import ssh
from gatepost.signatures.base64url import b64
from gatepost.signatures.ssh_key import (
    ATTESTED,
    PASSKEY_SIGNATURE,
    PRESENT,
    SECURITY_KEY,
    VERIFIED,
    read_blob,
    read_line,
)
from gatepost.signatures.ssh_wire import mpint, string

_HEAD: Final = 37
"""Bytes of authenticator data before anything else: hash of the rp id, flags, counter."""

_KEY_BEFORE_X, _KEY_BEFORE_Y = bytes.fromhex("a5010203262001215820"), bytes.fromhex("225820")
"""An ES256 key as COSE (RFC 9053 section 7.1.1) in the one form that authenticators may write (section 6.5.1.1)."""

LONGEST: Final = 4000
"""Characters of anything that a browser says of a passkey; longer is none of ours."""


class Assertion(NamedTuple):
    """What an authenticator answers to a challenge (section 5.2.2), as bytes. `signature`: in DER."""

    credential: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes


class Registered(NamedTuple):
    """A new passkey. `credential`: its id, in base64url. `public_key`: its line, as of an SSH key."""

    credential: str
    public_key: str


class Bound(NamedTuple):
    """Where a passkey is good: the site's name, and the origin of its pages."""

    rp_id: str
    origin: str


def assertion(fields: Mapping[str, str]) -> Assertion:
    """From the fields of a form, each in base64url. ValueError."""
    names = ("credential", "authenticator_data", "client_data", "signature")
    return Assertion(*(unb64(fields.get(name, "")) for name in names))


def registered(client_data: bytes, authenticator_data: bytes, challenge: bytes, bound: Bound) -> Registered:
    """What a browser says that was asked for a new passkey (section 7.1, without attestation: what made it, nobody
    asks). ValueError."""
    _said(client_data, "webauthn.create", challenge, bound)
    wanted = PRESENT | VERIFIED | ATTESTED
    if authenticator_data[32:33] == b"" or authenticator_data[32] & wanted != wanted:
        raise ValueError("the authenticator did not make a key for somebody who showed it who they are")
    if not hmac.compare_digest(authenticator_data[:32], sha256(bound.rp_id.encode()).digest()):
        raise ValueError("the passkey is for another site")
    rest = authenticator_data[_HEAD + 16 :]  # after the kind of authenticator
    length = int.from_bytes(rest[:2], "big")
    credential, key = rest[2 : 2 + length], rest[2 + length :]
    if not 16 <= length <= 1023 or len(credential) != length:
        raise ValueError("the passkey has no id that can be")
    x, after = key[len(_KEY_BEFORE_X) :][:32], key[len(_KEY_BEFORE_X) + 32 :]
    y = after[len(_KEY_BEFORE_Y) :][:32]
    if not key.startswith(_KEY_BEFORE_X) or not after.startswith(_KEY_BEFORE_Y) or len(y) != 32:
        raise ValueError("its key is not of the kind that is taken (ES256)")
    return Registered(b64(credential), _line(b"\x04" + x + y, bound.rp_id))


def _line(point: bytes, rp_id: str) -> str:
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)  # ValueError if it is none
    blob = string(SECURITY_KEY) + string("nistp256") + string(point) + string(rp_id)
    return read_blob(blob).line()


def asserts(public_key: str, fields: Mapping[str, str], challenge: bytes, bound: Bound) -> bool:
    """Whether this key's authenticator answered the challenge, on a page of ours, for whom it knows. `fields`: as of
    assertion()."""
    try:
        _accepted(public_key, assertion(fields), challenge, bound)
    except ValueError:
        return False
    return True


def signed_by(public_key: str, fields: Mapping[str, str], message: str, bound: Bound) -> str:
    """The armoured SSH signature over a message that an assertion over `challenge_for` it is; "" if it is none."""
    try:
        return ssh.armour(public_key, _accepted(public_key, assertion(fields), challenge_for(message), bound))
    except ValueError:
        return ""


def _accepted(public_key: str, made: Assertion, challenge: bytes, bound: Bound) -> bytes:
    """The assertion as OpenSSH writes it, if it is this key's. ValueError."""
    _said(made.client_data, "webauthn.get", challenge, bound)
    signature = _signature(made, bound.origin)
    if not read_line(public_key).accepts(signature, challenge):
        raise ValueError("the passkey did not sign this")
    return signature


def challenge_for(message: str) -> bytes:
    """What an authenticator signs so that it is a signature over the message, in our namespace, and over nothing else:
    no challenge to sign in, which is 32 random bytes, can be one."""
    return ssh.to_be_signed(message.encode("ascii"))


def _said(client_data: bytes, kind: str, challenge: bytes, bound: Bound) -> None:
    """Client data (section 5.8.1) of this kind, for this challenge, from a page of ours. ValueError."""
    try:
        said = json.loads(client_data)
    except RecursionError:
        raise ValueError("the browser answers what is no client data") from None
    if not isinstance(said, dict) or said.get("type") != kind or said.get("crossOrigin", False) is not False:
        raise ValueError("the browser answers something else than it was asked")
    if not hmac.compare_digest(str(said.get("challenge")).encode(), b64(challenge).encode()):
        raise ValueError("the browser answers another challenge")
    if said.get("origin") != bound.origin:
        raise ValueError("the browser was on another site")


def _signature(made: Assertion, origin: str) -> bytes:
    """An assertion as OpenSSH writes it. ValueError."""
    r, s = utils.decode_dss_signature(made.signature)
    if len(made.authenticator_data) < _HEAD:
        raise ValueError("the authenticator's data are cut short")
    state, extensions = made.authenticator_data[32:_HEAD], made.authenticator_data[_HEAD:]
    fields = (string(mpint(r) + mpint(s)), state, string(origin), string(made.client_data), string(extensions))
    return string(PASSKEY_SIGNATURE) + b"".join(fields)


def unb64(text: str) -> bytes:
    """From base64url as browsers write it. ValueError for anything else, or what is too long."""
    if len(text) > LONGEST:
        raise ValueError("longer than anything of a passkey")
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64(data) != text:
        raise ValueError("not base64url in its one form")
    return data
