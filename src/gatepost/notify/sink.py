"""A mail server on loopback that keeps what it is given: for the demonstration and for tests."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SinkSession

from gatepost.notify.smtp import is_loopback

DROP: Final = "DROP"
"""What `on_message` returns to cut the connection after the final dot, without a reply."""


LARGEST: Final = 1 << 25
LONGEST_LINE: Final = 998
"""Octets, without the line's end."""


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came in. `options`: the parameters of MAIL and RCPT. `login`: who signed in, "" for nobody."""

    envelope_from: str
    recipient: str
    raw: bytes
    options: tuple[str, ...] = ()
    login: str = ""
    encrypted: bool = False

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass(slots=True)
class Sink:
    """Start it, send to (host, port), read `messages`, stop it; or use it in a `with`.

    `port` 0 becomes the port that was free. `on_recipient` answers RCPT, `on_message` the final dot: a reply such as
    "450 later", DROP, or None to accept; a message that is not accepted is not kept, but one that is dropped is (the
    server had it; the client cannot know). Both are called in the sink's own thread. `tls`: offers STARTTLS. `login`:
    the one (name, password) that AUTH accepts, in clear text too (loopback).
    """

    host: str = "127.0.0.1"
    port: int = 0
    on_recipient: Callable[[str], str | None] = lambda _: None
    on_message: Callable[[Received], str | None] = lambda _: None
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    pipelining: bool = True
    messages: list[Received] = field(default_factory=list)
    connections: int = 0
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _stopped: asyncio.Event | None = None
    _open: set[SMTP] = field(default_factory=set)

    def start(self) -> None:
        """Listens when it returns. Raises OSError if it cannot, ValueError for an address that is not loopback."""
        if not is_loopback(self.host):
            raise ValueError("a sink listens on a loopback address only")
        listening = socket.create_server((self.host, self.port), backlog=128)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each pipelined reply waits for an ACK
        self.port = listening.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(listening, ready),), name="mail sink", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Cuts what is open; when it returns nothing listens any more. Stopping twice is harmless."""
        if self._thread is None or self._loop is None or self._stopped is None:
            return
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> "Sink":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._connection, sock=listening)
        ready.set()
        await self._stopped.wait()
        server.close()
        for connection in list(self._open):
            _cut(connection)
        await server.wait_closed()
        await asyncio.sleep(0)  # lets the transports say that they are gone, before the loop is

    def _connection(self) -> SMTP:
        self.connections += 1
        return _Connection(self, self._open)


class _Connection(SMTP):
    """One client. Known to the sink while it is open, so that stopping leaves nothing behind."""

    line_length_limit = LARGEST  # how much is read at once, so that a text need not come line by line

    def __init__(self, sink: Sink, known: set[SMTP]) -> None:
        self._known = known
        super().__init__(
            _Handler(sink),
            hostname="sink.invalid",
            enable_SMTPUTF8=True,
            tls_context=sink.tls,
            auth_require_tls=False,
            authenticator=_authenticator(sink.login),
            auth_exclude_mechanism=None if sink.login else ("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )

    async def smtp_DATA(self, arg: str) -> None:
        """As aiosmtpd's, but read in a few pieces: reading line by line takes most of the time that a mail takes."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if arg or self.envelope is None or not self.envelope.rcpt_tos:
            await super().smtp_DATA(arg)  # refuses
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        text = await self._reader.readuntil(b"\r\n")
        while text != b".\r\n" and not text.endswith(b"\r\n.\r\n"):
            text += await self._reader.readuntil(b".\r\n")
        lines = text.removesuffix(b".\r\n").split(b"\r\n")
        self.envelope.content = self.envelope.original_content = b"\r\n".join(
            line.removeprefix(b".")
            for line in lines  # RFC 5321 section 4.5.2
        )
        if max(map(len, lines)) > LONGEST_LINE:
            reply = "500 Line too long (RFC 5321 section 4.5.3.1.6)"
        else:
            reply = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call] # aiosmtpd has none
        await self.push(reply)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._known.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._known.discard(self)
        super().connection_lost(error)


def _cut(connection: SMTP) -> None:
    if connection.transport is not None:
        cast(asyncio.Transport, connection.transport).abort()


def _authenticator(login: tuple[str, str] | None) -> Callable[..., AuthResult]:
    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login.decode(), given.password.decode()) == login
        return AuthResult(success=right, handled=False, auth_data=login[0] if right and login else None)

    return authenticate


class _Handler:
    """aiosmtpd's hooks (their names are its interface)."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_EHLO(
        self, _server: SMTP, session: SinkSession, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        first, *others = responses  # the first line is the server's name, whatever it says (RFC 5321 section 4.1.1.1)
        return [first, "250-PIPELINING", *others] if self._sink.pipelining else responses

    async def handle_RCPT(
        self, _server: SMTP, _session: SinkSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self._sink.on_recipient(address)
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: SinkSession, envelope: Envelope) -> str:
        received = Received(
            envelope.mail_from or "",
            ", ".join(envelope.rcpt_tos),
            envelope.original_content or b"",
            (*envelope.mail_options, *envelope.rcpt_options),
            str(cast(object, session.auth_data) or ""),
            session.ssl is not None,
        )
        reply = self._sink.on_message(received)
        if reply is not None and reply != DROP:
            return reply
        self._sink.messages.append(received)
        if reply == DROP:
            _cut(server)
            raise asyncio.CancelledError
        return "250 OK"
