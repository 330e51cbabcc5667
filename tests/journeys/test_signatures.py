"""A live site: approvals are signed with real SSH keys, and a stranger can check them with one file."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.journeys.company import AUTHOR, DOCUMENT, POLICY, PRIVACY
from tests.journeys.conftest import Serve, on_free_ports
from tests.journeys.program import ADMIN, configure, run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

SEC = "sec@example.com"


@pytest.fixture
def live(tmp_path: Path, mails: MailSink) -> Story:
    """A live site: real clock, one phone with the app, one author, one approver; mail goes to the sink."""
    story = Story(tmp_path / "site", tmp_path)
    run("init", story.site, "--admin", ADMIN)
    configure(on_free_ports(story.site, mails), rails__large_impact_percent=0)
    people = "email,name,kind,country,time_zone,locale,groups\nhanna@example.com,Hanna,employee,DE,Europe/Berlin,de,\n"
    story.say("people import", story.file("people.csv", people))
    story.say(f"role grant {AUTHOR} author")
    story.say(f"role grant {PRIVACY} approver:privacy")
    council = make_key(tmp_path, "council")
    story.say(f"key add {PRIVACY}", council.with_suffix(".pub"))
    story.look_for("tiktok", day(30), sign=council)
    story.report("hanna-phone", "hanna@example.com", day(0), "com.zhiliaoapp.musically", platform="ios")
    story.say(f"role grant {SEC} approver:security")
    return story


def day(ahead: int) -> str:
    """A date so many days from now; 0: this very instant, as a report has it."""
    at = datetime.now(UTC) + timedelta(days=ahead)
    return at.strftime("%Y-%m-%d" if ahead else "%Y-%m-%dT%H:%M:%SZ")


def make_key(folder: Path, name: str) -> Path:
    """A new Ed25519 key pair, made as its owner would."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
    return path


def verify(export: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the export's own verifier as an auditor would: Python alone, in isolated mode."""
    command = [sys.executable, "-I", "verify.py", *map(str, arguments)]
    return subprocess.run(command, cwd=export, capture_output=True, text=True)


@pytest.mark.needs("openssh-client")
def test_approvals_are_signed_and_a_stranger_can_check_them(live: Story, mails: MailSink, serve: Serve) -> None:
    """I-12, I-32: only a recorded key's signature over the hash counts; the export proves it without us."""
    key, stranger = make_key(live.folder, "sec"), make_key(live.folder, "stranger")
    live.say(f"key add {SEC}", key.with_suffix(".pub"))
    assert live.refused(f"key add {ADMIN}", stranger.with_suffix(".pub")) == "self_grant"
    document = DOCUMENT.replace("2020-07-10", day(5)).replace("{security: 1, legal: 1, executive: 1}", "{security: 1}")
    live.propose(document)
    yes = f"policy approve {POLICY} --role security"
    assert live.refused(yes, by=SEC) == "signature_missing"
    assert live.refused(yes, "--sign", stranger, by=SEC) == "signature_invalid"
    assert live.say(yes, "--sign", key, by=SEC)["stage"] == "approved"

    serve(live.site, "worker")
    live.announce()
    live.accepted("announcement", "hanna@example.com")
    sent = {mail.message["Gatepost-Notice"]: mail for mail in mails.mails()}
    assert not any("Exercise" in f"{mail.message}" or "Übung" in mail.text for mail in sent.values())
    note = re.search(r"(?ms)^gatepost/\S+\n\d+\n\S+\n\n— \S+ \S+\n", sent["approval-asked"].text)
    assert note
    held = live.file("held.txt", note[0])

    report = live.holds()
    assert (report["approvals_checked"], report["approvals_by_as"]) == (2, 0)
    assert live.say("ledger verify --checkpoint", held)["ok"]
    export = live.folder / "export"
    live.say("ledger export", export)
    done = verify(export, "--checkpoint", held)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 signatures of approvals checked" in done.stdout
    lines = (export / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    (export / "ledger.jsonl").write_bytes(b"".join([*lines[:3], *lines[4:]]))
    assert verify(export, "--checkpoint", held).returncode == 1
    assert "not empty" in run("ledger", "export", export, site=live.site, exit=1).stderr


def test_a_live_site_has_no_clock_to_set_and_no_app_to_look_for(tmp_path: Path) -> None:
    """A live site runs on the machine's clock, observes, and looks for no app before somebody says why."""
    story = Story(tmp_path / "site", tmp_path)
    run("init", story.site, "--admin", ADMIN)
    assert story.refused("clock set 2020-07-10") == "not_an_exercise"
    assert story.refused("apps activate tiktok --until 2999-01-01") == "purpose_missing"
    story.say(f"role grant {AUTHOR} author")
    assert story.refused("policy propose", story.file("policy.yaml", DOCUMENT), by=AUTHOR) in (
        "app_not_active",
        "deadline_passed",
    )
    assert 'observe_for = "14d"' in (story.site / "gatepost.toml").read_text()
    story.holds()
