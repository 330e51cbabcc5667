"""Signatures by SSH keys over a message (OpenSSH PROTOCOL.sshsig), in the namespace gatepost.

What is made here `ssh-keygen -Y verify -n gatepost` accepts, and the other way round.
"""

import base64
import binascii
import subprocess
import textwrap
import warnings
from hashlib import sha256, sha512
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.utils import CryptographyDeprecationWarning

from gatepost.signatures.ssh_key import CURVES, read_line
from gatepost.signatures.ssh_wire import Reader, mpint, string

NAMESPACE: Final = "gatepost"
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"
_HASHES: Final = {"sha256": sha256, "sha512": sha512}

_PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def parse_public_key(text: str) -> str:
    """The key in a line of a .pub file as `TYPE BASE64`. ValueError, saying why, for what is none or is too weak."""
    return read_line(text).line()


def fingerprint(public_key: str) -> str:
    """SHA256:..., as `ssh-keygen -l` prints it. ValueError for what is no key."""
    return read_line(public_key).fingerprint()


def verify(public_key: str, message: bytes, armoured: str) -> bool:
    """Whether the armoured signature is that key's over the message, in our namespace. Never raises for bad input."""
    try:
        key = read_line(public_key)
        reader = Reader(_dearmoured(armoured))
        if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != _VERSION or reader.string() != key.blob:
            return False
        namespace, reserved, algorithm, signature = reader.word(), reader.string(), reader.word(), reader.string()
        reader.end()
    except ValueError:
        return False
    # INVARIANT: a signature made for another purpose (git, a file) is never an approval: the namespace is ours.
    if namespace != NAMESPACE or reserved or algorithm not in _HASHES:
        return False
    return key.accepts(signature, to_be_signed(message, algorithm))


def sign(private_key_file: Path, message: bytes) -> str:
    """The armoured signature over the message, by the key in that file.

    A key that has a passphrase, sits in an agent (its .pub file is named) or on a security key is left to
    `ssh-keygen -Y sign`, which asks at the terminal. Raises ValueError if the key cannot be used, OSError if the file
    cannot be read.
    """
    key = _private_key(private_key_file.read_bytes())
    if key is None:
        return _signed_by_ssh_keygen(private_key_file, message)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return armour(public.decode("ascii"), _signature(key, to_be_signed(message)))


def armour(public_key: str, signature: bytes) -> str:
    """The armoured signature of a key over `to_be_signed`, from its signature blob."""
    blob = read_line(public_key).blob
    data = _MAGIC + _VERSION.to_bytes(4, "big") + string(blob) + _fields("sha512") + string(signature)
    return "\n".join([_BEGIN, *textwrap.wrap(base64.b64encode(data).decode(), 70), _END, ""])


def _fields(algorithm: str) -> bytes:
    """Namespace, reserved and hash algorithm, as they stand in the signature and in what is signed."""
    return string(NAMESPACE) + string("") + string(algorithm)


def to_be_signed(message: bytes, algorithm: str = "sha512") -> bytes:
    """What the key really signs: the message's hash, with the purpose."""
    return _MAGIC + _fields(algorithm) + string(_HASHES[algorithm](message).digest())


def _signature(key: _PrivateKey, signed: bytes) -> bytes:
    """The signature blob: its format, then the signature."""
    if isinstance(key, Ed25519PrivateKey):
        return string("ssh-ed25519") + string(key.sign(signed))
    if isinstance(key, rsa.RSAPrivateKey):
        return string("rsa-sha2-512") + string(key.sign(signed, padding.PKCS1v15(), SHA512()))
    curve, algorithm = next(
        (name, algorithm) for name, (curve, algorithm) in CURVES.items() if curve.name == key.curve.name
    )
    r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(algorithm)))
    return string(f"ecdsa-sha2-{curve}") + string(mpint(r) + mpint(s))


def _private_key(data: bytes) -> _PrivateKey | None:
    """The key in a file's bytes, None if it must be left to ssh-keygen."""
    if not data.startswith(b"-----BEGIN "):
        return None  # a .pub file: the private key sits in an agent
    openssh = data.startswith(b"-----BEGIN OPENSSH ")
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # of DSA, which is refused below
            key = load(data, None)
    except (TypeError, UnsupportedAlgorithm):
        return None  # it has a passphrase, or is a handle to a security key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in {c.name for c, _ in CURVES.values()}:
        raise ValueError(f"keys over the curve {key.curve.name} are not taken")
    if not isinstance(key, _PrivateKey):
        raise ValueError("keys of this type are not taken: use an Ed25519, ECDSA or RSA key")
    return key


def _signed_by_ssh_keygen(file: Path, message: bytes) -> str:
    """Its prompts go to the terminal and to stderr: only what it prints on stdout is taken."""
    command = ["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", str(file)]
    try:
        done = subprocess.run(command, input=message, stdout=subprocess.PIPE, check=False)  # noqa: S603  # no shell; the file is the caller's own
    except FileNotFoundError:
        raise ValueError(f"{file}: this key needs ssh-keygen (Debian package openssh-client)") from None
    if done.returncode:
        raise ValueError(f"{file}: ssh-keygen did not sign with this key")
    return done.stdout.decode("ascii")


def _dearmoured(text: str) -> bytes:
    """Raises ValueError unless the text is one armoured signature in base64, with nothing before or after it."""
    lines = text.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("this is no armoured SSH signature")
    encoded = "".join(lines[1:-1])
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("the SSH signature is not base64") from None
    if base64.b64encode(data).decode() != encoded:
        raise ValueError("the SSH signature's base64 is not in its one form")
    return data
