"""Bounces: what a delivery status notification says of one of our mails (RFC 3464)."""

from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser

from gatepost.core.problem import Problem

LARGEST = 10 * 1024 * 1024
"""Bytes; a bounce carries the mail it is about."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """`envelope_id`: our notice's id, if the mail server kept ENVID (RFC 3461 section 4.4). `message_id`: of the mail
    that came back, "" if not even its header did. `status`: such as 5.1.1 (RFC 3463)."""

    envelope_id: str
    message_id: str
    status: str


def read_bounce(data: bytes, name: str) -> Bounce | Problem:
    """The failure that a notification reports; a Problem for anything else, a delay or a success included."""
    if len(data) > LARGEST:
        return Problem(name, 0, 0, "", "this is larger than any bounce; pass one delivery status notification")
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    report = _part(message, "message/delivery-status")
    if report is None:
        return Problem(
            name, 0, 0, "", "this is no delivery status notification: it has no message/delivery-status part"
        )
    blocks = [block for block in report.get_payload() if isinstance(block, Message)]
    failed = [block for block in blocks if str(block.get("Action", "")).strip().casefold() == "failed"]
    if not failed:
        return Problem(name, 0, 0, "Action", "this notification reports no failure, so nothing changes")
    envelope = next((str(block["Original-Envelope-Id"]) for block in blocks if block["Original-Envelope-Id"]), "")
    return Bounce(envelope.strip(), _returned_id(message), str(failed[0].get("Status", "")).strip())


def _part(message: Message, kind: str) -> Message | None:
    return next((part for part in message.walk() if part.get_content_type() == kind), None)


def _returned_id(message: Message) -> str:
    whole = _part(message, "message/rfc822")
    if whole is not None and isinstance(inner := whole.get_payload(), list) and isinstance(inner[0], Message):
        return str(inner[0].get("Message-ID", "")).strip()
    headers = _part(message, "text/rfc822-headers")
    if headers is None:
        return ""
    returned = BytesParser(policy=policy.compat32).parsebytes(bytes(headers.get_payload(decode=True)), headersonly=True)
    return str(returned.get("Message-ID", "")).strip()
