"""Watching one phone's answer at a real door, over HTTP, as fast as the door answers."""

import base64
import socket
import threading
from time import perf_counter, sleep, time
from types import TracebackType
from typing import NamedTuple

BETWEEN = 0.001
"""Seconds between an answer and the next question, so that the watcher leaves the door a processor to answer with."""


class Turn(NamedTuple):
    """When an answer was other than the one before: on the benchmark's clock, and by the wall clock in seconds."""

    status: int
    at: float
    wall: float


class Watch:
    """Asks for one device over one connection until closed; remembers the last time that the answer changed."""

    def __init__(self, port: int, login: str, eas_id: str) -> None:
        credentials = base64.b64encode(f"{login}:secret".encode()).decode()
        self._request = (
            "GET /check HTTP/1.1\r\nHost: gate\r\nX-Original-Method: POST\r\nMS-ASProtocolVersion: 14.1\r\n"
            f"X-Original-URI: /Microsoft-Server-ActiveSync?Cmd=Sync&User=u&DeviceId={eas_id}&DeviceType=iPhone\r\n"
            f"Authorization: Basic {credentials}\r\n\r\n"
        ).encode()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._changed = threading.Condition()
        self._last = Turn(0, 0.0, 0.0)
        self._stop = False
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop = True
        self._thread.join()
        self._socket.close()

    def until(self, status: int, seconds: float = 30) -> Turn:
        """Wait until the answer has this status; since when it had. AssertionError if it never has."""
        with self._changed:
            there = self._changed.wait_for(lambda: self._last.status == status or self._failed, seconds)
            if not there or self._failed:
                raise AssertionError(f"the door answers {self._last.status}, not {status} ({self._failed})")
            return self._last

    def is_now(self, status: int) -> bool:
        return self._last.status == status

    def _ask(self) -> None:
        try:
            while not self._stop:
                self._socket.sendall(self._request)
                status = int(self._socket.recv(4096).split(b" ", 2)[1])
                if status != self._last.status:
                    with self._changed:
                        self._last = Turn(status, perf_counter(), time())
                        self._changed.notify_all()
                sleep(BETWEEN)
        except Exception as error:
            with self._changed:
                self._failed = error
                self._changed.notify_all()
