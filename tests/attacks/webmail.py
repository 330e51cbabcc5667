"""A proxy before a mail server with webmail, a door that lets everything in, and what is sent there byte by byte."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from gatepost.doors.fronts import files
from tests.servers.caddy import Caddy
from tests.servers.front import a_front, write
from tests.servers.http_server import listening
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

SERVED = "/SOGo/Microsoft-Server-ActiveSync"


class LetsIn(BaseHTTPRequestHandler):
    """Stands for a door at which nobody is refused: what is left is what the proxy refuses by itself."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path.partition("?")[0])  # type: ignore[attr-defined] # ours, below
        self.send_response(204)
        self.send_header("X-Gatepost-Verdict", "allow")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@dataclass
class Front:
    """`asked`: where the door was asked, each time."""

    port: int
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def before(program: str, home: Path, backend: int) -> Iterator[Front]:
    """nginx or caddy before this mail server's ActiveSync and webmail."""
    with listening(LetsIn) as door:
        front = Front(free_port())
        door.asked = front.asked  # type: ignore[attr-defined] # read above
        changes: dict[str, Any] = {"backend_path": SERVED, "web_path": "/SOGo"}
        written = a_front(front.port, door.server_port, backend, **changes)
        if program == "nginx":
            running: Any = Nginx(home, front.port, files("nginx", written))
        else:
            write(home, files("caddy", written))
            running = Caddy(home, front.port)
        with running:
            yield front


def send(port: int, target: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    """The whole answer to a POST of this target; b"" where the connection was closed without one."""
    head = [b"POST " + target + b" HTTP/1.1", b"Host: mail.example.com", b"Connection: close", *headers]
    head += [b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)", b"Content-Length: %d" % len(body)]
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        answer = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"\r\n".join([*head, b"", b""]) + body)
            while more := connection.recv(65536):
                answer += more
        return answer


_UP = (b"..", b"%2e%2e", b"%2E.", b".%2e", b"%252e%252e", b"..;", b"..;a=b", b".", b"")
_SLASH = (b"/", b"%2f", b"%2F", b"%252f", b"\\", b"%5c", b"//", b"/./")
_NAME = (
    *(b"Microsoft-Server-ActiveSync", b"microsoft-server-activesync", b"%4dicrosoft-Server-ActiveSync"),
    *(b"Microsoft%2DServer-ActiveSync", b"Microsoft-Server-%2541ctiveSync", b"Microsoft-Server-ActiveSync;x=y"),
)
HOSTILE = tuple(
    dict.fromkeys(
        [
            *(b"/SOGo/" + name + slash + up + slash + b"x" for name in _NAME for slash in _SLASH for up in _UP),
            *(b"/SOGo/x" + slash + up + slash + name for name in _NAME for slash in _SLASH for up in _UP),
            *(b"/SOGo" + slash + name for name in _NAME for slash in _SLASH),
            *(b"/x/../SOGo/" + name for name in _NAME),
            *(b"/SOGo/" + name + b"/x" for name in _NAME),
            *(b"http://mail.example.com/SOGo/" + name + b"/../so/x" for name in _NAME),
            *(b"/SOGo/so/x#/../" + name for name in _NAME),
            *(b"/other/../SOGo/so/x", b"/SOGo/../other", b"/SOGo/so/../../other/x", b"/SOGo/so/..%2f..%2fother"),
        ]
    )
)
"""What a proxy may take for webmail, and the mail server for something else."""

USUAL = (
    *(
        b"/SOGo/so/ann/Mail?x=1",
        b"/SOGo/dav/ann/Calendar/personal/a%2Fb.ics",
        b"/SOGo/so/ann%40corp/Mail/0/folderINBOX",
    ),
    *(b"/SOGo/so/ann/Mail/0/folderINBOX/12/2/My%20File%20100%25.pdf", b"/SOGo/so/ann?url=http://x/../y//z", b"/SOGo/"),
    *(b"/SOGo/so/ann/x..y/.hidden/a;b%23c", b"/SOGo/so/%C3%A4%C3%B6%C3%BC%e2%82%ac"),
)
"""What browsers and calendars ask for."""
