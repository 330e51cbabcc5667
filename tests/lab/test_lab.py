"""The lab: it comes up, can be played with, and leaves nothing behind; and the README tells what it does."""

import imaplib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, matches
from tests.journeys.program import eventually, run
from tests.servers import dovecot, postfix, sogo

pytestmark = [
    *(pytest.mark.needs(package) for package in (*sogo.PACKAGES, *dovecot.PACKAGES, postfix.PACKAGE)),
    *(pytest.mark.needs(package) for package in ("nginx-light", "haproxy")),
    pytest.mark.skipif(os.geteuid() != 0, reason="mail servers run under users of their own, which takes root"),
]

LAB = (sys.executable, "-m", "lab")
SHOWN = re.compile(r"^```text\n\$ make lab-play\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def act(directory: Path, *words: str) -> str:
    """What a command in the lab prints."""
    done = subprocess.run(
        [*LAB, "--dir", str(directory), *words], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _login(mailbox: imaplib.IMAP4, password: str) -> None:
    """The door hears of a new password a moment after it was made."""
    until = time.monotonic() + 20
    while True:
        try:
            mailbox.login("cleo@example.com", password)
        except imaplib.IMAP4.error:
            assert time.monotonic() < until, "the password was never taken"
            time.sleep(0.1)
        else:
            return


def test_it_comes_up_can_be_played_with_and_goes_down(tmp_path: Path) -> None:
    """A mail that is put into a mailbox is on the phone, by ActiveSync and by IMAP; Ctrl-C ends every process, and
    leaves no lab behind."""
    directory = tmp_path / "lab"
    with subprocess.Popen([*LAB, "--dir", str(directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = ""
            while "Ctrl-C takes everything down" not in said:
                said += (line := process.stdout.readline())
                assert line, "the lab ended before it was up"
            assert f"GATEPOST_SITE={directory}" in said
            act(directory, "mail", "cleo", "Hello there")
            assert act(directory, "phone", "cleo") == "let in: Hello there\n"
            assert act(directory, "phone", "cleo", "--front", "haproxy") == "let in: Hello there\n"
            issued = run(
                "device-password",
                "issue",
                "--device",
                "cleo-phone",
                "--reason",
                "new",
                "--json",
                site=directory / "site",
            ).json
            with imaplib.IMAP4("127.0.0.1", json.loads((directory / "lab.json").read_text())["imap"]) as mailbox:
                _login(mailbox, issued["password"])
                assert mailbox.select() == ("OK", [b"1"])
            servers = children(process.pid)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert len(servers) >= 9
    # Whom the lab left to the machine's first process, that one has to bury.
    eventually(lambda: not [pid for pid in servers if Path(f"/proc/{pid}").exists()], "every process has ended")
    assert not (directory / "lab.json").exists()


def test_the_readme_s_run_is_a_real_one(tmp_path: Path) -> None:
    """A real client is let in, warned, refused and let in again, by every front, line by line as the README says."""
    shown = SHOWN.search((ROOT / "README.md").read_text())
    assert shown
    printed = act(tmp_path / "lab", "play")
    assert matches(shown[1], printed), printed
