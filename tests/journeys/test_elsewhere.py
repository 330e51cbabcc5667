"""A site works from any directory, for a user without rights, with a program that cannot write to itself."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.company import POLICY
from tests.journeys.program import PROGRAM, environment
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

NOBODY = 65534


def in_reach(folder: Path) -> bool:
    """Whether a user without rights can get to a folder."""
    return all(path.stat().st_mode & 0o001 for path in [folder, *folder.parents])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_site_of_an_unprivileged_user(ready: Story, mails: MailSink) -> None:
    """From another directory, by GATEPOST_SITE, as user nobody: what nobody owns is the site alone."""
    if not in_reach(PROGRAM.resolve().parent) or not in_reach(Path(os.__file__).parent):
        pytest.skip("the program lies where user nobody cannot go")
    home = Path("/tmp") / f"gatepost-{os.getpid()}"
    shutil.copytree(ready.site, home / "site")
    try:
        for path in [home, *home.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        as_nobody(home)
    finally:
        shutil.rmtree(home)


def as_nobody(home: Path) -> None:
    """Commands, then the whole server."""
    settings = environment() | {"GATEPOST_SITE": "site", "HOME": "/nonexistent"}

    def gatepost(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM), *words, "--json"]
        return subprocess.run(
            command, cwd=home, env=settings, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True
        )

    for words in (["policy", "announce", POLICY], ["ledger", "verify"], ["policy", "schema"], ["door", "list"]):
        done = gatepost(*words)
        assert done.returncode == 0, done
    with subprocess.Popen(
        [PROGRAM, "serve"],
        cwd=home,
        env=settings,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        ready = server.stdout.readline()
        answer = Story(home / "site", home).ask("hanna@example.com", "HANNAPHONE1")
        server.terminate()
        assert server.wait(20) == 0
    assert ready.startswith("ready")
    assert answer == (204, "warned")
