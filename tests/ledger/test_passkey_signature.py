"""A passkey's assertion as an SSH signature: what a browser says is one that OpenSSH itself takes; nothing else is."""

import base64
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from gatepost.signatures import passkey, ssh
from gatepost.signatures.passkey import Bound
from gatepost.verifier import _is_somebodys
from tests.ledger.test_ssh import ssh_keygen_accepts
from tests.web.asking import URL
from tests.web.authenticator import NAME, PRESENT, VERIFIED, Authenticator, b64

BOUND = Bound(NAME, URL)
MESSAGE = sha256(b"a proposal").hexdigest()
ASKED = b64(passkey.challenge_for(MESSAGE))


def line(authenticator: Authenticator) -> str:
    made = authenticator.create(b64(b"x" * 32))
    said = [passkey.unb64(made[name]) for name in ("client_data", "authenticator_data")]
    return passkey.registered(said[0], said[1], b"x" * 32, BOUND).public_key


def signed(authenticator: Authenticator, asked: str = ASKED, bound: Bound = BOUND) -> str:
    """As the site takes it; "" if it does not."""
    key = line(Authenticator(authenticator.key, authenticator.credential))
    return passkey.signed_by(key, authenticator.get(asked), MESSAGE, bound)


@pytest.mark.needs("openssh-client")
def test_ssh_keygen_takes_it(tmp_path: Path) -> None:
    """I-12: an auditor checks it with OpenSSH 8.4 or later, over this message and no other."""
    authenticator = Authenticator(counter=7, more={"crossOrigin": False, "other_keys_can_be_added_here": "x"})
    key, armoured = line(authenticator), signed(authenticator)
    assert ssh.parse_public_key(key) == key
    assert ssh.verify(key, MESSAGE.encode(), armoured)
    assert not ssh.verify(key, b"another", armoured)
    assert ssh_keygen_accepts(key, armoured, tmp_path, MESSAGE.encode())
    assert not ssh_keygen_accepts(key, armoured, tmp_path, b"another")
    assert _is_somebodys(key, armoured)


FORGED: dict[str, Callable[[], Authenticator]] = {
    "nobody touched it": lambda: Authenticator(flags=VERIFIED),
    "nobody showed who they are": lambda: Authenticator(flags=PRESENT),
    "for another site": lambda: Authenticator(site="evil.example"),
    "on another site": lambda: Authenticator(origin="https://evil.example"),
    "on another port": lambda: Authenticator(origin=f"{URL}:8443"),
    "in another site's frame": lambda: Authenticator(more={"crossOrigin": True}),
    "it says that it has a new key": lambda: Authenticator(flags=PRESENT | VERIFIED | 0x40),
    "it says that it has extensions": lambda: Authenticator(flags=PRESENT | VERIFIED | 0x80),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_nobody_s_yes_is_none(name: str) -> None:
    """Touched, by whom it knows, on a page of this site, for this site."""
    assert signed(FORGED[name]()) == ""


def test_another_key_or_challenge_is_none() -> None:
    """Nor is an answer to a challenge to sign in, or to another proposal."""
    one, other = Authenticator(), Authenticator()
    assert passkey.signed_by(line(one), other.get(ASKED), MESSAGE, BOUND) == ""
    assert signed(one, b64(b"x" * 32)) == ""
    assert signed(one, b64(passkey.challenge_for("another"))) == ""
    assert signed(one) != ""


def test_the_verifier_asks_for_more_than_ssh_keygen(tmp_path: Path) -> None:
    """ssh-keygen takes a touch by anybody, and from any page: the verifier does not."""
    for forged, bound in (
        (Authenticator(flags=PRESENT), BOUND),
        (Authenticator(origin="https://evil.example"), Bound(NAME, "https://evil.example")),
        (Authenticator(origin=f"https://evil{NAME}"), Bound(NAME, f"https://evil{NAME}")),
    ):
        key = line(Authenticator(forged.key, forged.credential))
        blob = passkey._signature(passkey.assertion(forged.get(ASKED)), bound.origin)
        armoured = ssh.armour(key, blob)
        assert ssh_keygen_accepts(key, armoured, tmp_path, MESSAGE.encode())
        assert not _is_somebodys(key, armoured)
    below = Authenticator(origin=f"https://below.{NAME}")
    blob = passkey._signature(passkey.assertion(below.get(ASKED)), below.origin)
    assert _is_somebodys(line(Authenticator(below.key)), ssh.armour(line(Authenticator(below.key)), blob))


def test_what_is_cut_or_changed_is_none() -> None:
    """Every byte of what is kept counts; nothing raises."""
    authenticator = Authenticator()
    key, armoured = line(authenticator), signed(authenticator)
    data = base64.b64decode("".join(armoured.splitlines()[1:-1]))
    for place in range(0, len(data), 7):
        other = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        text = base64.b64encode(other).decode()
        changed = f"{armoured.splitlines()[0]}\n{text}\n{armoured.splitlines()[-1]}"
        assert not ssh.verify(key, MESSAGE.encode(), changed), place
    cut = base64.b64encode(data[:-3]).decode()
    assert not ssh.verify(key, MESSAGE.encode(), f"{armoured.splitlines()[0]}\n{cut}\n{armoured.splitlines()[-1]}")


@pytest.mark.parametrize(
    "made",
    [
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"site": "evil.example"},
        {"origin": "https://evil.example"},
        {"more": {"crossOrigin": True}},
        {"more": {"type": "webauthn.get"}},
        {"more": {"challenge": b64(b"y" * 32)}},
        {"credential": b"short"},
    ],
    ids=str,
)
def test_a_new_passkey_that_cannot_be_is_refused(made: dict[str, object]) -> None:
    """Registered is only what an authenticator made for this page, for somebody whom it knows."""
    with pytest.raises(ValueError, match=r"."):
        line(Authenticator(**made))  # type: ignore[arg-type]  # fields by name


def test_a_key_in_any_other_form_is_refused() -> None:
    """Cut off, of another curve, no point of the curve: nothing that could be read in two ways."""
    made = Authenticator().create(b64(b"x" * 32))
    said, data = (passkey.unb64(made[name]) for name in ("client_data", "authenticator_data"))
    for changed in (data[:-1], data[:60], data[:36], b"", data[:-1] + bytes([data[-1] ^ 1])):
        with pytest.raises(ValueError, match=r"."):
            passkey.registered(said, changed, b"x" * 32, BOUND)
