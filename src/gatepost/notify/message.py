"""The bytes of a message: the library builds a skeleton once per policy revision, each person's parts are filled in.

`email.message.EmailMessage` takes about a millisecond a message, this some tens of microseconds; the result is the
same to every parser (RFC 5322, RFC 2045-2047; addresses that are not ASCII: RFC 6532).
"""

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.base64mime import header_encode
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from gatepost.core.instant import Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.untrusted import one_line

_DOT_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ADDRESS: Final = re.compile(r"[^\s\x00-\x20\x7f-\xa0<>()\[\]\\,:;\"@]+@[^\s\x00-\x20\x7f-\xa0<>()\[\]\\,:;\"@]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ENCODED_WORD: Final = re.compile(r"=\?")
# "=_" cannot occur in quoted-printable text, so no mail can contain its own boundary.
_BOUNDARY: Final = "=_gatepost_parts_of_one_notice"
_TEXT_HERE: Final = "TEXT-HERE"
_HTML_HERE: Final = "HTML-HERE"
_FITS_ONE_LINE: Final = 76
"""Characters of a line that holds an encoded word (RFC 2047 section 2)."""
_LONGEST_ADDRESS: Final = 254
"""RFC 5321 section 4.5.3.1.3, without the angle brackets."""


class AddressInvalid(ValueError):
    """Not an address that mail can go to."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a message is made of. `sender`, `recipient`: (name, address). `policy`: "" in a mail about none.
    `references`: the thread, oldest first."""

    sender: tuple[str, str]
    recipient: tuple[str, str]
    subject: str
    text: str
    html: str
    date: Instant
    message_id: str
    kind: NoticeKind
    policy: str
    revision: int
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    exercise: bool = False


def message_id(token: str, domain: str) -> str:
    """`<token@domain>`, stable for one notice: every re-send carries it again (I-22).

    Raises ValueError unless both are dot-atoms (RFC 5322 section 3.2.3).
    """
    if not (_DOT_ATOM.fullmatch(token) and _DOT_ATOM.fullmatch(domain)):
        raise ValueError("a Message-ID is made of a token and a domain, both dot-atoms")
    return f"<{token}@{domain}>"


def envelope_address(address: str) -> str:
    """The address as an envelope and a header carry it: a domain that is not ASCII in its ASCII form (RFC 5890).

    Raises AddressInvalid; quoted local parts and address literals are refused too.
    """
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address) or one_line(address) != address:
        raise AddressInvalid("not a mail address")
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise AddressInvalid("not a mail address: its domain is not valid") from None


def message_bytes(mail: Mail) -> bytes:
    """The message, CRLF at every line's end.

    Raises AddressInvalid for the sender's address and ValueError for a malformed Message-ID. A recipient's address
    that is none is left out: the message is still made, and its hand-over refused (smtp.py), so that one bad address
    in an inventory is one refused notice.
    """
    before, between, after = _skeleton(mail.sender, mail.kind, mail.policy, mail.revision, mail.exercise)
    head = [
        f"To: {_recipient(*mail.recipient)}",
        _subject(mail.subject),
        f"Date: {_date(mail.date // 1000)}",
        f"Message-ID: {_checked_id(mail.message_id)}",
    ]
    if mail.in_reply_to:
        head.append(f"In-Reply-To: {_checked_id(mail.in_reply_to)}")
    if mail.references:
        head.append("References: " + "\r\n ".join(map(_checked_id, mail.references)))
    parts = ("\r\n".join(head), "\r\n", before, _printable(mail.text), between, _printable(mail.html), after)
    return "".join(parts).encode()


def _printable(text: str) -> str:
    """Quoted-printable (RFC 2045 section 6.7): seven bits, short lines, for every server."""
    return "\r\n\r\n".join(map(_printable_part, text.split("\n\n")))


@lru_cache(maxsize=4096)
def _printable_part(part: str) -> str:
    """What stands between two empty lines. Cached: nearly all of a mail is the same for everybody."""
    lines = (binascii.b2a_qp(line.encode(), istext=True).decode("ascii") for line in part.split("\n"))
    return "\r\n".join(lines).replace("=\n", "=\r\n")


@lru_cache(maxsize=256)
def _skeleton(
    sender: tuple[str, str], kind: NoticeKind, policy: str, revision: int, exercise: bool
) -> tuple[str, str, str]:
    """What is the same for all: before the text, between the twins, after the HTML."""
    message = EmailMessage(policy=SMTP)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5
    message["X-Auto-Response-Suppress"] = "All"
    message["Gatepost-Notice"] = kind.value
    if exercise:
        message["Gatepost-Exercise"] = "yes"
    message.set_content(_TEXT_HERE, cte="quoted-printable")
    message.add_alternative(_HTML_HERE, subtype="html", cte="quoted-printable")
    message.set_boundary(_BOUNDARY)
    about = f"{_header('Gatepost-Policy', f'{policy}/{revision}')}\r\n" if policy else ""
    own = f"From: {_mailbox(*sender)}\r\n{about}"
    before, rest = (own + message.as_bytes().decode("ascii")).split(_TEXT_HERE)
    between, after = rest.split(_HTML_HERE)
    return before, between, after


@lru_cache(maxsize=1024)
def _subject(subject: str) -> str:
    return _header("Subject", subject)


def _header(name: str, raw: str) -> str:
    """A whole unstructured header: one line of visible text, folded, encoded by the library where it must be."""
    value = one_line(raw)
    # What only looks like an encoded word would be decoded by readers, into anything at all.
    charset = "us-ascii" if value.isascii() and not _ENCODED_WORD.search(value) else "utf-8"
    return f"{name}: {_encoded(value, charset, name)}"


def _encoded(value: str, charset: str, header: str) -> str:
    raw = value.encode()
    if charset == "utf-8" and len(header) + len(": =?utf-8?b??=") + (len(raw) + 2) // 3 * 4 <= _FITS_ONE_LINE:
        return header_encode(raw, "utf-8")  # ten times faster than `Header`, which folds
    return Header(value, charset, header_name=header).encode(linesep="\r\n")


def _recipient(name: str, address: str) -> str:
    try:
        return _mailbox(name, address)
    except AddressInvalid:
        return "undisclosed-recipients:;"


def _mailbox(name: str, address: str) -> str:
    """A display name and an address (RFC 5322 section 3.4)."""
    target = envelope_address(address)
    shown = one_line(name)
    if not shown:
        return target
    if not shown.isascii() or _ENCODED_WORD.search(shown):
        return f"{_encoded(shown, 'utf-8', 'From')}\r\n <{target}>"
    if not _PLAIN_NAME.fullmatch(shown):
        shown = '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{shown} <{target}>"


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


@lru_cache(maxsize=4096)
def _checked_id(value: str) -> str:
    if not (value.startswith("<") and value.endswith(">")):
        raise ValueError("a Message-ID stands in angle brackets")
    return message_id(*value[1:-1].rpartition("@")[::2])
