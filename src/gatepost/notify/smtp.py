"""Hands messages to a mail server over connections that are kept, and says of each what became of it."""

import asyncio
import ipaddress
import socket
import ssl
from collections import deque
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple, cast

import aiosmtplib

from gatepost.notify.message import envelope_address
from gatepost.notify.session import ConnectionLost, Outgoing, Reply, Session
from gatepost.notify.untrusted import one_line


class Tls(StrEnum):
    """`auto`: clear text to a loopback address only; elsewhere implicit TLS on port 465 and STARTTLS on every other.

    Never weaker than chosen: a server that does not offer STARTTLS gets no mail.
    """

    AUTO = "auto"
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SentState(StrEnum):
    """`deferred`: not handed over, try again later. `uncertain`: the reply to the final dot was lost (RFC 1047)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    DEFERRED = "deferred"


class Sent(NamedTuple):
    """What became of one message, with the server's reply or our reason in one line."""

    notice_id: str
    state: SentState
    reply: str


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """`timeout`: seconds for connecting and for each reply. `loopback_only`: an exercise reaches nobody (I-19).

    `verify`: the server's certificate and name; `ca_file`: a PEM file of further authorities, "" for the system's.
    """

    host: str
    port: int
    tls: Tls = Tls.AUTO
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = 8
    verify: bool = True
    ca_file: str = ""
    timeout: float = 60.0
    loopback_only: bool = False


class Unavailable(Exception):
    """No connection to the mail server; its text says why."""


def is_loopback(address: str) -> bool:
    """An address of this machine only: 127.0.0.0/8, ::1, and the former written as IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def tls_mode(tls: Tls, port: int, loopback: bool) -> Tls:
    """What `auto` means for this server; every other choice stands."""
    if tls is not Tls.AUTO:
        return tls
    if loopback:
        return Tls.NONE
    return Tls.TLS if port == 465 else Tls.STARTTLS


class _Batch:
    """The messages of one call of `send`, shared by the connections at work."""

    def __init__(self, stopped: Container[str]) -> None:
        self.stopped = stopped
        self.waiting: deque[Outgoing] = deque()
        self.results: list[Sent] = []
        self._lost_once: set[str] = set()

    def next(self) -> Outgoing | None:
        while self.waiting:
            out = self.waiting.popleft()
            if out.notice_id not in self.stopped:
                return out
            self.settle(out, SentState.DEFERRED, "stopped before it was handed over")
        return None

    def settle(self, out: Outgoing, state: SentState, reply: object) -> None:
        # Cut to one short line: it is kept with every notice, and a server may say megabytes.
        self.results.append(Sent(out.notice_id, state, one_line(str(reply))))

    def not_handed_over(self, out: Outgoing, why: object, *, stale: bool = False) -> None:
        """Once more on another connection; a message that loses its connection twice waits for another batch."""
        if stale:
            self.waiting.appendleft(out)
        elif out.notice_id in self._lost_once:
            self.settle(out, SentState.DEFERRED, why)
        else:
            self._lost_once.add(out.notice_id)
            self.waiting.append(out)


class Sender:
    """Keeps up to `connections` connections between calls. Bound to the event loop that it is first used in."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._idle: list[Session] = []
        self._tls_context: ssl.SSLContext | None = None

    async def send(self, batch: Sequence[Outgoing], stopped: Container[str] = ()) -> list[Sent]:
        """What became of each message, in no particular order; their notice ids must differ.

        `stopped`: notice ids that are not to be handed over any more; it may grow while this runs (I-23).

        Raises nothing for what a server or a network does. If it is cancelled, connections at work are cut and the
        messages of the batch are in doubt.
        """
        work = _Batch(stopped)
        for out in batch:
            try:
                work.waiting.append(_checked(out))
            except ValueError as fault:
                work.settle(out, SentState.REFUSED, fault)
        workers = min(self._settings.connections, len(work.waiting))
        # A worker that gives up leaves its share to the others, so only what nobody could send is deferred.
        reasons = [why for why in await asyncio.gather(*(self._worker(work) for _ in range(workers))) if why]
        while unsent := work.next():
            work.settle(unsent, SentState.DEFERRED, reasons[-1] if reasons else "no connection")
        return work.results

    async def rehearse(self, out: Outgoing) -> Reply:
        """What the server answers to this envelope; no message is sent. Raises Unavailable, ValueError."""
        out = _checked(out)
        session = await self._session()
        try:
            reply = await session.rehearse(out)
        except ConnectionLost as lost:
            session.abort(str(lost))
            raise Unavailable(f"{self._settings.host}: {lost}") from lost
        await session.quit()
        return reply

    async def close(self) -> None:
        """Ends all connections politely."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in idle))

    async def _worker(self, work: _Batch) -> str:
        """Sends until nothing waits; returns why, if it gave up."""
        while work.waiting:
            try:
                session = await self._session()
            except Unavailable as unavailable:
                return str(unavailable)
            try:
                await _deliver(session, work)
            except ConnectionLost as lost:
                session.abort(str(lost))
                # A server that breaks at each message would otherwise meet all of them.
                if not (session.answered or session.stale):
                    return str(lost)
            except BaseException:
                session.abort("sending was stopped")
                raise
            else:
                session.put_aside()
                self._idle.append(session)
        return ""

    async def _session(self) -> Session:
        while self._idle:
            session = self._idle.pop()
            if session.usable:
                return session
            session.abort("closed by the server")
        return await self._connect()

    async def _connect(self) -> Session:
        """Raises Unavailable."""
        settings = self._settings
        addresses = await self._addresses()
        loopback = all(is_loopback(address[0]) for _, address in addresses)
        mode = tls_mode(settings.tls, settings.port, loopback)
        if settings.loopback_only and not loopback:
            raise Unavailable(f"this is an exercise, and {settings.host} is not a loopback address: nothing was sent")
        if settings.username and mode is Tls.NONE and not loopback:
            raise Unavailable("a password is not sent in clear text: set tls to auto")
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            sock=await self._socket(addresses),
            use_tls=mode is Tls.TLS,
            start_tls=mode is Tls.STARTTLS,
            tls_context=None if mode is Tls.NONE else self._context(),
            username=settings.username or None,
            password=settings.password or None,
            local_hostname="localhost" if loopback else None,
            timeout=settings.timeout,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except aiosmtplib.SMTPResponseException as refused:
            client.close()
            raise Unavailable(f"{settings.host}: {Reply(refused.code, refused.message)}") from refused
        except (aiosmtplib.SMTPException, OSError, ValueError) as failed:
            client.close()
            raise Unavailable(f"{settings.host}: {failed}") from failed
        if client.transport is None:
            raise Unavailable(f"{settings.host}: connection lost")
        return Session(cast(asyncio.Transport, client.transport), frozenset(client.esmtp_extensions), settings.timeout)

    async def _addresses(self) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
        """The server's addresses. What is checked is what is connected to: the name is not resolved twice (I-19)."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._settings.host, self._settings.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as failed:
            raise Unavailable(f"{self._settings.host}: {failed}") from failed
        return [(family, address) for family, _, _, _, address in found]

    async def _socket(self, addresses: Sequence[tuple[socket.AddressFamily, tuple[Any, ...]]]) -> socket.socket:
        """A connection to the first address that answers. Raises Unavailable."""
        failed: Exception | None = None
        for family, address in addresses:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self._settings.timeout):
                    await asyncio.get_running_loop().sock_connect(sock, address)
            except OSError as error:  # TimeoutError is one
                sock.close()
                failed = error
            except BaseException:
                sock.close()
                raise
            else:
                with suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        raise Unavailable(f"{self._settings.host}: {failed or 'no address'}")

    def _context(self) -> ssl.SSLContext:
        if self._tls_context is None:
            context = ssl.create_default_context()
            if self._settings.ca_file:
                context.load_verify_locations(cafile=self._settings.ca_file)
            if not self._settings.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._tls_context = context
        return self._tls_context


