"""A device password from the command line to a mail: a site, its door, and a real Dovecot before which it stands."""

import imaplib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.company import OPERATOR
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Document, Story
from tests.servers.dovecot import Dovecot
from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port

HANNA = "hanna@example.com"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that other users can enter, as they can /etc/dovecot."""
    folder = Path(tempfile.mkdtemp(prefix="gatepost-journey-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def issue(story: Story, device: str) -> Document:
    return story.say(f"device-password issue --device {device} --reason new", by=OPERATOR)


def reads(dovecot: Dovecot, password: str) -> bool:
    """Whether Hanna's mail can be read by this password."""
    session = imaplib.IMAP4("127.0.0.1", dovecot.port, timeout=60)
    try:
        session.login(HANNA, password)
    except imaplib.IMAP4.error:
        session.shutdown()
        return False
    session.select()
    _, found = session.search(None, "SUBJECT", "Lunch")
    assert found == [b"1"]
    session.logout()
    return True


@pytest.mark.needs("dovecot-imapd")
@pytest.mark.needs("dovecot-auth-lua")
@pytest.mark.needs("lua-cjson")
def test_a_device_password_meets_the_block_and_the_retraction_at_dovecot(
    ready: Story, mails: MailSink, serve: Serve, open_folder: Path
) -> None:
    """The blocked phone is refused, the laptop of the same person is not; retracted, revoked and restored: all tell."""
    sasl = f"127.0.0.1:{free_port()}"
    configure(ready.site, doors__mail__dovecot_script=str(open_folder / "gatepost.lua"), doors__mail__sasl=sasl)
    ready.say("door config dovecot --out", open_folder)
    phone, laptop = issue(ready, "hanna-phone"), issue(ready, "hanna-laptop")
    assert (phone["label"], laptop["label"]) == ("phone1", "laptop1")
    assert HANNA in phone["logins"]
    serve(ready.site)
    with Dovecot(ready.port, [HANNA], open_folder) as dovecot:
        dovecot.deliver(HANNA, "Lunch")
        assert reads(dovecot, phone["password"])
        assert reads(dovecot, laptop["password"])
        ready.announce()
        ready.accepted("announcement", HANNA, "E2")
        ready.say("clock set 2020-07-12")
        eventually(lambda: not reads(dovecot, phone["password"]), "the phone is refused")
        assert reads(dovecot, laptop["password"])
        ready.say("policy retract no-tiktok --reason", "sent in error")
        assert reads(dovecot, phone["password"])
        ready.say(f"device-password revoke {phone['selector']}", by=OPERATOR)
        eventually(lambda: not reads(dovecot, phone["password"]), "a revoked password is refused")
        assert reads(dovecot, laptop["password"])
        eventually(lambda: all(one["last_use"] for one in ready.say("device-password list")), "their use is listed")
    ready.holds()


@pytest.mark.needs("dovecot-imapd")
@pytest.mark.needs("dovecot-auth-lua")
@pytest.mark.needs("lua-cjson")
def test_a_restored_site_knows_its_device_passwords(story: Story, serve: Serve, tmp_path: Path) -> None:
    """Doors learn them anew from the restored site, whose change stream has another name."""
    issued = issue(story, "hanna-laptop")
    story.say("backup", tmp_path / "backup.tar.gz")
    shutil.rmtree(story.site)
    story.say("restore", tmp_path / "backup.tar.gz", story.site)
    serve(story.site, "door", "run")
    with Dovecot(story.port, [HANNA]) as dovecot:
        dovecot.deliver(HANNA, "Lunch")
        assert reads(dovecot, issued["password"])
