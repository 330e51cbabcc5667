"""The mails of the play, as they arrived."""

import textwrap
from collections.abc import Mapping, Sequence
from email.message import EmailMessage

from gatepost.demo.telling import INDENT, WIDTH
from gatepost.notify.sink import Received, Sink


def received(sink: Sink, policy: str, kind: str) -> list[Received]:
    """The mails of one kind about a policy."""
    marks = (f"Gatepost-Notice: {kind}\r\n".encode(), f"Gatepost-Policy: {policy}/".encode())
    return [mail for mail in list(sink.messages) if all(mark in mail.raw for mark in marks)]


def is_kind(row: Mapping[str, object], kind: str) -> bool:
    """Whether a row of `notices show` is one of this kind that the mail server took."""
    return row["kind"] == kind and row["state"] == "accepted"


def thread(sink: Sink, address: str) -> list[EmailMessage]:
    """What one person has, oldest first."""
    return [mail.message for mail in list(sink.messages) if mail.recipient == address]


def hangs_together(mails: Sequence[EmailMessage]) -> bool:
    """Whether each mail answers an earlier one, and refers to it."""
    known: set[str] = set()
    for mail in mails:
        answered = str(mail["In-Reply-To"] or "")
        if known and (answered not in known or answered not in str(mail["References"])):
            return False
        known.add(str(mail["Message-ID"]))
    return len(known) == len(mails) > 1


def lines(mails: Sequence[EmailMessage]) -> list[str]:
    """Subject, Message-ID, In-Reply-To and how the body begins, of each mail."""
    shown: list[str] = []
    for mail in mails:
        names = ("Subject", "Message-ID", *(["In-Reply-To"] if mail["In-Reply-To"] else []))
        shown += ["", *(line for name in names for line in _folded(f"{name}: {mail[name]}"))]
        shown += ["", *(line for paragraph in _beginning(mail) for line in _folded(paragraph, "  "))]
    return shown[1:]


def _beginning(mail: EmailMessage) -> list[str]:
    """The heading of the body, and the first paragraph after the greeting."""
    body = mail.get_body(("plain",))
    text = "\n".join(str(body.get_content()).splitlines()) if body is not None else ""
    paragraphs = text.split("\n\n")
    for at, paragraph in enumerate(paragraphs):
        heading, _, rule = paragraph.partition("\n")
        if rule and not rule.strip("-\n"):
            return [heading, *paragraphs[at + 2 : at + 3]]
    return paragraphs[:1]


def _folded(text: str, indent: str = "") -> list[str]:
    width = WIDTH - len(INDENT)
    return textwrap.wrap(
        " ".join(text.split()), width, initial_indent=indent, subsequent_indent=indent or "  ", break_on_hyphens=False
    )
