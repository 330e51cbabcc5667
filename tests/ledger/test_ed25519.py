"""The verifier's own Ed25519 against the library's and the RFC's."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost import verifier


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 63), st.integers(0, 7))
def test_ed25519_agrees_with_the_library(seed: bytes, message: bytes, place: int, bit: int) -> None:
    """The pure-Python check accepts what cryptography signs, and nothing after one bit was flipped anywhere."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verifier.ed25519_verify(public, message, signature)
    spoilt = bytearray(signature)
    spoilt[place] ^= 1 << bit
    assert not verifier.ed25519_verify(public, message, bytes(spoilt))
    assert not verifier.ed25519_verify(public, message + b"x", signature)
    other = bytearray(public)
    other[place % 32] ^= 1 << bit
    assert not verifier.ed25519_verify(bytes(other), message, signature)


def test_ed25519_known_answer() -> None:
    """Test 3 of RFC 8032 section 7.1."""
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert verifier.ed25519_verify(public, b"\xaf\x82", signature)


def test_ed25519_takes_no_second_form_of_a_signature() -> None:
    """A signature whose number is past the group's order, or whose length is wrong, is refused (section 5.1.7)."""
    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    second = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verifier.ed25519_verify(public, b"x", second)
    assert not verifier.ed25519_verify(public, b"x", signature[:63])
    assert not verifier.ed25519_verify(public, b"x", signature + b"\x00")
    assert not verifier.ed25519_verify(public[:31], b"x", signature)
    assert not verifier.ed25519_verify(b"\xff" * 32, b"x", signature)


def test_ed25519_takes_no_second_form_of_a_point() -> None:
    """The neutral point has one encoding as a key; past the field's prime, or as minus zero, it is none (5.1.3)."""
    prime = 2**255 - 19
    neutral = (1).to_bytes(32, "little")
    signature = neutral + bytes(32)
    assert verifier.ed25519_verify(neutral, b"x", signature)  # so that what follows fails for its encoding alone
    assert not verifier.ed25519_verify((prime + 1).to_bytes(32, "little"), b"x", signature)
    assert not verifier.ed25519_verify((1 | 1 << 255).to_bytes(32, "little"), b"x", signature)
