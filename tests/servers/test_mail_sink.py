"""The mail sink that journeys read their mails from."""

import smtplib
from pathlib import Path

import pytest

from tests.servers.mail_sink import MailSink


def test_what_is_sent_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    """A mail that was accepted is a file with its envelope and its exact content, and no other is."""
    with MailSink(tmp_path / "mails") as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.sendmail(
            "gate@example.com", ["anna@example.com"], b"Subject: =?utf-8?q?f=C3=BCr_dich?=\r\n\r\nHello\r\n"
        )
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("gate@example.com", ["refused@example.com"], b"Subject: no\r\n\r\n")
        (mail,) = sink.wait(1)
    assert (mail.sender, mail.recipients) == ("gate@example.com", ("anna@example.com",))
    assert (mail.message["subject"], mail.text.strip()) == ("für dich", "Hello")
