"""SSH signatures, both ways against the real ssh-keygen (Debian package openssh-client)."""

import base64
import os
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatepost.signatures.ssh import fingerprint, parse_public_key, sign, verify
from gatepost.signatures.ssh_wire import Reader, mpint, string

needs_ssh_keygen = pytest.mark.needs("openssh-client")
MESSAGE = sha256(b"a proposal").hexdigest().encode("ascii")
KINDS = {
    "ed25519": ("-t", "ed25519"),
    "ecdsa256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa521": ("-t", "ecdsa", "-b", "521"),
    "rsa2048": ("-t", "rsa", "-b", "2048"),
    "pem-rsa": ("-t", "rsa", "-b", "2048", "-m", "PEM"),
    "pem-ecdsa": ("-t", "ecdsa", "-b", "256", "-m", "PEM"),
}


def keygen(*arguments: str | Path, message: bytes = b"", env: Mapping[str, str] | None = None) -> str:
    command = ["ssh-keygen", *map(str, arguments)]
    done = subprocess.run(command, input=message, capture_output=True, check=True, env={**os.environ, **(env or {})})
    return done.stdout.decode()


def new_key(folder: Path, name: str, *arguments: str, passphrase: str = "") -> tuple[Path, str]:
    file = folder / name
    keygen("-q", "-N", passphrase, "-C", "somebody@example.com", "-f", file, *arguments)
    return file, file.with_suffix(".pub").read_text()


