"""What the tests of sending share: batches, a sender of one batch, and a server that answers as it is told."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from gatepost.notify.session import Outgoing
from gatepost.notify.sink import Sink
from gatepost.notify.smtp import Sender, Sent, SentState, SmtpSettings

MESSAGE = b"Subject: hello\r\n\r\n.dot\r\nend\r\n"


def outgoing(count: int, message: bytes = MESSAGE) -> list[Outgoing]:
    return [Outgoing(f"n{n}", "bounce@corp.example", f"p{n}@corp.example", message) for n in range(count)]


def send(sink: "Sink | Scripted", batch: Sequence[Outgoing], **settings: Any) -> dict[str, Sent]:
    """What became of a batch, by notice id."""

    async def go() -> list[Sent]:
        sender = Sender(SmtpSettings(**{"host": "127.0.0.1", "port": sink.port, "timeout": 5.0, **settings}))
        try:
            return await sender.send(batch)
        finally:
            await sender.close()

    results = asyncio.run(go())
    assert len(results) == len(batch), "each message is settled exactly once (I-20)"
    return {sent.notice_id: sent for sent in results}


def states(results: dict[str, Sent]) -> dict[str, SentState]:
    return {name: sent.state for name, sent in results.items()}


class Scripted:
    """A server that says what a test wants: `answer` gets each command and returns the reply, b"" for none, or None to
    hang up. DATA's text arrives as one command, b"<text>"."""

    def __init__(self, answer: Callable[[bytes], bytes | None], offers: Sequence[str] = ()) -> None:
        self._answer, self._offers = answer, offers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> "Scripted":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 scripted\r\n")
                self._talk(connection, iter(lines.readline, b""))

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        for line in lines:
            command = line.strip()
            if command.startswith(b"EHLO"):
                offered = "".join(f"250-{name}\r\n" for name in self._offers)
                connection.sendall(f"{offered}250 ok\r\n".encode())
                continue
            self.heard.append(command)
            reply = self._answer(command)
            if reply is None:
                return
            connection.sendall(reply)
            if command == b"DATA" and reply.startswith(b"354"):
                list(iter(lambda: next(lines), b".\r\n"))
                reply = self._answer(b"<text>")
                if reply is None:
                    return
                connection.sendall(reply)


def usual(command: bytes) -> bytes:
    return {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(command, b"250 ok\r\n")
