"""Notes signed with Ed25519 (C2SP signed-note): text, a blank line, and a line for each signature.

A verifier key is the text `NAME+KEYID+BASE64`; a signer key is the same after `PRIVATE+KEY+`, as Go's sumdb/note
writes them. The key id is the start of SHA-256 over name, newline, signature type and public key.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_PRIVATE: Final = "PRIVATE+KEY+"
_KEY_ID: Final = re.compile("[0-9a-f]{8}")
_MOST_SIGNATURES: Final = 100


class NoteError(ValueError):
    """A note that must not be believed, or a key that is none."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A key that signs notes. `seed` is secret, and so is `signer`: whoever has it speaks for the log."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def signer(self) -> str:
        """The signer key's text, to be kept; `read` is its inverse."""
        return _PRIVATE + _written(self.name, self._public(), self.seed)

    @property
    def verifier(self) -> str:
        """The verifier key's text, to be given to everybody."""
        return _written(self.name, self._public(), self._public())

    def sign(self, text: str) -> str:
        """The text as a note with one signature. NoteError unless it ends in a newline and is plain text."""
        _check_text(text)
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        encoded = base64.b64encode(_key_id(self.name, self._public()) + signature).decode()
        return f"{text}\n\u2014 {self.name} {encoded}\n"

    def _public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()


def generate(name: str) -> NoteKey:
    """A new key of that name. Raises NoteError for a name with spaces or a plus."""
    if not _is_name(name):
        raise NoteError(f"a key's name must have no spaces and no plus: {name!r}")
    return NoteKey(name, Ed25519PrivateKey.generate().private_bytes_raw())


def read(signer: str) -> NoteKey:
    """The key in a signer key's text. Raises NoteError if there is none, or it was damaged."""
    if not signer.startswith(_PRIVATE):
        raise NoteError("this is no signer key: it begins with PRIVATE+KEY+")
    name, id_, seed = _fields(signer.removeprefix(_PRIVATE))
    key = NoteKey(name, seed)
    _check_id(name, id_, key._public())
    return key


def verify(note: str, verifier: str) -> str:
    """The note's text, once a signature by that key proved good. Raises NoteError if there is none, or one is bad.

    Signatures by other keys are passed over, as the specification demands.
    """
    key_name, key_id, public = _fields(verifier)
    _check_id(key_name, key_id, public)
    text, _, tail = note.rpartition("\n\n")
    text += "\n"
    _check_text(text)
    mine = [signature for name, id_, signature in _signatures(tail) if (name, id_) == (key_name, key_id)]
    if not mine:
        raise NoteError(f"the note is not signed by {key_name}")
    for signature in mine:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
        except InvalidSignature:
            raise NoteError(f"the note's signature by {key_name} is bad") from None
    return text


def _signatures(tail: str) -> list[tuple[str, bytes, bytes]]:
    """Name, key id and signature of each line below the blank one."""
    *lines, end = tail.split("\n")
    if end or not lines or len(lines) > _MOST_SIGNATURES:
        raise NoteError("the note has no signatures, too many, or something after them")
    found = []
    for line in lines:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = _decode(encoded)
        if dash != "\u2014" or not _is_name(name) or len(data) < 5:
            raise NoteError("the note has a malformed signature line")
        found.append((name, data[:4], data[4:]))
    return found


def _check_text(text: str) -> None:
    if not text.endswith("\n") or text == "\n" or any(sign < " " and sign != "\n" for sign in text):
        raise NoteError("a note's text must end in a newline and have no other control characters")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _written(name: str, public: bytes, data: bytes) -> str:
    return f"{name}+{_key_id(name, public).hex()}+{base64.b64encode(_ED25519 + data).decode()}"


def _fields(text: str) -> tuple[str, bytes, bytes]:
    """Name, key id, and the 32 bytes of the seed or of the public key."""
    name, _, rest = text.partition("+")
    id_, _, encoded = rest.partition("+")
    data = _decode(encoded)
    if not _is_name(name) or not _KEY_ID.fullmatch(id_) or len(data) != 33 or data[:1] != _ED25519:
        raise NoteError("this is no Ed25519 key for notes: NAME+KEYID+BASE64 is expected")
    return name, bytes.fromhex(id_), data[1:]


def _check_id(name: str, id_: bytes, public: bytes) -> None:
    if _key_id(name, public) != id_:
        raise NoteError(f"the key id of {name} does not fit its key: the text was damaged")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
