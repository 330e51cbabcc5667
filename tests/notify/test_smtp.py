"""Handing over: what becomes of each message, whatever the server and the network do."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatepost.notify import smtp
from gatepost.notify.session import Outgoing
from gatepost.notify.sink import DROP, Received, Sink
from gatepost.notify.smtp import Sender, Sent, SentState, SmtpSettings, Tls, is_loopback, tls_mode

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


@pytest.mark.parametrize("pipelining", [True, False])
def test_everybody_gets_their_own_message(pipelining: bool) -> None:
    """I-21: one recipient to an envelope, every message whole (dots and all), none twice, over few connections."""
    batch = [Outgoing(f"n{n}", "bounce@corp.example", f"p{n}@corp.example", MESSAGE + b"%d\r\n" % n) for n in range(60)]
    with Sink(pipelining=pipelining) as sink:
        results = send(sink, batch, connections=4)
        assert set(states(results).values()) == {SentState.ACCEPTED}
        assert results["n7"].reply == "250 OK"
        assert sorted((m.recipient, m.raw) for m in sink.messages) == sorted((o.recipient, o.message) for o in batch)
        assert {m.envelope_from for m in sink.messages} == {"bounce@corp.example"}
        assert sink.connections == 4


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("where", ["recipient", "message"])
def test_refused_and_deferred_are_told_apart(pipelining: bool, where: str) -> None:
    """5xx is refused, 4xx is deferred, at RCPT or after the final dot; the neighbours on the connection go through."""
    answers = {"p1@corp.example": "550 5.1.1 unknown", "p3@corp.example": "450 4.2.0 greylisted"}
    sink = Sink(pipelining=pipelining)
    if where == "recipient":
        sink.on_recipient = answers.get
    else:
        sink.on_message = lambda received: answers.get(received.recipient)
    with sink:
        results = send(sink, outgoing(6), connections=1)
        assert states(results) == {
            "n0": SentState.ACCEPTED,
            "n1": SentState.REFUSED,
            "n2": SentState.ACCEPTED,
            "n3": SentState.DEFERRED,
            "n4": SentState.ACCEPTED,
            "n5": SentState.ACCEPTED,
        }
        assert (results["n1"].reply, results["n3"].reply) == ("550 5.1.1 unknown", "450 4.2.0 greylisted")
        assert len(sink.messages) == 4


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_lost_reply_is_uncertain(pipelining: bool) -> None:
    """RFC 1047: cut after the final dot, that message alone is uncertain; the others go on over a new connection."""

    def drop(received: Received) -> str | None:
        return DROP if received.recipient == "p2@corp.example" else None

    with Sink(pipelining=pipelining, on_message=drop) as sink:
        results = send(sink, outgoing(6), connections=1)
        assert results.pop("n2").state is SentState.UNCERTAIN
        assert set(states(results).values()) == {SentState.ACCEPTED}
        assert sorted(message.recipient for message in sink.messages) == [f"p{n}@corp.example" for n in range(6)]
        assert sink.connections == 2


def test_a_server_that_breaks_at_every_message_meets_few() -> None:
    """A server that always breaks after the dot makes one message a connection uncertain, not the whole audience."""
    with Sink(on_message=lambda _: DROP) as sink:
        found = list(states(send(sink, outgoing(50), connections=2)).values())
        assert found.count(SentState.UNCERTAIN) == 2
        assert found.count(SentState.DEFERRED) == 48


def test_no_server_is_deferred() -> None:
    """A refused connection leaves everything to be tried later."""
    sink = Sink()
    sink.start()
    sink.stop()
    results = send(sink, outgoing(3))
    assert set(states(results).values()) == {SentState.DEFERRED}
    assert "127.0.0.1" in results["n0"].reply


def test_silence_is_told_by_where_it_falls() -> None:
    """No answer to an envelope: not handed over. No answer to a text: nobody knows."""
    with Scripted(lambda command: b"" if command.startswith(b"MAIL") else usual(command)) as server:
        assert states(send(server, outgoing(1), connections=1, timeout=0.2)) == {"n0": SentState.DEFERRED}
    with Scripted(lambda command: b"" if command == b"<text>" else usual(command)) as server:
        assert states(send(server, outgoing(1), connections=1, timeout=0.2)) == {"n0": SentState.UNCERTAIN}


@pytest.mark.parametrize("reply", [b"hello\r\n", b"999 what\r\n", b"250" + b"x" * 70_000, b"250-more\r\n" * 1000])
def test_nonsense_after_the_dot_is_uncertain(reply: bytes) -> None:
    """An answer that is no SMTP says nothing about the message."""
    with Scripted(lambda command: reply if command == b"<text>" else usual(command)) as server:
        assert states(send(server, outgoing(1), connections=1, timeout=1.0)) == {"n0": SentState.UNCERTAIN}


def test_a_server_that_wants_to_leave_is_left() -> None:
    """421 to an envelope: nothing was handed over; the message goes over the next connection."""
    left: list[bytes] = []

    def answer(command: bytes) -> bytes:
        if command.startswith(b"MAIL") and len(left) < 1:
            left.append(command)
            return b"421 4.3.2 too many messages on this connection\r\n"
        return usual(command)

    with Scripted(answer) as server:
        first = send(server, outgoing(1), connections=1)
        assert first["n0"].state is SentState.DEFERRED, "a connection that carried nothing is not replaced at once"
        assert states(send(server, outgoing(1), connections=1)) == {"n0": SentState.ACCEPTED}


def test_a_missing_sign_in_uses_up_nobody() -> None:
    """530 is a fault of the configuration: everybody stays to be sent to."""
    with Scripted(lambda c: b"530 5.7.0 sign in first\r\n" if c.startswith(b"MAIL") else usual(c)) as server:
        assert set(states(send(server, outgoing(3), connections=1)).values()) == {SentState.DEFERRED}


def test_data_taken_for_nobody_sends_nothing() -> None:
    """RFC 2920: where DATA is taken though its only recipient was refused, an empty text ends it."""

    def answer(command: bytes) -> bytes:
        if command.startswith(b"RCPT"):
            return b"550 unknown\r\n"
        return b"554 nobody\r\n" if command == b"<text>" else usual(command)

    with Scripted(answer, ["PIPELINING"]) as server:
        assert states(send(server, outgoing(2), connections=1)) == {"n0": SentState.REFUSED, "n1": SentState.REFUSED}
        assert server.heard.count(b"RSET") == 2


def test_bounces_are_asked_for_where_they_are_offered() -> None:
    """RFC 3461: failure notices only, with the notice's id and the recipient in xtext."""
    batch = [Outgoing("n+1=x", "bounce@corp.example", "a+b@corp.example", MESSAGE)]
    with Scripted(usual, ["PIPELINING", "DSN"]) as server:
        send(server, batch)
        assert server.heard[:2] == [
            b"MAIL FROM:<bounce@corp.example> RET=HDRS ENVID=n+2B1+3Dx",
            b"RCPT TO:<a+b@corp.example> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@corp.example",
        ]
    with Scripted(usual) as server:
        send(server, batch)
        assert server.heard[1] == b"RCPT TO:<a+b@corp.example>"


