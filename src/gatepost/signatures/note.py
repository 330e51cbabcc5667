"""Notes signed with Ed25519 (C2SP signed-note): text, a blank line, and a line for each signature.

A verifier key is the text `NAME+KEYID+BASE64`; a signer key is the same after `PRIVATE+KEY+`, as Go's sumdb/note
writes them. The key id is the start of SHA-256 over name, newline, signature type and public key.
"""

import base64
import binascii
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_PRIVATE: Final = "PRIVATE+KEY+"
_MOST_SIGNATURES: Final = 100


class NoteError(ValueError):
    """A note that must not be believed, or a key that is none."""


class Keys(NamedTuple):
    """A signer key (secret: whoever has it speaks for the log) and its verifier key."""

    signer: str
    verifier: str


class _Key(NamedTuple):
    name: str
    id: bytes
    data: bytes


def generate(name: str) -> Keys:
    """A new key of that name. Raises NoteError for a name with spaces or a plus."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return Keys(_PRIVATE + _written(name, public, private.private_bytes_raw()), _written(name, public, public))


def sign(text: str, signer: str) -> str:
    """The text as a note with one signature. The text must end in a newline, else NoteError."""
    _check_text(text)
    key = _read(signer.removeprefix(_PRIVATE), private=True)
    signature = Ed25519PrivateKey.from_private_bytes(key.data).sign(text.encode())
    return f"{text}\n\u2014 {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def verify(note: str, verifier: str) -> str:
    """The note's text, once a signature by that key proved good. Raises NoteError if there is none, or one is bad.

    Signatures by other keys are passed over, as the specification demands.
    """
    key = _read(verifier, private=False)
    text, _, tail = note.rpartition("\n\n")
    text += "\n"
    _check_text(text)
    mine = [signature for name, id_, signature in _signatures(tail) if (name, id_) == (key.name, key.id)]
    if not mine:
        raise NoteError(f"the note is not signed by {key.name}")
    for signature in mine:
        try:
            Ed25519PublicKey.from_public_bytes(key.data).verify(signature, text.encode())
        except InvalidSignature:
            raise NoteError(f"the note's signature by {key.name} is bad") from None
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
    if not _is_name(name):
        raise NoteError(f"a key's name must have no spaces and no plus: {name!r}")
    return f"{name}+{_key_id(name, public).hex()}+{base64.b64encode(_ED25519 + data).decode()}"


def _read(text: str, private: bool) -> _Key:
    """The key in its text form; its data is the private seed or the public key, 32 bytes either way."""
    name, _, rest = text.partition("+")
    id_, _, encoded = rest.partition("+")
    data = _decode(encoded)
    if not _is_name(name) or len(data) != 33 or data[:1] != _ED25519:
        raise NoteError("this is no Ed25519 key for notes: NAME+KEYID+BASE64 is expected")
    public = data[1:]
    if private:
        public = Ed25519PrivateKey.from_private_bytes(public).public_key().public_bytes_raw()
    if _key_id(name, public).hex() != id_:
        raise NoteError(f"the key id of {name} does not fit its key: the text was damaged")
    return _Key(name, bytes.fromhex(id_), data[1:])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
