"""A real HAProxy on loopback, started from the files that `door config haproxy` writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gatepost.doors.fronts import Front
from gatepost.doors.fronts.haproxy import files
from gatepost.doors.haproxy.files import MapFiles
from tests.servers.daemon import Daemon


def placed(front: Front, directory: Path) -> Front:
    """The front with HAProxy's socket and maps in this directory, which must have a short name: sockets' have at most
    107 bytes."""
    return replace(front, haproxy_socket=directory / "haproxy.sock", haproxy_files=directory / "maps")


def write(front: Front, directory: Path) -> Path:
    """The configuration, in this directory, and what it reads. Where it is."""
    assert front.haproxy_files
    MapFiles(front.haproxy_files)
    for name, content in files(front).items():
        (directory / name).write_bytes(content)
    return directory / "haproxy.cfg"


@contextmanager
def haproxy(front: Front, directory: Path) -> Iterator[Daemon]:
    """HAProxy with the configuration for this front."""
    with running(write(front, directory), front) as daemon:
        yield daemon


@contextmanager
def running(config: Path, front: Front) -> Iterator[Daemon]:
    """Runs in the foreground, waited for at the front's port and at the stats socket, which it binds after that."""
    with Daemon(["haproxy", "-db", "-f", str(config)], config.with_name("haproxy.log"), front.front.port) as daemon:
        until = time.monotonic() + 10
        while front.haproxy_socket and not front.haproxy_socket.exists():
            assert time.monotonic() < until, daemon.log.read_text()
            time.sleep(0.01)
        yield daemon