def ssh_keygen_accepts(public: str, armoured: str, folder: Path, message: bytes = MESSAGE) -> bool:
    (folder / "allowed").write_text(f'me namespaces="gatepost" {public}\n')
    (folder / "signature").write_text(armoured)
    command = ["ssh-keygen", "-Y", "verify", "-n", "gatepost", "-I", "me"]
    command += ["-f", str(folder / "allowed"), "-s", str(folder / "signature")]
    return subprocess.run(command, input=message, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module", params=sorted(KINDS))
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return new_key(tmp_path_factory.mktemp("keys"), request.param, *KINDS[request.param])


@needs_ssh_keygen
def test_ours_is_accepted_by_ssh_keygen(key: tuple[Path, str], tmp_path: Path) -> None:
    """What we sign with any kind of key ssh-keygen verifies, and not over another message; so do we."""
    file, public = key
    armoured = sign(file, MESSAGE)
    assert ssh_keygen_accepts(public, armoured, tmp_path)
    assert not ssh_keygen_accepts(public, armoured, tmp_path, b"another")
    assert verify(public, MESSAGE, armoured)
    assert not verify(public, b"another", armoured)


@needs_ssh_keygen
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_theirs_is_accepted_by_us(key: tuple[Path, str], algorithm: str) -> None:
    """What ssh-keygen signs with any kind of key and either hash we verify; another namespace's never."""
    file, public = key
    options = ("-Y", "sign", "-O", f"hashalg={algorithm}", "-f", file)
    armoured = keygen(*options, "-n", "gatepost", message=MESSAGE)
    assert verify(public, MESSAGE, armoured)
    assert verify(parse_public_key(public), MESSAGE, armoured)
    assert not verify(public, MESSAGE + b"\n", armoured)
    assert not verify(public, MESSAGE, keygen(*options, "-n", "git", message=MESSAGE))


@needs_ssh_keygen
def test_fingerprint_is_ssh_keygens(key: tuple[Path, str]) -> None:
    """The fingerprint is the one that ssh-keygen -l prints, with a comment behind the key or without."""
    file, public = key
    printed = keygen("-l", "-f", file.with_suffix(".pub")).split()[1]
    assert fingerprint(public) == fingerprint(parse_public_key(public)) == printed


@pytest.fixture(scope="module")
def ed25519(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    return new_key(tmp_path_factory.mktemp("keys"), "key", "-t", "ed25519")


@needs_ssh_keygen
def test_a_key_with_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key with a passphrase is left to ssh-keygen, which asks for it; a wrong one gives no signature."""
    file, public = new_key(tmp_path, "key", "-t", "ed25519", passphrase="open sesame")
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho open sesame\n")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    assert verify(public, MESSAGE, sign(file, MESSAGE))
    ask.write_text("#!/bin/sh\necho wrong\n")
    with pytest.raises(ValueError, match="did not sign"):
        sign(file, MESSAGE)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    socket = str(tmp_path / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # printed once the socket listens
        yield socket
        process.terminate()


@needs_ssh_keygen
def test_a_key_in_an_agent(tmp_path: Path, agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that only an agent holds signs when its .pub file is named."""
    file, public = new_key(tmp_path, "key", "-t", "ecdsa")
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    subprocess.run(["ssh-add", "-q", str(file)], check=True)
    file.unlink()
    assert verify(public, MESSAGE, sign(file.with_suffix(".pub"), MESSAGE))


@needs_ssh_keygen
def test_without_ssh_keygen_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ssh-keygen is needed and missing, the error says what to install."""
    file, _ = new_key(tmp_path, "key", "-t", "ed25519", passphrase="open sesame")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="openssh-client"):
        sign(file, MESSAGE)


@needs_ssh_keygen
def test_every_byte_of_a_signature_counts(ed25519: tuple[Path, str]) -> None:
    """No flipped, lacking or added byte in a signature goes unseen."""
    file, public = ed25519
    data = bytes_of(sign(file, MESSAGE))
    assert verify(public, MESSAGE, armour(data))
    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x01
        assert not verify(public, MESSAGE, armour(bytes(spoilt))), place
    assert not verify(public, MESSAGE, armour(data[:-1]))
    assert not verify(public, MESSAGE, armour(data + b"\x00"))


@needs_ssh_keygen
@pytest.mark.parametrize("change", [("BEGIN", "BEGUN"), ("=", ""), ("-----END", "x\n-----END")])
def test_the_armour_counts(ed25519: tuple[Path, str], change: tuple[str, str]) -> None:
    """Armour that was damaged is no signature; none of it is one either."""
    file, public = ed25519
    armoured = sign(file, MESSAGE)
    assert not verify(public, MESSAGE, armoured.replace(*change) if change[0] in armoured else "")
    assert not verify(public, MESSAGE, "")


@needs_ssh_keygen
def test_another_key_is_another_key(ed25519: tuple[Path, str], tmp_path: Path) -> None:
    """A signature by one key is not accepted for another, whatever key it carries inside."""
    _, other = new_key(tmp_path, "other", "-t", "ed25519")
    assert not verify(other, MESSAGE, sign(ed25519[0], MESSAGE))
    assert not verify("no key", MESSAGE, sign(ed25519[0], MESSAGE))


@needs_ssh_keygen
def test_rsa_with_sha1_is_refused(tmp_path: Path) -> None:
    """A signature whose format is ssh-rsa, that is SHA-1, is refused though the key is good."""
    file, public = new_key(tmp_path, "key", "-t", "rsa", "-b", "2048")
    data = bytes_of(sign(file, MESSAGE))
    old = data.replace(string("rsa-sha2-512"), string("ssh-rsa"))
    # the outer length too, so that nothing but the format is wrong
    outer = len(string("rsa-sha2-512")) + 4 + 256
    old = old.replace(outer.to_bytes(4, "big"), (outer - 5).to_bytes(4, "big"))
    assert old != data
    reader = Reader(old)
    reader.take(10)
    parts = [reader.string() for _ in range(5)]
    reader.end()
    assert parts[4].startswith(string("ssh-rsa"))
    assert not verify(public, MESSAGE, armour(old))


@needs_ssh_keygen
def test_short_rsa_keys_are_refused(tmp_path: Path) -> None:
    """RSA below 2048 bits cannot be registered, and signs nothing."""
    file, public = new_key(tmp_path, "key", "-t", "rsa", "-b", "1024")
    with pytest.raises(ValueError, match="1024 bits"):
        parse_public_key(public)
    with pytest.raises(ValueError, match="1024 bits"):
        sign(file, MESSAGE)


def test_dsa_keys_are_refused(tmp_path: Path) -> None:
    """DSA cannot be registered, and signs nothing."""
    blob = string("ssh-dss") + mpint(23) + mpint(11) + mpint(2) + mpint(8)
    with pytest.raises(ValueError, match="ssh-dss are not taken"):
        parse_public_key(f"ssh-dss {base64.b64encode(blob).decode()}")
    pem = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path / "key"
    file.write_bytes(dsa.generate_private_key(1024).private_bytes(*pem))
    with pytest.raises(ValueError, match="not taken"):
        sign(file, MESSAGE)


@needs_ssh_keygen
def test_a_public_key_has_one_form(ed25519: tuple[Path, str]) -> None:
    """The normalised key is type and base64; a line that says one thing and holds another is refused."""
    _, public = ed25519
    kind, encoded, _ = public.split()
    blob = base64.b64decode(encoded)
    assert parse_public_key(f"  {public}") == f"{kind} {encoded}"
    for spoilt in (
        "",
        kind,
        encoded,
        f"ssh-rsa {encoded}",
        f"{kind} {encoded[:-4]}",
        f"{kind} {encoded}!",
        f"{kind} {base64.b64encode(blob + bytes(1)).decode()}",
        f"{kind} {base64.b64encode(blob[:-1]).decode()}",
        f"{kind} {encoded}\n{kind} {encoded}",
        f'cert-authority,namespaces="git" {kind} {encoded}',
    ):
        with pytest.raises(ValueError, match=r"SSH|type"):
            parse_public_key(spoilt)


@needs_ssh_keygen
@pytest.mark.parametrize("touched", [True, False])
def test_a_security_key(tmp_path: Path, touched: bool) -> None:
    """A security key's signature is accepted as ssh-keygen accepts it, but only if somebody touched the key."""
    private = Ed25519PrivateKey.generate()
    kind, application = "sk-ssh-ed25519@openssh.com", b"ssh:"
    blob = string(kind) + string(private.public_key().public_bytes_raw()) + string(application)
    public = f"{kind} {base64.b64encode(blob).decode()}"
    purpose = string("gatepost") + string("") + string("sha512")
    signed = b"SSHSIG" + purpose + string(sha512(MESSAGE).digest())
    state = bytes([touched]) + (7).to_bytes(4, "big")
    raw = private.sign(sha256(application).digest() + state + sha256(signed).digest())
    data = b"SSHSIG" + (1).to_bytes(4, "big") + string(blob) + purpose + string(string(kind) + string(raw) + state)
    assert verify(public, MESSAGE, armour(data)) is touched
    assert not verify(public, b"another", armour(data))
    if touched:
        assert ssh_keygen_accepts(public, armour(data), tmp_path)


@pytest.mark.parametrize(("number", "data"), [(0, ""), (1, "01"), (127, "7f"), (128, "0080"), (256, "0100")])
def test_numbers_on_the_wire(number: int, data: str) -> None:
    """A number has its shortest form with a zero before a set top bit (RFC 4251 section 5), and is read so only."""
    assert mpint(number) == string(bytes.fromhex(data))
    if number:
        assert Reader(mpint(number)).mpint() == number
        with pytest.raises(ValueError, match="shortest"):
            Reader(string(b"\x00" + mpint(number)[4:])).mpint()


def bytes_of(armoured: str) -> bytes:
    return base64.b64decode("".join(armoured.split("\n")[1:-2]))


def armour(data: bytes) -> str:
    return f"-----BEGIN SSH SIGNATURE-----\n{base64.b64encode(data).decode()}\n-----END SSH SIGNATURE-----\n"
