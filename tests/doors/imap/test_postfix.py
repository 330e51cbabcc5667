"""Mail handed in at a real Postfix by device passwords, which a real Dovecot answers for."""

import smtplib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gatepost.config.kinds import Address
from gatepost.doors.device_password import DevicePassword
from gatepost.doors.fronts import FrontUnfit, files
from tests.doors.imap.door import Door
from tests.doors.imap.passwords import ALICE, BOB, GONE, PHONE, TABLET
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.front import a_front
from tests.servers.mail_sink import MailSink
from tests.servers.postfix import Postfix

pytestmark = [pytest.mark.needs(package) for package in ("dovecot-imapd", "dovecot-auth-lua", "lua-cjson", "postfix")]

LET_IN, REFUSED = 235, 535
"""RFC 4954, section 6."""


class Lab(NamedTuple):
    """`sink`: where all mail goes on to."""

    door: Door
    dovecot: Dovecot
    postfix: Postfix
    sink: MailSink


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Started once: a Postfix takes a while, and no test changes anything but the mail that went on."""
    with (
        Door(tmp_path_factory.mktemp("door")) as door,
        MailSink(tmp_path_factory.mktemp("sink")) as sink,
        Dovecot(door.port, [ALICE, BOB]) as dovecot,
        Postfix(dovecot.sasl, sink.port, (ALICE, BOB)) as postfix,
    ):
        yield Lab(door, dovecot, postfix, sink)


@contextmanager
def submission(postfix: Postfix) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as session:
        session.ehlo()
        yield session


def login(postfix: Postfix, password: DevicePassword, user: str = ALICE) -> int:
    """The reply to a login (RFC 4616)."""
    typed = b64encode(f"\0{user}\0{password}".encode()).decode()
    with submission(postfix) as session:
        return session.docmd("AUTH", f"PLAIN {typed}")[0]


def test_a_device_hands_in_its_person_s_mail(lab: Lab) -> None:
    """A mail goes on; Postfix's log says whose it is, Dovecot's which device of theirs; the password was seen."""
    before = len(lab.sink.mails())
    with submission(lab.postfix) as session:
        session.login(ALICE, str(TABLET))
        session.sendmail(ALICE, [BOB], "Subject: Lunch\r\n\r\nAt one?\r\n")
    mail = lab.sink.wait(before + 1)[-1]
    assert (mail.sender, mail.message["Subject"]) == (ALICE, "Lunch")
    assert f"sasl_username={ALICE}\n" in lab.postfix.log
    assert f"gatepost: {ALICE}+tablet1 sends mail" in lab.dovecot.log
    lab.door.seen(TABLET.selector)
    assert lab.postfix.check() == ""


def test_a_blocked_phone_hands_in_nothing(lab: Lab) -> None:
    """The blocked phone and an unknown password are refused, the other device goes on; nobody sends unasked."""
    before = len(lab.sink.mails())
    assert [login(lab.postfix, one) for one in (PHONE, GONE, TABLET)] == [REFUSED, REFUSED, LET_IN]
    with submission(lab.postfix) as session:
        session.mail(ALICE)
        assert session.rcpt(BOB)[0] == 554
    assert len(lab.sink.mails()) == before


def test_nobody_sends_in_another_s_name(lab: Lab) -> None:
    """Where a site says who owns which address, that goes by the login; LOGIN+LABEL would own none."""
    before = len(lab.sink.mails())
    with submission(lab.postfix) as session:
        session.login(ALICE, str(TABLET))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            session.sendmail(BOB, [ALICE], "Subject: I resign\r\n\r\n")
        assert refused.value.recipients[ALICE][0] == 553
        session.sendmail(ALICE, [BOB], "Subject: Mine\r\n\r\n")
    assert [mail.sender for mail in lab.sink.wait(before + 1)[before:]] == [ALICE]


def test_passwords_are_taken_by_tls_alone(lab: Lab, tmp_path: Path) -> None:
    """Where there is a certificate: no login is offered before STARTTLS."""
    made = Authority(tmp_path / "authority").certificate("mail")
    tls = {"tls_certificate": made.file, "tls_key": made.key}
    with Postfix(lab.dovecot.sasl, lab.sink.port, (ALICE,), **tls) as postfix, submission(postfix) as session:
        assert not session.has_extn("auth")
        session.starttls()
        session.ehlo()
        assert session.login(ALICE, str(TABLET))[0] == LET_IN


def test_what_the_file_lacks_is_refused() -> None:
    """A certificate without its key, and paths that master.cf would read otherwise, are refused."""
    for front in (
        {"tls_certificate": Path("/etc/mail.pem")},
        {"tls_certificate": Path("/etc/mail.pem"), "tls_key": Path("/etc/my key.pem")},
        {"tls_certificate": Path("/etc/$mail.pem"), "tls_key": Path("/etc/mail.key")},
        {"tls_certificate": Path("/etc/a,b.pem"), "tls_key": Path("/etc/mail.key")},
    ):
        with pytest.raises(FrontUnfit):
            written(**front)
    assert "[::1]:587 inet" in written(submission=Address("::1", 587))


def test_what_happens_without_the_door_stands_in_the_file() -> None:
    """I-29: Postfix 3.7 cannot tell a door that is away from a wrong password, and who administers it can read so."""
    assert "535, as if the password were wrong" in written()


def written(**front: Any) -> str:
    (service,) = files("postfix", a_front(1, 8181, 2, **front)).values()
    return service.decode()
