"""A mail server that holds ActiveSync requests open, as Ping and an idle Sync are held, and phones that wait for it."""

import asyncio
import base64
import re
import select
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self, TypeVar


class Waiting(Protocol):
    """A client that waits for mail."""

    def fileno(self) -> int: ...

    def over(self) -> bool:
        """Something came: whether that ends the waiting."""


Client = TypeVar("Client", bound=Waiting)

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmail"


class LongPolls:
    """Holds each POST until `release` or until its client is gone; answers every other request at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def release(self) -> None:
        """There is mail: every request held now is answered."""
        self._loop.call_soon_threadsafe(self._answer_all)

    def wait(self, held: int, seconds: float = 10) -> None:
        """Return once exactly so many requests are held. AssertionError."""
        with self._changed:
            there = self._changed.wait_for(lambda: self._held == held, seconds)
        assert there, f"{self._held} requests are held, not {held}"

    async def _serve(self) -> None:
        self._loop, self._over, self._mail = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        while asyncio.all_tasks() - {asyncio.current_task()}:
            for writer in self._open:  # cancelling would be logged: asyncio takes it for an error of a connection's
                writer.transport.abort()
            await asyncio.sleep(0.001)

    def _answer_all(self) -> None:
        self._mail.set()
        self._mail = asyncio.Event()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if length := _LENGTH.search(head):
                    await reader.readexactly(int(length[1]))
                if head.startswith(b"POST"):
                    await self._hold(reader)
                writer.write(_ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, EOFError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader) -> None:
        """Return when there is mail; EOFError when the client is gone."""
        gone, mail = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(self._mail.wait())
        self._count(1)
        try:
            await asyncio.wait([gone, mail], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._count(-1)
            left = gone.done() and not mail.done()
            gone.cancel()
            mail.cancel()
            await asyncio.gather(gone, mail, return_exceptions=True)
        if left:
            raise EOFError

    def _count(self, change: int) -> None:
        with self._changed:
            self._held += change
            self._changed.notify_all()


class Phone:
    """One ActiveSync request on a connection of its own, sent and waiting for its answer."""

    def __init__(self, port: int, device: str, login: str, command: str = "Ping") -> None:
        self.device = device
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.send(login, command)

    def send(self, login: str, command: str = "Ping") -> None:
        """One more request on the same connection."""
        credentials = base64.b64encode(f"{login}:secret".encode()).decode()
        self._socket.sendall(
            (
                f"POST /Microsoft-Server-ActiveSync?Cmd={command}&User=u&DeviceId={self.device}&DeviceType=iPhone"
                " HTTP/1.1\r\nHost: mail\r\nMS-ASProtocolVersion: 14.1\r\nContent-Length: 2\r\n"
                f"Authorization: Basic {credentials}\r\n\r\n\x03\x01"
            ).encode()
        )

    def fileno(self) -> int:
        return self._socket.fileno()

    def over(self) -> bool:
        """Every answer is the last."""
        return True

    def answer(self) -> bytes:
        """What came; b"" if the connection was closed without an answer."""
        return self._socket.recv(4096)

    def close(self) -> None:
        self._socket.close()


def ended(phones: Iterable[Client], wanted: int, seconds: float = 10) -> Mapping[Client, float]:
    """The clients that wait no longer, each with since when (time.monotonic): as soon as there are so many, or at the
    end of that time."""
    waiting = select.poll()
    by_number = {phone.fileno(): phone for phone in phones}
    for number in by_number:
        waiting.register(number, select.POLLIN)
    found: dict[Client, float] = {}
    until = time.monotonic() + seconds
    while len(found) < wanted and (left := until - time.monotonic()) > 0:
        for number, _ in waiting.poll(left * 1000):
            at = time.monotonic()
            if by_number[number].over():
                found[by_number[number]] = at
                waiting.unregister(number)
    return found
