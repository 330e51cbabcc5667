import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.ledger.checkpoint import Checkpoint, body, parse

# The example of the specification (C2SP tlog-checkpoint).
PUBLISHED = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_published_checkpoint() -> None:
    """The specification's example reads as what it says and is written back to the letter."""
    checkpoint = parse(PUBLISHED)
    assert (checkpoint.origin, checkpoint.size, checkpoint.root[:2].hex()) == (
        "example.com/behind-the-sofa",
        20852163,
        "0ac5",
    )
    assert body(checkpoint) == PUBLISHED


@settings(deadline=None)
@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_round_trip(size: int, root: bytes) -> None:
    """Whatever the size and the root, a checkpoint survives its text."""
    checkpoint = Checkpoint("gatepost/acme", size, root)
    assert parse(body(checkpoint)) == checkpoint


def test_extension_lines_mean_nothing() -> None:
    """Lines after the root are allowed and passed over."""
    assert parse(PUBLISHED + "more\n") == parse(PUBLISHED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        PUBLISHED[:-1],
        PUBLISHED + "\n",
        PUBLISHED.replace("20852163", "020852163"),
        PUBLISHED.replace("20852163", "-1"),
        PUBLISHED.replace("20852163", "\u0661"),
        PUBLISHED.replace("2I=", "2J="),
        PUBLISHED.replace("CsUY", ""),
        PUBLISHED.replace("example.com/behind-the-sofa", ""),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """A line missing or empty, a size with a leading zero, a root of another length or in a second spelling: no."""
    with pytest.raises(ValueError, match="checkpoint"):
        parse(text)


@pytest.mark.parametrize("origin", ["", "two\nlines"])
def test_an_origin_is_one_line(origin: str) -> None:
    """No origin can bring lines of its own into a checkpoint."""
    with pytest.raises(ValueError, match="origin"):
        body(Checkpoint(origin, 0, bytes(32)))