async def _deliver(session: Session, work: _Batch) -> None:
    """Sends what waits over one connection. Raises ConnectionLost, with everything settled that was handed over."""
    out, begun = _next_for(session, work), False
    while out is not None:
        if not begun:
            session.begin(out)
        try:
            refusal = await session.open(out)
        except ConnectionLost as lost:
            work.not_handed_over(out, lost, stale=session.stale)
            raise
        if refusal is not None:
            if refusal.code == 421:  # the server is about to leave: RFC 5321 section 3.8
                work.not_handed_over(out, refusal, stale=session.stale)
                raise ConnectionLost(str(refusal))
            work.settle(out, _state(refusal), refusal)
            out, begun = _next_for(session, work), False
            continue
        following = _next_for(session, work)
        try:
            reply = await session.hand_over(out, following)
        except ConnectionLost as lost:
            work.settle(out, SentState.UNCERTAIN, lost)
            if following is not None:
                work.not_handed_over(following, lost)
            raise
        work.settle(out, _state(reply), reply)
        out, begun = following, True


def _next_for(session: Session, work: _Batch) -> Outgoing | None:
    """The next message that this server can take."""
    while out := work.next():
        if session.can_carry(out):
            return out
        work.settle(out, SentState.REFUSED, "the mail server takes no address that is not ASCII (SMTPUTF8)")
    return None


_NOT_OF_THE_MESSAGE = frozenset({530, 534, 535, 538})
"""Sign-in or TLS is missing (RFC 4954 section 6): a fault of the configuration, which must not use up an audience."""


def _state(reply: Reply) -> SentState:
    if reply.code < 300:
        return SentState.ACCEPTED
    if reply.code < 400:
        return SentState.UNCERTAIN
    if reply.code < 500 or reply.code in _NOT_OF_THE_MESSAGE:
        return SentState.DEFERRED
    return SentState.REFUSED


def _checked(out: Outgoing) -> Outgoing:
    """The same with its addresses as an envelope carries them. Raises ValueError if no server may have it."""
    # A bare CR or LF would let a message end early at some servers and go on as commands (SMTP smuggling).
    ends = out.message.count(b"\r\n")
    if not ends == out.message.count(b"\n") == out.message.count(b"\r"):
        raise ValueError("the message has line ends other than CRLF")
    recipient, sender = envelope_address(out.recipient), envelope_address(out.envelope_from)
    if recipient is out.recipient and sender is out.envelope_from:
        return out
    return replace(out, recipient=recipient, envelope_from=sender)
