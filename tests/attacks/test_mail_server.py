"""Somebody on the way to the mail server, and a mail server that answers oddly."""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from gatepost.notify.smtp import SentState, Tls
from tests.notify.sending import Scripted, outgoing, send, states, usual

MOST_KEPT = 300
"""Characters of a reply: enough to find out what was wrong, and it is kept for every notice."""


class Rude(Scripted):
    """A server that is left while it still talks."""

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        with contextlib.suppress(OSError):
            super()._talk(connection, lines)


@pytest.mark.parametrize("offers", [[], ["STARTTLS"]])
@pytest.mark.parametrize(
    "answer",
    [b"454 not now\r\n", b"502 unknown\r\n", b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n"],
    ids=["refused", "unknown", "replies slipped in"],
)
def test_mail_never_goes_out_in_clear_where_tls_is_asked(offers: list[str], answer: bytes) -> None:
    """RFC 3207 section 6: with STARTTLS stripped, refused, or replies slipped in before it, nobody gets a mail, its
    text and the password never leave, and the message waits for another time."""

    def talk(command: bytes) -> bytes:
        return answer if command == b"STARTTLS" else usual(command)

    with Rude(talk, offers) as server:
        sent = send(server, outgoing(2), tls=Tls.STARTTLS, username="u", password="secret")
        assert set(states(sent).values()) == {SentState.DEFERRED}
        assert not [line for line in server.heard if line.startswith((b"MAIL", b"AUTH", b"RCPT", b"DATA"))]


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "a long line": lambda code: code + b" " + b"A" * 60_000 + b"\r\n",
    "many lines": lambda code: (code + b"-" + b"A" * 900 + b"\r\n") * 300 + code + b" end\r\n",
    "an endless line": lambda code: code + b" " + b"A" * 3_000_000 + b"\r\n",
    "endless lines": lambda code: (code + b"-A\r\n") * 100_000 + code + b" end\r\n",
    "controls": lambda code: code + b" \x1b]0;pwned\x07\x00\x9b2J\xff\r\n",
    "too many replies": lambda code: (code + b" ok\r\n") * 50_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("where", ["RCPT 550", "RCPT 450", "<text> 250", "<text> 554"])
def test_a_reply_of_any_size_costs_little(bomb: Callable[[bytes], bytes], where: str) -> None:
    """I-20: whatever a server says, each message ends in one state, soon, and little of what it said is kept."""
    at, code = where.encode().split()

    def talk(command: bytes) -> bytes:
        return bomb(code) if command.startswith(at) else usual(command)

    started = time.monotonic()
    with Rude(talk) as server:
        sent = send(server, outgoing(2), connections=1, timeout=2.0)
    assert time.monotonic() - started < 10
    assert max(len(one.reply) for one in sent.values()) <= MOST_KEPT
    assert all(one.reply.isprintable() for one in sent.values())
