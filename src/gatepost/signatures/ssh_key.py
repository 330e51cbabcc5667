"""OpenSSH public keys (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f): read strictly, verify bytes.

Taken: Ed25519, ECDSA over the NIST curves, RSA from 2048 bits with SHA-2, and the first two on a security key. Of ECDSA
on a security key also what it signs for a browser's page: that is a passkey (passkey.py).
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from gatepost.signatures.base64url import b64
from gatepost.signatures.ssh_wire import Reader

_Check = Callable[[bytes, bytes], None]
"""Takes signature and message; raises InvalidSignature, or ValueError for a malformed signature."""

CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, HashAlgorithm]]] = {
    "nistp256": (ec.SECP256R1(), SHA256()),
    "nistp384": (ec.SECP384R1(), SHA384()),
    "nistp521": (ec.SECP521R1(), SHA512()),
}
_RSA_HASHES: Final[Mapping[str, HashAlgorithm]] = {"rsa-sha2-256": SHA256(), "rsa-sha2-512": SHA512()}
SECURITY_KEY: Final = "sk-ecdsa-sha2-nistp256@openssh.com"
PASSKEY_SIGNATURE: Final = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
_SECURITY_KEYS: Final = ("sk-ssh-ed25519@openssh.com", SECURITY_KEY)
PRESENT, VERIFIED, ATTESTED, EXTENDED = 0x01, 0x04, 0x40, 0x80
"""Flags of authenticator data (Web Authentication Level 2 section 6.1): somebody touched it, and showed it who they
are; it has a new key; it has extensions."""

_LEAST_BITS: Final = 2048
_MOST_BITS: Final = 16384


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`blob`: the key on the wire. `checks`: what verifies a signature, by the signature's format."""

    kind: str
    blob: bytes
    checks: Mapping[str, _Check]

    def line(self) -> str:
        """The key as `TYPE BASE64`, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    def fingerprint(self) -> str:
        """As ssh-keygen -l prints it: SHA256:..., without padding."""
        return f"SHA256:{base64.b64encode(sha256(self.blob).digest()).decode().rstrip('=')}"

    def accepts(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature blob (format, then what the format says) is this key's over the message."""
        try:
            reader = Reader(signature)
            check = self.checks[reader.word()]
            if self.kind in _SECURITY_KEYS:
                check(signature, message)
            else:
                check(reader.string(), message)
                reader.end()
        except (KeyError, ValueError, InvalidSignature):
            return False
        return True


def read_line(text: str) -> PublicKey:
    """The key in one line of a .pub file: TYPE BASE64 [COMMENT]. Raises ValueError saying what is wrong."""
    fields = text.split()
    if len(text.strip().splitlines()) != 1 or len(fields) < 2:
        raise ValueError("an SSH public key is one line: its type, its base64, and a comment if you like")
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the SSH public key is damaged: its second word is not base64") from None
    key = read_blob(blob)
    if key.line() != f"{fields[0]} {fields[1]}":
        raise ValueError(f"the SSH public key is damaged: it says {fields[0]} and holds {key.kind}")
    return key


def read_blob(blob: bytes) -> PublicKey:
    """The key in its wire form. Raises ValueError for kinds not taken, weak keys, and anything not in its one form."""
    reader = Reader(blob)
    kind = reader.word()
    if kind not in _KINDS:
        raise ValueError(f"keys of type {kind or 'nothing'} are not taken; taken are: {', '.join(sorted(_KINDS))}")
    checks = _KINDS[kind](reader)
    reader.end()
    return PublicKey(kind, blob, checks)


def _ed25519(reader: Reader) -> Mapping[str, _Check]:
    return {"ssh-ed25519": Ed25519PublicKey.from_public_bytes(reader.string()).verify}


def _rsa(reader: Reader) -> Mapping[str, _Check]:
    exponent, modulus = reader.mpint(), reader.mpint()
    if not _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS:
        raise ValueError(f"RSA keys of {modulus.bit_length()} bits are not taken: use at least {_LEAST_BITS}")
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()

    def checker(algorithm: HashAlgorithm) -> _Check:
        return lambda signature, message: key.verify(signature, message, padding.PKCS1v15(), algorithm)

    return {name: checker(algorithm) for name, algorithm in _RSA_HASHES.items()}


def _ecdsa(reader: Reader, curve: str) -> _Check:
    named, point = reader.word(), reader.string()
    if named != curve or point[:1] != b"\x04":
        raise ValueError("the SSH public key is damaged: its curve or its point is not what its type says")
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[curve][0], point)
    algorithm = ec.ECDSA(CURVES[curve][1])

    def check(signature: bytes, message: bytes) -> None:
        key.verify(_der(signature), message, algorithm)

    return check


def _ecdsa_on(curve: str) -> Callable[[Reader], Mapping[str, _Check]]:
    return lambda reader: {f"ecdsa-sha2-{curve}": _ecdsa(reader, curve)}


def _der(signature: bytes) -> bytes:
    """An ECDSA signature (RFC 5656 section 3.1.2) in the encoding that cryptography reads."""
    reader = Reader(signature)
    r, s = reader.mpint(), reader.mpint()
    reader.end()
    return utils.encode_dss_signature(r, s)


def _sk_ed25519(reader: Reader) -> Mapping[str, _Check]:
    key = Ed25519PublicKey.from_public_bytes(reader.string())
    return {_SECURITY_KEYS[0]: _touched(reader.string(), key.verify)}


def _sk_ecdsa(reader: Reader) -> Mapping[str, _Check]:
    check = _ecdsa(reader, "nistp256")
    application = reader.string()
    return {SECURITY_KEY: _touched(application, check), PASSKEY_SIGNATURE: _asserted(application, check)}


def _touched(application: bytes, check: _Check) -> _Check:
    """A security key signs over hashes, flags and a counter. One that was not touched is no person's yes."""

    def checked(signature: bytes, message: bytes) -> None:
        reader = Reader(signature)
        reader.string()
        raw, state = reader.string(), reader.take(5)
        reader.end()
        if not state[0] & PRESENT:
            raise InvalidSignature
        check(raw, sha256(application).digest() + state + sha256(message).digest())

    return checked


def _asserted(application: bytes, check: _Check) -> _Check:
    """A passkey signs over what its browser says it was asked (Web Authentication Level 2 section 5.8.1.2). One to whom
    nobody showed who they are is no person's yes: whoever found the phone can touch it."""

    def checked(signature: bytes, message: bytes) -> None:
        reader = Reader(signature)
        reader.string()
        raw, state = reader.string(), reader.take(5)
        origin, client_data, extensions = reader.word(), reader.string(), reader.string()
        reader.end()
        begins = f'{{"type":"webauthn.get","challenge":"{b64(message)}","origin":{json.dumps(origin)}'.encode()
        wanted = PRESENT | VERIFIED | (EXTENDED if extensions else 0)
        if state[0] & (wanted | ATTESTED | EXTENDED) != wanted or not client_data.startswith(begins):
            raise InvalidSignature
        said = sha256(application).digest() + state + extensions
        check(raw, said + sha256(client_data).digest())

    return checked


_KINDS: Final[Mapping[str, Callable[[Reader], Mapping[str, _Check]]]] = {
    "ssh-ed25519": _ed25519,
    "ssh-rsa": _rsa,
    **{f"ecdsa-sha2-{curve}": _ecdsa_on(curve) for curve in CURVES},
    _SECURITY_KEYS[0]: _sk_ed25519,
    SECURITY_KEY: _sk_ecdsa,
}
