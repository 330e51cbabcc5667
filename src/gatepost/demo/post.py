"""The mails of the play, as they arrived."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage

from gatepost.demo.telling import INDENT, WIDTH
from gatepost.notify.sink import Received, Sink

FIRST_LINES = 2
"""Of the body, after its heading."""


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
    """Subject, Message-ID, In-Reply-To and the first lines of each mail."""
    shown: list[str] = []
    for mail in mails:
        shown += ["", f"Subject: {mail['Subject']}", f"Message-ID: {mail['Message-ID']}"]
        if mail["In-Reply-To"]:
            shown.append(f"In-Reply-To: {mail['In-Reply-To']}")
        shown += [f"  {line}" for line in _first_lines(mail)]
    return [_cut(line) for line in shown[1:]]


def _first_lines(mail: EmailMessage) -> list[str]:
    body = mail.get_body(("plain",))
    written = [line.strip() for line in str(body.get_content()).splitlines() if line.strip()] if body else []
    rule = next((at for at, line in enumerate(written) if not line.strip("-")), 0)
    # Above the rule stands the heading, under it the greeting: what comes next differs from mail to mail.
    return [written[rule - 1], *written[rule + 2 : rule + 2 + FIRST_LINES]] if rule else written[:FIRST_LINES]


def _cut(line: str) -> str:
    room = WIDTH - len(INDENT)
    return line if len(line) <= room else line[: room - 1] + "…"
