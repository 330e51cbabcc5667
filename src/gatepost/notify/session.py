"""Transactions on one open connection: MAIL, RCPT, DATA, pipelined where the server offers it (RFC 5321, RFC 2920).

aiosmtplib opens the connection, upgrades it and signs in; then this takes its transport over, because sending one
command at a time costs four turns a message where one suffices: a message's text leaves together with the envelope of
the next. One recipient to an envelope, so a transaction is taken as a whole or not at all (I-21).
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

_MOST_UNREAD: Final = 65_536
"""Bytes of an unfinished reply after which a server is no mail server."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person. `message`: with CRLF line ends. `notice_id` comes back in a bounce (ENVID)."""

    notice_id: str
    envelope_from: str
    recipient: str
    message: bytes


class Reply(NamedTuple):
    """A server's answer; the lines of its text are joined by blanks."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class ConnectionLost(Exception):
    """The connection ended, or the server stopped answering, or what it answered is not SMTP."""


class Session(asyncio.Protocol):
    """One connection, one transaction after the other. Not for two tasks at once."""

    def __init__(self, transport: asyncio.Transport, extensions: frozenset[str], timeout: float) -> None:
        """`extensions`: EHLO keywords in lower case. `timeout`: seconds to wait for any one reply.

        `answered` counts the messages that the server has taken or refused since the connection was last put aside.
        """
        self._extensions = extensions
        self.answered = 0
        self._kept = False
        self._pipelining = "pipelining" in extensions
        self._timeout = timeout
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._unread = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 1
        self._ended = ""
        self._closed: asyncio.Future[None] = self._loop.create_future()
        # A transport reads whole chunks, and the last reply before this was read to its end: nothing is lost between.
        transport.set_protocol(self)
        if transport.is_closing():
            self.connection_lost(None)

    # --- asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        lines = (self._unread + data).split(b"\n")
        self._unread = lines.pop()
        try:
            for line in lines:
                self._take(line.decode("utf-8", "replace").rstrip("\r"))
        except ValueError:
            self.abort("the server's answer is not SMTP")
        if len(self._unread) > _MOST_UNREAD or len(self._lines) > _MOST_UNREAD // 100:
            self.abort("the server's answer has no end")
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._ended or (f"connection lost: {exc}" if exc else "connection lost")
        if not self._closed.done():
            self._closed.set_result(None)
        self._wake()

    def _take(self, line: str) -> None:
        code = int(line[:3])
        if not 200 <= code <= 599 or line[3:4] not in ("", " ", "-"):
            raise ValueError(line)
        self._lines.append(line[4:].strip())
        if line[3:4] != "-":
            self._replies.append(Reply(code, " ".join(self._lines)))
            self._lines.clear()

    def _wake(self) -> None:
        enough = self._ended or len(self._replies) >= self._wanted
        if enough and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- one connection

    @property
    def usable(self) -> bool:
        """False once the connection is gone or the server said something unasked (that is a 421)."""
        return not (self._ended or self._replies or self._unread)

    @property
    def stale(self) -> bool:
        """True for a kept connection that carried nothing since: if it is lost, the server has merely closed it."""
        return self._kept and not self.answered

    def put_aside(self) -> None:
        """Kept for a later batch."""
        self._kept, self.answered = True, 0

    def abort(self, why: str) -> None:
        """Ends the connection at once, whatever is under way."""
        self._ended = self._ended or why
        self._transport.abort()

    async def quit(self) -> None:
        """Ends the connection as the protocol wants it, within the timeout."""
        if not self._ended:
            try:
                self._transport.write(b"QUIT\r\n")
                await self._reply()
            except ConnectionLost:
                pass
        self._transport.close()
        await self._closed

    async def _reply(self, ahead: int = 0) -> Reply:
        """The next reply. `ahead`: how many more are on their way: one wake-up for all of them is enough."""
        while len(self._replies) <= ahead and not self._ended:
            self._wanted = ahead + 1
            self._waiter = self._loop.create_future()
            timer = self._loop.call_later(self._timeout, self.abort, f"no answer within {self._timeout:g} s")
            try:
                await self._waiter
            finally:
                timer.cancel()
        if not self._replies:
            raise ConnectionLost(self._ended)
        return self._replies.popleft()

    # --- one transaction

    def begin(self, out: Outgoing) -> None:
        """With pipelining: sends the envelope without waiting. Without: nothing yet."""
        if self._pipelining:
            self._transport.write(b"".join(self._envelope(out)))

    async def open(self, out: Outgoing) -> Reply | None:
        """After `begin`: None once the server waits for the text, else the reply that refused the envelope.

        Raises ConnectionLost; then the message has not been handed over.
        """
        if self._pipelining:
            replies = [await self._reply(ahead) for ahead in (2, 1, 0)]
        else:
            replies = await self._one_by_one(out)
        refused = next((reply for reply in replies if reply.code >= 400), None)
        if refused is None and replies[-1].code == 354:
            return None
        if replies[-1].code == 354:  # RFC 2920 section 3.1: DATA was taken although nobody is to get it
            self._transport.write(b".\r\n")
            await self._reply()
        if refused is None:
            self.abort("the server's answers are out of step")
            raise ConnectionLost(self._ended)
        if refused.code != 421:
            self._transport.write(b"RSET\r\n")
            await self._reply()
            self.answered += 1
        return refused

    async def hand_over(self, out: Outgoing, following: Outgoing | None) -> Reply:
        """After `open`: sends the text, with it the next envelope (its `begin`), and returns the server's answer.

        Raises ConnectionLost; then nobody knows whether the server took the message (RFC 1047).
        """
        data = _stuffed(out.message)
        ahead = 0
        if following is not None and self._pipelining:
            data += b"".join(self._envelope(following))
            ahead = 3
        self._transport.write(data)
        reply = await self._reply(ahead)
        self.answered += 1
        return reply

    async def rehearse(self, out: Outgoing) -> Reply:
        """The server's answer to the envelope alone, the first refusal or the last yes: no message is sent.

        Raises ConnectionLost.
        """
        reply = Reply(250, "")
        for command in self._envelope(out)[:2]:
            self._transport.write(command)
            reply = await self._reply()
            if reply.code >= 400:
                break
        self._transport.write(b"RSET\r\n")
        await self._reply()
        return reply

    async def _one_by_one(self, out: Outgoing) -> list[Reply]:
        """The replies to the envelope's commands, up to the first refusal."""
        replies: list[Reply] = []
        for command in self._envelope(out):
            self._transport.write(command)
            replies.append(await self._reply())
            if replies[-1].code >= 400:
                break
        return replies

    def can_carry(self, out: Outgoing) -> bool:
        """False for an address that is not ASCII where the server does not take such (RFC 6531)."""
        return "smtputf8" in self._extensions or not _is_international(out)

    def _envelope(self, out: Outgoing) -> tuple[bytes, bytes, bytes]:
        mail, rcpt = f"MAIL FROM:<{out.envelope_from}>", f"RCPT TO:<{out.recipient}>"
        if _is_international(out):
            mail += " BODY=8BITMIME SMTPUTF8"
        if "dsn" in self._extensions:  # RFC 3461: the envelope id comes back in a bounce
            mail += f" RET=HDRS ENVID={_xtext(out.notice_id)}"
            rcpt += " NOTIFY=FAILURE"
            if out.recipient.isascii():
                rcpt += f" ORCPT=rfc822;{_xtext(out.recipient)}"
        return f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode(), b"DATA\r\n"


def _is_international(out: Outgoing) -> bool:
    return not (out.message.isascii() and out.recipient.isascii() and out.envelope_from.isascii())


def _stuffed(message: bytes) -> bytes:
    """The message as DATA carries it, with its end (RFC 5321 section 4.5.2)."""
    text = message.replace(b"\r\n.", b"\r\n..")
    if text.startswith(b"."):
        text = b"." + text
    return text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n")


def _xtext(raw: str) -> str:
    """RFC 3461 section 4."""
    return re.sub(r"[^!-*,-<>-~]", lambda found: "".join(f"+{byte:02X}" for byte in found[0].encode()), raw)
