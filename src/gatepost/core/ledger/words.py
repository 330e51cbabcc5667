"""Free text stands outside the ledger; inside stands its salted hash, so that the text can be erased."""

from hashlib import sha256


def salted(salt: bytes, text: str) -> str:
    """SHA-256 over the salt (16 random bytes) and the text's UTF-8, in lower-case hex.

    Without the salt, which is erased with the text, the hash tells nothing, not even of a guessed text.
    """
    return sha256(salt + text.encode()).hexdigest()
