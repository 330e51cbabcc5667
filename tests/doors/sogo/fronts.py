"""What stands before SOGo: a front as `door config` writes it for a door of the invented site, and Alice's phones."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatepost.doors.fronts import files
from tests.doors.test_run import Door
from tests.journeys.program import eventually
from tests.servers.certificates import Certificate
from tests.servers.front import a_front
from tests.servers.haproxy import haproxy, placed
from tests.servers.nginx import Nginx
from tests.servers.phone import Answer, Line, Phone
from tests.servers.ports import free_port
from tests.servers.sogo import BACKEND_PATH, Sogo

ALICE = "alice@example.com"
PASSWORD = "secret"
FOLDERS = bytes.fromhex("03016a00 000756 52033000 0101")
"""FolderSync from the beginning (SyncKey 0), as WBXML."""


@dataclass(frozen=True)
class Front:
    """Where phones come in by which program, and the door that it goes by. `home`: the directory of both."""

    program: str
    home: Path
    port: int
    line: Line
    door: Door
    sogo: Sogo
    trusted: Path

    def phone(self, device: str, login: str = ALICE) -> Phone:
        return Phone(self.port, self.trusted, login, PASSWORD, device)

    def folders(self, query: str, login: str = ALICE, version: str = "14.1", body: bytes = FOLDERS) -> Answer:
        """A request by hand for the folders of a mailbox, or for whatever `query` says."""
        return self.line.ask(query, login, body=body, version=version)


@contextlib.contextmanager
def a_front_of(program: str, home: Path, sogo: Sogo, certificate: Certificate, trusted: Path) -> Iterator[Front]:
    """`program`: nginx or haproxy. `home`: an empty directory."""
    port = free_port()
    door = Door(home) if program == "nginx" else Door(home, home / "haproxy.sock", home / "maps")
    door.stream.write_text("")
    tls = {"tls_certificate": certificate.file, "tls_key": certificate.key}
    written = a_front(port, door.port, sogo.port, backend_path=BACKEND_PATH, **tls)
    with contextlib.ExitStack() as ends:
        if program == "nginx":
            ends.enter_context(Nginx(home / "nginx", port, files("nginx", written)))
        else:
            ends.enter_context(haproxy(placed(written, home), home))
        door.start()
        ends.callback(door.stop)
        front = Front(program, home, port, Line(port, trusted), door, sogo, trusted)
        eventually(lambda: front.folders("Cmd=FolderSync&User=x&DeviceId=CLEAN1&DeviceType=P").status == 200, "ready")
        yield front
