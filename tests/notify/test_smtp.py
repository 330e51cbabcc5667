"""Handing over: what becomes of each message, whatever the server and the network do."""

import asyncio
import threading

import pytest

from gatepost.notify.session import Outgoing
from gatepost.notify.sink import DROP, Received, Sink
from gatepost.notify.smtp import Sender, Sent, SentState, SmtpSettings
from tests.notify.sending import MESSAGE, Scripted, outgoing, send, states, usual


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
