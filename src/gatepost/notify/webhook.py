"""Tells another program by HTTP, in the form of Standard Webhooks 1.0.0, and says of each message what became of it.

    POST URL             webhook-id, webhook-timestamp: seconds, webhook-signature: v1,BASE64; a body of JSON
                         the signature is HMAC-SHA256 over ID.TIMESTAMP.BODY
    2xx                  delivered
    410                  whoever listens there wants no more of this
    anything else        to be tried again; a redirect is one of these, and is not followed

Of an answer only the status is read, and of that nothing is believed but the number.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import socket
import ssl
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import h11

from gatepost.notify.smtp import is_loopback

WITHIN: Final = 10.0
"""Seconds for all of one attempt: name, connection, request, and the answer's head."""

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = range(24, 65)

_HEAD: Final = 16_384
"""Bytes of an answer's head, at most."""


class Target(NamedTuple):
    """`url`: without fragment. `loopback_only`: an exercise reaches this machine only (I-19)."""

    url: str
    secret: bytes
    loopback_only: bool = False


class Answered(NamedTuple):
    """How one attempt ended. `gone`: nothing more is wanted there. `said`: for people, in words of ours."""

    delivered: bool
    said: str
    gone: bool = False


def read_secret(text: str) -> bytes:
    """The key in `whsec_BASE64`, of 24 to 64 bytes. ValueError."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        secret = b""
    if not text.startswith(PREFIX) or len(secret) not in SECRET_BYTES:
        raise ValueError(
            f"is no secret of a webhook: expected {PREFIX} and {min(SECRET_BYTES)} or more bytes as base64"
        )
    return secret


def signature(secret: bytes, message: str, timestamp: int, body: bytes) -> str:
    """`timestamp`: in seconds."""
    signed = hmac.digest(secret, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode("ascii")


async def post(target: Target, message: str, timestamp: int, body: bytes) -> Answered:
    """One attempt. Raises nothing for what a server or a network does."""
    url = urlsplit(target.url)
    headers = {
        "host": url.netloc,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "Gatepost",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(target.secret, message, timestamp, body),
        "connection": "close",
    }
    place = (url.path or "/") + (f"?{url.query}" if url.query else "")
    asked = h11.Request(method="POST", target=place, headers=list(headers.items()))
    try:
        async with asyncio.timeout(WITHIN):
            return _answered(await _status(target, asked, body))
    except TimeoutError:
        return Answered(False, f"no answer within {WITHIN:g} s")
    except ssl.SSLCertVerificationError as error:
        return Answered(False, f"its certificate is not believed: {error.verify_message}")
    except h11.RemoteProtocolError:
        return Answered(False, "what it answers is no HTTP")
    except UnicodeError:
        return Answered(False, f"{url.hostname} is no name of a machine")
    except OSError as error:
        # The system's word for it, where it has one: asyncio's says where it called.
        known = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror
        return Answered(False, known or "the connection was lost")


def _answered(status: int) -> Answered:
    said = f"status {status}"
    if 300 <= status < 400:
        said += ", which is not followed"
    return Answered(200 <= status < 300, said, gone=status == 410)


async def _status(target: Target, asked: h11.Request, body: bytes) -> int:
    reader, writer = await _connection(target)
    try:
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        for event in (asked, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(talk.send(event) or b"")
        while True:
            answer = talk.next_event()
            if isinstance(answer, h11.Response):
                return answer.status_code
            if answer is h11.NEED_DATA:
                more = await reader.read(_HEAD)
                if not more:
                    raise OSError(0, "it closed the connection without an answer")
                talk.receive_data(more)
    finally:
        writer.transport.abort()  # what else it may say, and however long it takes, is nothing to us


async def _connection(target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that takes it. What is checked is what is connected to (I-19). OSError."""
    url = urlsplit(target.url)
    secure = url.scheme == "https"
    name, port = url.hostname or "", url.port or (443 if secure else 80)
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = [str(address[0]) for *_, address in found]
    if target.loopback_only and not all(map(is_loopback, addresses)):
        raise OSError(0, f"this is an exercise, and {name} is not this machine: nothing was sent")
    options: dict[str, Any] = {"ssl": ssl.create_default_context(), "server_hostname": name} if secure else {}
    failed: OSError | None = None
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port, **options)
        except ssl.SSLError:
            raise
        except OSError as error:
            failed = error
    raise failed or OSError(0, f"{name} has no address")
