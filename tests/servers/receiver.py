"""A program that is told by webhooks: it keeps what it was sent, and answers as a test says."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.certificates import Certificate
from tests.servers.http_server import listening


@dataclass
class Receiver:
    """`answer`: status and headers; or None: it takes the request and never answers. `got`: path, headers and body of
    each request, in order. `done` lets those go that hang."""

    port: int = 0
    answer: tuple[int, dict[str, str]] | None = (204, {})
    body: bytes = b""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told?by=gatepost"


@contextmanager
def receiving(certificate: Certificate | None = None, **fields: Any) -> Iterator[Receiver]:
    """Listens on loopback; by TLS, with a certificate."""
    receiver = Receiver(**fields)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, dict(self.headers.items()), sent))
            if receiver.answer is None:
                receiver.done.wait(60)
                self.close_connection = True
                return
            status, headers = receiver.answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(receiver.body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.body)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with listening(Handler) as server:
        server.handle_error = _silent  # type: ignore[assignment,method-assign] # who hangs up early is no test's business
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_port
        try:
            yield receiver
        finally:
            receiver.done.set()


def _silent(_request: object, _address: object) -> None:
    return
