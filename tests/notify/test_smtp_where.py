"""Where mail may go, and how: loopback, TLS, signing in, exercises."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatepost.notify import smtp
from gatepost.notify.sink import Sink
from gatepost.notify.smtp import Sender, Sent, SentState, SmtpSettings, Tls, is_loopback, tls_mode
from tests.notify.sending import outgoing, send, states


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
