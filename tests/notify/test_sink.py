"""The sink: a mail server that keeps what it is given, byte for byte."""

import smtplib
import socket
from collections.abc import Iterator

import pytest

from gatepost.notify.sink import Sink


@pytest.fixture
def client_and_sink() -> Iterator[tuple[smtplib.SMTP, Sink]]:
    with Sink() as sink, smtplib.SMTP(sink.host, sink.port) as client:
        client.ehlo()
        yield client, sink


def test_the_sink_says_its_name_before_what_it_can_do(client_and_sink: tuple[smtplib.SMTP, Sink]) -> None:
    """RFC 5321 section 4.1.1.1: the first line of the answer to EHLO is the server's name, so none of it is lost."""
    client, _ = client_and_sink
    assert client.ehlo_resp is not None
    assert client.ehlo_resp.splitlines()[0] == b"sink.invalid"
    assert client.has_extn("pipelining")


@pytest.mark.parametrize(
    "text",
    [
        b"\r\n",
        b"Subject: a\r\n\r\nbody\r\n",
        b".\r\n",
        b".first\r\n..\r\n...\r\nA sentence.\r\n.\r\nthe end.\r\n",
        b"Subject: a\r\n\r\n" + b"A long one. \r\n" * 20_000,
    ],
)
def test_a_text_arrives_byte_for_byte(client_and_sink: tuple[smtplib.SMTP, Sink], text: bytes) -> None:
    """RFC 5321 section 4.5.2: dots at the beginning of lines come and go, and no line ends the text but the last."""
    client, sink = client_and_sink
    client.sendmail("a@example.com", ["b@example.com"], text)
    client.sendmail("a@example.com", ["b@example.com"], b"the next\r\n")
    assert [mail.raw for mail in sink.messages] == [text, b"the next\r\n"]


def test_a_line_that_is_too_long_is_refused(client_and_sink: tuple[smtplib.SMTP, Sink]) -> None:
    """RFC 5321 section 4.5.3.1.6: what other servers would not take, the sink does not take either."""
    client, sink = client_and_sink
    with pytest.raises(smtplib.SMTPDataError):
        client.sendmail("a@example.com", ["b@example.com"], b"x" * 999 + b"\r\n")
    client.sendmail("a@example.com", ["b@example.com"], b"x" * 998 + b"\r\n")
    assert len(sink.messages) == 1


def test_a_text_without_a_recipient_is_not_taken(client_and_sink: tuple[smtplib.SMTP, Sink]) -> None:
    """RFC 5321 section 3.3: DATA comes after RCPT."""
    client, sink = client_and_sink
    client.mail("a@example.com")
    assert client.docmd("DATA")[0] == 503
    assert sink.messages == []


def test_a_connection_that_ends_inside_a_text_leaves_nothing() -> None:
    """A text without its end is no mail."""
    with Sink() as sink:
        with socket.create_connection((sink.host, sink.port)) as raw, raw.makefile("rb") as answers:
            answers.readline()
            for command in (b"HELO a", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>", b"DATA"):
                raw.sendall(command + b"\r\n")
                answers.readline()
            raw.sendall(b"half a mail.\r\n")
        with smtplib.SMTP(sink.host, sink.port) as client:
            client.noop()
        assert sink.messages == []
