"""Trying the mail server without sending: the doctor's question."""

import asyncio

import pytest

from gatepost.notify.session import Outgoing, Reply
from gatepost.notify.smtp import Sender, SmtpSettings, Unavailable
from tests.notify.sending import Scripted, usual

ENVELOPE = Outgoing("doctor", "gatepost@corp.example", "admin@corp.example", b"")


def rehearse(server: Scripted, **settings: object) -> Reply:
    chosen = {"host": "127.0.0.1", "port": server.port, "timeout": 2.0} | settings
    return asyncio.run(Sender(SmtpSettings(**chosen)).rehearse(ENVELOPE))


def test_only_the_envelope_is_said() -> None:
    """MAIL, RCPT, RSET, QUIT, and never DATA: nothing can be sent by it."""
    with Scripted(usual, ("PIPELINING",)) as server:
        assert rehearse(server).code == 250
    assert [command.split(b" ")[0] for command in server.heard] == [b"MAIL", b"RCPT", b"RSET", b"QUIT"]


def test_a_refusal_is_the_answer() -> None:
    """What the server says to the recipient is told; the connection is ended politely all the same."""

    def refuse(command: bytes) -> bytes | None:
        return b"550 5.7.1 not from here\r\n" if command.startswith(b"RCPT") else usual(command)

    with Scripted(refuse) as server:
        assert rehearse(server) == Reply(550, "5.7.1 not from here")
    assert server.heard[-2:] == [b"RSET", b"QUIT"]


def test_a_server_that_hangs_up_is_unavailable() -> None:
    """So is one that nobody can reach in an exercise (I-19)."""
    with Scripted(lambda _command: None) as server, pytest.raises(Unavailable, match="connection lost"):
        rehearse(server)
    with Scripted(usual) as server, pytest.raises(Unavailable, match="exercise"):
        rehearse(server, host="192.0.2.1", loopback_only=True)
    assert server.heard == []