def test_addresses_that_are_not_ascii() -> None:
    """SMTPUTF8 is asked for only where it is needed; a server without it is not given such a message."""
    batch = [Outgoing("n0", "bounce@corp.example", "grüße@corp.example", MESSAGE), *outgoing(2)[1:]]
    with Sink() as sink:
        assert set(states(send(sink, batch)).values()) == {SentState.ACCEPTED}
        by_name = {message.recipient: message for message in sink.messages}
        assert "SMTPUTF8" in by_name["grüße@corp.example"].options
        assert "SMTPUTF8" not in by_name["p1@corp.example"].options
    with Scripted(usual) as server:
        results = send(server, batch, connections=1)
        assert states(results) == {"n0": SentState.REFUSED, "n1": SentState.ACCEPTED}
        assert "SMTPUTF8" in results["n0"].reply
    with Sink() as sink:
        send(sink, [Outgoing("n0", "bounce@corp.example", "a@bücher.example", MESSAGE)])
        assert sink.messages[0].recipient == "a@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("recipient", "message"),
    [
        ("a@b.example>\r\nRCPT TO:<c@d.example", MESSAGE),
        ("nobody", MESSAGE),
        ("a@b.example", b"x\n.\nMAIL FROM:<evil@x>\r\n"),
        ("a@b.example", b"x\r.\r"),
    ],
)
def test_nothing_malformed_reaches_a_server(recipient: str, message: bytes) -> None:
    """I-36: an address or a line end that could become a command of its own is refused before any connection."""
    with Sink() as sink:
        results = send(sink, [Outgoing("n0", "bounce@corp.example", recipient, message), *outgoing(2)[1:]])
        assert states(results) == {"n0": SentState.REFUSED, "n1": SentState.ACCEPTED}
        assert [received.recipient for received in sink.messages] == ["p1@corp.example"]


def test_connections_are_kept_and_replaced() -> None:
    """Connections last from one batch to the next; those that the server closed in between are replaced unnoticed."""

    async def go() -> tuple[int, int, list[Sent]]:
        with Sink() as sink:
            sender = Sender(SmtpSettings("127.0.0.1", sink.port, connections=3))
            for _ in range(3):
                await sender.send(outgoing(9))
            kept, port = sink.connections, sink.port
        with Sink(port=port) as sink:
            last = await sender.send(outgoing(9))
            await sender.close()
            return kept, sink.connections, last

    kept, fresh, last = asyncio.run(go())
    assert kept == 3
    assert 1 <= fresh <= 3
    assert {sent.state for sent in last} == {SentState.ACCEPTED}


