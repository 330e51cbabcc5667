"""Telling another program by HTTP: the signature, and whatever the other end does."""

import asyncio
import base64
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost.notify import webhook
from gatepost.notify.webhook import Answered, Target, post, read_secret, signature
from tests.doors.away import garbage, slow, stopped, unreachable
from tests.servers.certificates import Authority
from tests.servers.receiver import receiving

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = 1614265330
NAME = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def send(url: str, *, loopback_only: bool = False) -> Answered:
    return asyncio.run(post(Target(url, read_secret(SECRET), loopback_only), NAME, AT, BODY))


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "WITHIN", 0.3)


# --- what is sent


def test_the_signature_is_the_standards() -> None:
    """Standard Webhooks' own example: every library that verifies takes what we sign."""
    assert signature(read_secret(SECRET), NAME, AT, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_arrives_can_be_verified() -> None:
    """The receiver has id, time and signature in headers, over exactly the bytes that it got; path and query too."""
    with receiving() as receiver:
        assert send(receiver.url) == Answered(True, "status 204")
    ((path, headers, body),) = receiver.got
    assert (path, body) == ("/told?by=gatepost", BODY)
    assert headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    told = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{told}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_é",
    ],
)
def test_what_is_no_secret_is_refused(text: str) -> None:
    """A secret that is cut, too short to be one, or of another form signs nothing; the error does not repeat it."""
    with pytest.raises(ValueError, match="whsec_") as refused:
        read_secret(text)
    assert text in ("", "whsec_") or text not in str(refused.value)


# --- how it is answered


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_every_2xx_is_a_yes(status: int) -> None:
    """Whatever else it says: the body is not read."""
    with receiving(answer=(status, {}), body=b"thank you" * 1000) as receiver:
        assert send(receiver.url) == Answered(True, f"status {status}")


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_other_answers_are_tried_again(status: int) -> None:
    """What the server says beside the number is neither kept nor shown."""
    with receiving(answer=(status, {"X-Said": "secret"}), body=b"a secret") as receiver:
        assert send(receiver.url) == Answered(False, f"status {status}")


def test_410_wants_no_more() -> None:
    """Standard Webhooks: the receiver is gone for good."""
    with receiving(answer=(410, {})) as receiver:
        assert send(receiver.url) == Answered(False, "status 410", gone=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    """What was meant for one address goes to no other, not even on the same machine."""
    with receiving() as other, receiving(answer=(status, {"Location": other.url})) as receiver:
        assert send(receiver.url) == Answered(False, f"status {status}, which is not followed")
        assert (len(receiver.got), other.got) == (1, [])


def test_an_answer_may_be_announced_first() -> None:
    """RFC 9110, 15.2: interim answers come before the one that counts."""
    with talking(lambda peer: peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")) as port:
        assert send(f"http://127.0.0.1:{port}/") == Answered(True, "status 204")


# --- whatever goes wrong


def test_a_receiver_that_hangs_is_left(quickly: None) -> None:
    """It takes the request and never answers; or takes no request; or no connection gets through to it."""
    with receiving(answer=None) as receiver:
        _is_left(receiver.url)
    for away in (slow, unreachable):
        with away() as port:
            _is_left(f"http://127.0.0.1:{port}/")


def test_a_receiver_that_drips_is_left(quickly: None) -> None:
    """One byte now and then is no answer either: the time is that of the whole attempt."""

    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 204 No Content\r\nX-Long: ")
        for _ in range(1000):
            peer.sendall(b"x")
            time.sleep(0.02)

    with talking(drip) as port:
        _is_left(f"http://127.0.0.1:{port}/")


def test_an_answer_without_end_is_left(quickly: None) -> None:
    """A head of megabytes is no HTTP, and takes no memory; a body without end is not waited for."""

    def flood(peer: socket.socket) -> None:
        while True:
            peer.sendall(b"X" * 65_536)

    with talking(flood) as port:
        assert send(f"http://127.0.0.1:{port}/") == Answered(False, "what it answers is no HTTP")

    def endless(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        flood(peer)

    with talking(endless) as port:
        assert send(f"http://127.0.0.1:{port}/") == Answered(True, "status 200")


def test_what_is_no_receiver_is_told_from_one() -> None:
    """Nothing listens; what listens speaks no HTTP; it hangs up; the name is no machine's."""
    with stopped() as port:
        assert send(f"http://127.0.0.1:{port}/") == Answered(False, "Connection refused")
    with garbage() as port:
        assert send(f"http://127.0.0.1:{port}/") == Answered(False, "what it answers is no HTTP")
    with talking(lambda peer: peer.close()) as port:
        answered = send(f"http://127.0.0.1:{port}/")
        assert answered in (
            Answered(False, "it closed the connection without an answer"),
            Answered(False, "Connection reset by peer"),
        )
    assert send(f"http://{'a' * 70}.example/") == Answered(False, f"{'a' * 70}.example is no name of a machine")


def test_a_certificate_has_to_be_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By TLS the other end proves its name; one that cannot is told nothing."""
    authority = Authority(tmp_path)
    with receiving(authority.certificate("receiver")) as receiver:
        url = receiver.url.replace("http:", "https:")
        refused = send(url)
        assert not refused.delivered
        assert refused.said.startswith("its certificate is not believed: ")
        assert receiver.got == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert send(url) == Answered(True, "status 204")
        assert not send(url.replace("127.0.0.1", "127.0.0.2")).delivered, "another name"


def test_an_exercise_tells_this_machine_only() -> None:
    """I-19: whatever name the settings have, nothing is sent to an address that is another machine's."""
    answered = send("http://198.51.100.7:9/", loopback_only=True)
    assert answered == Answered(False, "this is an exercise, and 198.51.100.7 is not this machine: nothing was sent")
    with receiving() as receiver:
        assert send(receiver.url.replace("127.0.0.1", "localhost"), loopback_only=True).delivered


def _is_left(url: str) -> None:
    started = time.monotonic()
    assert send(url) == Answered(False, "no answer within 0.3 s")
    assert time.monotonic() - started < 2


@contextmanager
def talking(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose first visitor is read once and then told whatever this says, until they hang up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def run() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                try:
                    say(peer)
                except OSError:
                    return

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
