"""What stands at a door's place when it is away, each at a port of loopback."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator

from tests.servers.ports import free_port


@contextlib.contextmanager
def stopped() -> Iterator[int]:
    """A port where nothing listens."""
    yield free_port()


@contextlib.contextmanager
def unreachable() -> Iterator[int]:
    """A port that no connection gets through to: its queue is full, so the system drops what comes."""
    with contextlib.ExitStack() as ends, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = ends.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def slow() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield listener.getsockname()[1]


@contextlib.contextmanager
def garbage() -> Iterator[int]:
    """A port that answers whatever comes by what is no HTTP."""
    with answering(b"\x00\xff this is no answer\r\n\r\n") as port:
        yield port


@contextlib.contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A port that gives each connection the next of these answers once it has asked, and then the first again."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        thread = threading.Thread(target=_answer, args=(listener, itertools.cycle(answers)))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _answer(listener: socket.socket, answers: Iterator[bytes]) -> None:
    with contextlib.suppress(OSError):  # the listener was closed
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                if connection.recv(4096):  # nothing: a mere look whether somebody listens
                    connection.sendall(next(answers))