def test_a_stop_cuts_what_is_under_way() -> None:
    """A cancelled batch ends at once and leaves no connection half used."""

    handed_over = threading.Event()

    def answer(command: bytes) -> bytes:
        if command == b"<text>":
            handed_over.set()
            return b""
        return usual(command)

    async def go() -> None:
        with Scripted(answer) as server:
            sender = Sender(SmtpSettings("127.0.0.1", server.port, connections=1))
            task = asyncio.create_task(sender.send(outgoing(1)))
            assert await asyncio.to_thread(handed_over.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await sender.close()
            assert b"QUIT" not in server.heard

    asyncio.run(go())


# --- where mail may go, and how


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("fe80::1%lo", False),
        ("::ffff:192.0.2.1", False),
    ],
)
def test_what_is_loopback(address: str, loopback: bool) -> None:
    """Only addresses of this very machine count as loopback."""
    assert is_loopback(address) is loopback


@pytest.mark.parametrize(
    ("tls", "port", "loopback", "mode"),
    [
        (Tls.AUTO, 25, True, Tls.NONE),
        (Tls.AUTO, 465, True, Tls.NONE),
        (Tls.AUTO, 465, False, Tls.TLS),
        (Tls.AUTO, 587, False, Tls.STARTTLS),
        (Tls.AUTO, 25, False, Tls.STARTTLS),
        (Tls.STARTTLS, 25, True, Tls.STARTTLS),
        (Tls.TLS, 25, True, Tls.TLS),
        (Tls.NONE, 25, False, Tls.NONE),
    ],
)
def test_what_auto_means(tls: Tls, port: int, loopback: bool, mode: Tls) -> None:
    """`auto` is clear text to loopback only; what is chosen stays as chosen."""
    assert tls_mode(tls, port, loopback) is mode


def test_auto_sends_no_clear_text_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere that does not offer STARTTLS gets no mail: never a downgrade."""
    monkeypatch.setattr(smtp, "is_loopback", lambda _: False)
    with Sink() as sink:
        results = send(sink, outgoing(2))
        assert set(states(results).values()) == {SentState.DEFERRED}
        assert "STARTTLS" in results["n0"].reply
        assert not sink.messages


def test_a_password_is_not_sent_in_clear_text_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where `none` was chosen."""
    monkeypatch.setattr(smtp, "is_loopback", lambda _: False)
    with Sink(login=("gatepost", "secret")) as sink:
        results = send(sink, outgoing(1), tls=Tls.NONE, username="gatepost", password="secret")
        assert results["n0"].state is SentState.DEFERRED
        assert "clear text" in results["n0"].reply
        assert sink.connections == 0


def test_an_exercise_reaches_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """I-19: the resolved address counts, every one of them, and no connection is tried."""

    async def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, 0, 0, "", (ip, 25)) for ip in ("127.0.0.1", "192.0.2.1")]

    async def go() -> list[Sent]:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        return await Sender(SmtpSettings("localhost", 25, loopback_only=True)).send(outgoing(2))

    results = asyncio.run(go())
    assert {sent.state for sent in results} == {SentState.DEFERRED}
    assert "this is an exercise" in results[0].reply
    with Sink() as sink:
        assert states(send(sink, outgoing(1), loopback_only=True)) == {"n0": SentState.ACCEPTED}


def test_a_password_is_not_shown() -> None:
    """Settings can be logged without their password."""
    assert "secret" not in repr(SmtpSettings("mail.example", 587, username="gatepost", password="secret"))


def test_signing_in() -> None:
    """AUTH with the right password sends; with a wrong one everything stays to be sent."""
    with Sink(login=("gatepost", "secret")) as sink:
        assert states(send(sink, outgoing(1), username="gatepost", password="secret")) == {"n0": SentState.ACCEPTED}
        assert sink.messages[0].login == "gatepost"
        wrong = send(sink, outgoing(1), username="gatepost", password="wrong")["n0"]
        assert wrong.state is SentState.DEFERRED
        assert "535" in wrong.reply
        assert len(sink.messages) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_starttls_with_a_verified_certificate(certificate: Path) -> None:
    """STARTTLS encrypts what follows; a certificate that is not known, or of another name, is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Sink(tls=context, login=("gatepost", "secret")) as sink:
        chosen: dict[str, Any] = {
            "host": "localhost",
            "tls": Tls.STARTTLS,
            "username": "gatepost",
            "password": "secret",
        }
        known = send(sink, outgoing(20), ca_file=str(certificate), **chosen)
        assert set(states(known).values()) == {SentState.ACCEPTED}
        assert all(message.encrypted and message.login == "gatepost" for message in sink.messages)
        unknown = send(sink, outgoing(1), **chosen)["n0"]
        assert unknown.state is SentState.DEFERRED
        assert "certificate" in unknown.reply.lower()
        named = send(sink, outgoing(1), ca_file=str(certificate), **{**chosen, "host": "127.0.0.1"})["n0"]
        assert named.state is SentState.DEFERRED
        unverified = send(sink, outgoing(1), verify=False, **chosen)["n0"]
        assert unverified.state is SentState.ACCEPTED


def test_a_sink_is_for_loopback() -> None:
    """The embedded sink listens nowhere else, and stopping it twice is harmless."""
    with pytest.raises(ValueError, match="loopback"):
        Sink(host="0.0.0.0").start()
    sink = Sink()
    sink.start()
    sink.stop()
    sink.stop()
