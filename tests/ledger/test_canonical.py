import pytest

from gatepost.documents.canonical import canonical, digest


def test_the_example_of_the_rfc() -> None:
    """Keys are sorted by UTF-16 code units and strings escaped as RFC 8785 section 3.2.3 shows."""
    value = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew", "1": "One", "\U0001f600": "Face"}
    assert canonical(value).decode() == (
        '{"\\r":"Carriage Return","1":"One","\u20ac":"Euro Sign","\U0001f600":"Face","\ufb33":"Hebrew"}'
    )


@pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", {1: 2}, {"a": object()}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """No value is bent until it fits: a number too large, NaN, half a character, a key that is no string raise."""
    with pytest.raises(ValueError):  # noqa: PT011  # which of the library's sentences does not matter here
        canonical(value)


def test_digest_is_hex_sha256() -> None:
    """The name of bytes is their SHA-256 in lower-case hex."""
    assert digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
