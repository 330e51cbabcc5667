"""Signing with an SSH key at the command line: --sign KEYFILE."""

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from gatepost.cli.session import Misuse
from gatepost.signatures import ssh

Key: TypeAlias = Annotated[
    Path | None,
    Parameter(
        help="The SSH key to sign with: a private key's file, or a .pub whose key is in the agent. An exercise needs "
        "none."
    ),
]


def signature(key: Path, digest: str) -> str:
    """The armoured signature over a hash in hex, by the key in a file or in the agent. Misuse if it cannot be used."""
    try:
        return ssh.sign(key, digest.encode("ascii"))
    except ValueError as error:
        raise Misuse(f"--sign: {key}: {error}") from None
