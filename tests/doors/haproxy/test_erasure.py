"""An erasure at HAProxy: neither its maps nor their files name what was deleted."""

from pathlib import Path

import pytest

from gatepost.doors.entry import ERASURE_KEY, encode_erasure, identity_key
from tests.doors.haproxy.gate import Gate
from tests.doors.site import FLEET, device

pytestmark = pytest.mark.needs("haproxy")

NAME, OTHER = "ErasedPhone0077", "ErasedPhone0078"


def named(gate: Gate) -> set[str]:
    """Where the erased stand: in HAProxy's memory, or in files of its maps."""
    found = set()
    directory = gate.front.haproxy_files
    assert directory
    for path in directory.iterdir():
        if path.is_file() and b"erasedphone" in path.read_bytes().lower():
            found.add(f"file {path.name}")
        if path.suffix == ".map" and b"erasedphone" in gate.maps.stats.ask(b"show map " + str(path).encode()).lower():
            found.add(f"map {path.name}")
    return found


def test_after_an_erasure_nothing_names_what_was_deleted(tmp_path: Path) -> None:
    """The row in devices.map, the later one in recent.map and the mark that a device is gone: a load replaces them all,
    in HAProxy and on the disk, before the position is confirmed."""
    with Gate(tmp_path / "gate").running() as gate:
        gate.push(*FLEET, device(NAME, "erasedlogin@example.com"))
        gate.push(device(OTHER, "erasedlogin@example.com"))
        assert {"file devices.map", "map devices.map", "map recent.map"} <= named(gate)
        gone = [(identity_key(name), None) for name in (NAME, OTHER)]
        gate.push(*gone, (ERASURE_KEY, encode_erasure(1)))
        assert named(gate) == set()
        assert b"erasedlogin" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.map"))
