"""One conversation with HAProxy's stats socket (management.txt 9.3): commands in, text out, a connection each."""

import socket
from pathlib import Path
from typing import Final

TIMEOUT: Final = 2.0
"""Seconds for each answer."""


def converse(path: Path, line: bytes, timeout: float = TIMEOUT) -> bytes:
    """What HAProxy answers to a line of commands (with what follows it), up to the end. OSError."""
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(line + b"\n")
        while got := connection.recv(1 << 16):
            answer += got
    return bytes(answer)
