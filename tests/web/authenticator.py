"""An authenticator and the browser before it (Web Authentication Level 2), in software: what they would say."""

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.web.asking import URL

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
NAME = URL.partition("://")[2]


@dataclass
class Authenticator:
    """`flags`: of what it says; `site`: for which it says it; `origin`: where the browser is; `more`: what the browser
    says besides."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: token_bytes(32))
    flags: int = PRESENT | VERIFIED
    site: str = NAME
    origin: str = URL
    more: dict[str, Any] = field(default_factory=lambda: {"crossOrigin": False})
    counter: int = 0

    def create(self, challenge: str) -> dict[str, str]:
        """The answer to somebody who asks for a new passkey."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        key = bytes.fromhex("a5010203262001215820") + x + bytes.fromhex("225820") + y
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + key
        data = self._data(self.flags | ATTESTED) + attested
        return {"client_data": b64(self._said("webauthn.create", challenge)), "authenticator_data": b64(data)}

    def get(self, challenge: str) -> dict[str, str]:
        """The answer to a challenge."""
        data, said = self._data(self.flags), self._said("webauthn.get", challenge)
        signature = self.key.sign(data + sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        fields = {"authenticator_data": data, "client_data": said, "signature": signature}
        return {"credential": b64(self.credential)} | {name: b64(value) for name, value in fields.items()}

    def _data(self, flags: int) -> bytes:
        return sha256(self.site.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _said(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin} | self.more
        return json.dumps(said, separators=(",", ":")).encode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
