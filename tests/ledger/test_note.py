import pytest

from gatepost.signatures.note import NoteError, generate, read, verify

# The example of Go's golang.org/x/mod/sumdb/note, a public test vector.
SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n\u2014 PeterNeumann {SIGNATURE}\n"


def test_the_published_note() -> None:
    """The published key makes the published note, to the letter, and the published verifier key accepts it."""
    key = read(SIGNER)
    assert key.sign(TEXT) == NOTE
    assert (key.signer, key.verifier) == (SIGNER, VERIFIER)
    assert verify(NOTE, VERIFIER) == TEXT


def test_a_new_key_signs_what_its_verifier_key_accepts() -> None:
    """What one key signs, its own verifier key accepts and another's does not."""
    keys, others = generate("gatepost.example/acme"), generate("gatepost.example/acme")
    note = read(keys.signer).sign("one\n\ntwo\n")
    assert verify(note, keys.verifier) == "one\n\ntwo\n"
    with pytest.raises(NoteError, match="not signed by"):
        verify(note, others.verifier)


def test_signatures_by_strangers_are_passed_over() -> None:
    """A witness's signature below ours neither helps nor harms."""
    witness = generate("witness").sign(TEXT).splitlines()[-1] + "\n"
    assert verify(NOTE + witness, VERIFIER) == TEXT
    with pytest.raises(NoteError, match="not signed by"):
        verify(f"{TEXT}\n{witness}", VERIFIER)


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("know", "knew"),
        NOTE.replace("x08go/ZJ", "x08go/ZK"),
        NOTE + NOTE.splitlines()[-1].replace("x08go/ZJ", "x08go/ZK") + "\n",
        NOTE[:-1],
        NOTE + "x\n",
        NOTE.replace("\u2014", "-"),
        NOTE.replace("If you", "If\tyou"),
        TEXT,
        "",
        "\n\n\u2014 PeterNeumann x08go/ZJkuBS\n",
    ],
)
def test_a_note_that_must_not_be_believed(note: str) -> None:
    """An edited text, a bad signature even beside a good one, a malformed line, a control character: refused."""
    with pytest.raises(NoteError):
        verify(note, VERIFIER)


@pytest.mark.parametrize("key", ["", "name", VERIFIER.replace("c74f", "c74e"), VERIFIER[:-4], SIGNER, "a+b+c"])
def test_what_is_no_key_is_refused(key: str) -> None:
    """A damaged key says so, rather than fail each note."""
    with pytest.raises(NoteError):
        verify(NOTE, key)
    with pytest.raises(NoteError):
        read(key.replace(SIGNER, VERIFIER))


def test_the_secret_is_not_shown() -> None:
    """A key that gets into a log by accident shows its name only."""
    assert repr(read(SIGNER)) == "NoteKey(name='PeterNeumann')"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_key_name_has_no_spaces_and_no_plus(name: str) -> None:
    """No name can bring lines or fields of its own into a note."""
    with pytest.raises(NoteError):
        generate(name)


@pytest.mark.parametrize("text", ["", "no end", "a\x1b[31mred\n", "\n"])
def test_what_cannot_be_signed(text: str) -> None:
    """A text without an end, or with control characters, is not signed."""
    with pytest.raises(NoteError):
        read(SIGNER).sign(text)
