"""A message's bytes: what every parser, mail program and mail server makes of them."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.message import AddressInvalid, Mail, envelope_address, message_bytes, message_id
from gatepost.notify.render import LANGUAGES, Renderer, load_templates
from gatepost.notify.samples import POLICY, sample, utc

RENDERER = Renderer(load_templates())
PLAIN = Mail(
    sender=("Corp Security", "security@corp.example"),
    recipient=("Anna Müller", "anna@corp.example"),
    subject="Bitte handeln: Geräte",
    text="Grüße\n.\n-- \nEnde\n",
    html="<p>Grüße</p>\n",
    date=utc(2020, 7, 8, 9),
    message_id="<n1@corp.example>",
    kind=NoticeKind.ANNOUNCEMENT,
    policy=POLICY.id,
    revision=1,
)


def mail(**changes: Any) -> Mail:
    return replace(PLAIN, **changes)


def parsed(made: Mail) -> EmailMessage:
    return email.message_from_bytes(message_bytes(made), policy=email.policy.default)


def content(message: EmailMessage, subtype: str) -> str:
    """One twin's text, with plain line feeds."""
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_mail_parses_without_defects(kind: NoticeKind, language: str) -> None:
    """CRLF, short lines, seven bits, no defects, and both twins come out as they went in."""
    rendered = RENDERER.render(kind, sample(kind, language))
    raw = message_bytes(mail(kind=kind, subject=rendered.subject, text=rendered.text, html=rendered.html))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.defects for part in message.walk())
    assert not any(message[name].defects for name in message)
    assert message["Subject"] == rendered.subject
    assert content(message, "plain").rstrip("\n") == rendered.text.rstrip("\n")
    assert content(message, "html").rstrip("\n") == rendered.html.rstrip("\n")


def test_headers_of_a_notice() -> None:
    """A notice names its kind and policy, asks robots not to answer, and carries the given Message-ID (I-22)."""
    message = parsed(PLAIN)
    assert message["From"] == "Corp Security <security@corp.example>"
    assert message["To"] == "Anna Müller <anna@corp.example>"
    assert message["Date"].datetime.isoformat() == "2020-07-08T09:00:00+00:00"
    assert message["Message-ID"] == "<n1@corp.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Gatepost-Notice"] == "announcement"
    assert message["Gatepost-Policy"] == f"{POLICY.id}/1"
    assert not {"In-Reply-To", "References", "Gatepost-Exercise"} & set(message.keys())


def test_a_correction_joins_its_thread() -> None:
    """I-24: In-Reply-To names the person's own mail, References the whole chain, each on a line of its own."""
    chain = tuple(f"<n{number}-{'x' * 60}@corp.example>" for number in range(20))
    raw = message_bytes(mail(kind=NoticeKind.CORRECTION, in_reply_to=chain[0], references=chain))
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["In-Reply-To"] == chain[0]
    assert tuple(str(message["References"]).split()) == chain
    assert max(map(len, raw.split(b"\r\n"))) < 998


def test_an_exercise_says_so_in_a_header() -> None:
    """I-19: a filter can tell an exercise without reading it."""
    assert parsed(mail(exercise=True))["Gatepost-Exercise"] == "yes"


def test_the_same_mail_has_the_same_bytes() -> None:
    """I-22: what is sent again is what was sent."""
    assert message_bytes(PLAIN) == message_bytes(mail())


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("", "ann@corp.example", "ann@corp.example"),
        ("Doe, Jane (IT)", "jane@corp.example", '"Doe, Jane (IT)" <jane@corp.example>'),
        ('Jo "J" \\ Doe', "jo@corp.example", 'Jo "J" \\ Doe'),
        ("张伟" * 20, "zhang@corp.example", "张伟" * 20),
        ("Ann", "ann@bücher.example", "Ann <ann@xn--bcher-kva.example>"),
    ],
)
def test_recipients_as_they_come(name: str, address: str, said: str) -> None:
    """Names with commas, quotes, other scripts and great length, and domains that are not ASCII."""
    message = parsed(mail(recipient=(name, address)))
    (found,) = message["To"].addresses
    # Python 3.11 keeps the folds between encoded words of a display name, which RFC 2047 section 6.2 says to drop.
    shown = "".join(found.display_name.split()) if name.startswith("张") else found.display_name
    assert said in (str(message["To"]), shown)
    assert message["To"].addresses[0].addr_spec == envelope_address(address)


def test_an_international_local_part_stays_as_it_is() -> None:
    """RFC 6532: an address that is not ASCII stands in the header as UTF-8."""
    raw = message_bytes(mail(recipient=("Ann", "grüße@corp.example")))
    assert "To: Ann <grüße@corp.example>\r\n".encode() in raw


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "ann@",
        "@corp.example",
        "a b@corp.example",
        "a@b\r\nBcc: c@d.example",
        "a@b>,<c@d",
        "a@b\u202e.example",
        f"{'a' * 250}@b.example",
        "a@\ufffd..example",
    ],
)
def test_what_is_no_address(address: str) -> None:
    """What is no address is not put in a header; the mail is made, and its hand-over is refused elsewhere."""
    with pytest.raises(AddressInvalid):
        envelope_address(address)
    assert str(parsed(mail(recipient=("Ann", address)))["To"]) == "undisclosed-recipients:;"
    with pytest.raises(AddressInvalid):
        message_bytes(mail(sender=("Corp", address)))


@pytest.mark.parametrize(
    ("token", "domain"), [("", "b"), ("a b", "c"), ("a", "b>"), ("a@b", "c"), ("a\r\n", "b"), ("ä", "b")]
)
def test_what_is_no_message_id(token: str, domain: str) -> None:
    """A Message-ID is two dot-atoms, so that it can break no header."""
    with pytest.raises(ValueError, match="dot-atoms"):
        message_id(token, domain)


@pytest.mark.parametrize("value", ["n1@corp.example", "<n1>", "<n1@corp.example>\r\nBcc: x@y.example", "<a@b> <c@d>"])
def test_malformed_references_are_refused(value: str) -> None:
    """What goes into the thread's headers is checked like what came out of `message_id`."""
    for changes in ({"message_id": value}, {"in_reply_to": value}, {"references": (value,)}):
        with pytest.raises(ValueError, match="Message-ID"):
            message_bytes(mail(**changes))
