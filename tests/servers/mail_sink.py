"""An SMTP server that keeps what it is given: a process of its own, one file a mail.

Addresses steer it: mail to `refused@...` is refused for good (550), to `later@...` for now (450).
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.servers.ports import free_port, wait_for


@dataclass(frozen=True)
class Mail:
    """One mail as it came: the envelope's sender and recipients, and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text part, each line ended by a newline alone."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


class MailSink:
    """Starts the server in a process of its own; use as a context manager."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.servers.mail_sink", str(self.port), str(self.directory)]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        wait_for(self.port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def mails(self) -> list[Mail]:
        """Everything that was accepted so far, in the order of arrival."""
        return [_read(path) for path in sorted(self.directory.glob("*.mail"))]

    def wait(self, count: int, seconds: float = 20) -> list[Mail]:
        """Wait for at least so many mails; AssertionError, naming how many there are, if they do not come."""
        until = time.monotonic() + seconds
        while (there := sum(1 for _ in self.directory.glob("*.mail"))) < count:
            assert time.monotonic() < until, f"{there} mails after {seconds} s, not {count}"
            time.sleep(0.02)
        return self.mails()

    def __enter__(self) -> "MailSink":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _read(path: Path) -> Mail:
    envelope, content = path.read_bytes().split(b"\n", 1)
    data = json.loads(envelope)
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return Mail(data["sender"], tuple(data["recipients"]), message)


class _Keeper:
    """The server's half: aiosmtpd calls these by name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = sum(1 for _ in directory.glob("*.mail"))

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: Any, address: str, _options: list[str]
    ) -> str:
        local = address.partition("@")[0]
        if local == "refused":
            return "550 5.1.1 no such user"
        if local == "later":
            return "450 4.2.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self._count += 1
        head = json.dumps({"sender": envelope.mail_from, "recipients": envelope.rcpt_tos}).encode()
        path = self._directory / f"{self._count:06}.part"
        path.write_bytes(head + b"\n" + envelope.original_content)
        path.rename(path.with_suffix(".mail"))  # a reader sees whole mails only
        return f"250 OK queued as {self._count:06}"


async def _serve(port: int, directory: Path) -> None:
    from aiosmtpd.smtp import SMTP

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    keeper = _Keeper(directory)
    server = await loop.create_server(
        lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port, reuse_address=True
    )
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:  # a test that was killed leaves no server behind
        await asyncio.wait([asyncio.ensure_future(stop.wait())], timeout=1)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
