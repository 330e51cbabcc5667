"""A network of two machines, of which the far one can fall silent: its packets are dropped, not refused.

Only root may make one. The near machine is this one; the far one is a network namespace with nothing else in it.
"""

import os
import subprocess
from types import TracebackType
from typing import Final, Self

import pytest

from tests.servers.daemon import found

PACKAGE: Final = "iproute2"


def may_make_networks() -> bool:
    """Whether this process may; in a container even root may not, perhaps."""
    command = ["unshare", "--net", "true"]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_networks = pytest.mark.skipif(not may_make_networks(), reason="a network of its own takes root, and the right")


class Network:
    """`near`, `far`: the addresses of the two machines. `there`: the command that runs what follows on the far one.
    Made on entering, gone on leaving."""

    def __init__(self) -> None:
        # Of the addresses for benchmarks (RFC 2544), four for each process that runs tests.
        number = os.getpid() % (1 << 14) * 4
        self.near, self.far = (f"198.18.{number >> 8}.{number % 256 + host}" for host in (1, 2))
        self._name = f"gate{os.getpid()}"
        self.there = (found("ip"), "netns", "exec", self._name)

    def drop(self) -> None:
        """From now on nothing comes back from the far machine."""
        self._far("route", "replace", "blackhole", f"{self.near}/32")

    def heal(self) -> None:
        self._far("route", "del", "blackhole", f"{self.near}/32")

    def __enter__(self) -> Self:
        near, far = f"{self._name}n", f"{self._name}f"
        _ip("netns", "add", self._name)
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self._name)
        _ip("addr", "add", f"{self.near}/30", "dev", near)
        _ip("link", "set", near, "up")
        self._far("addr", "add", f"{self.far}/30", "dev", far)
        self._far("link", "set", far, "up")
        self._far("link", "set", "lo", "up")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _ip("link", "del", f"{self._name}n")
        _ip("netns", "del", self._name)

    def _far(self, *arguments: str) -> None:
        _ip("-n", self._name, *arguments)


def _ip(*arguments: str) -> None:
    subprocess.run([found("ip"), *arguments], check=True)
