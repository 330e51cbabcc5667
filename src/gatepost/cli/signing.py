"""Signing with an SSH key at the command line: --sign KEYFILE."""

from pathlib import Path

from gatepost.cli.session import Misuse
from gatepost.signatures import ssh


def signature(key: Path, digest: str) -> str:
    """The armoured signature over a hash in hex, by the key in a file or in the agent. Misuse if it cannot be used."""
    try:
        return ssh.sign(key, digest.encode("ascii"))
    except ValueError as error:
        raise Misuse(f"--sign: {key}: {error}") from None
