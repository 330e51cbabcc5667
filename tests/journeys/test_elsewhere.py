"""A site works from any directory, for a user without rights, with a program that cannot write to itself."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.company import POLICY
from tests.journeys.program import environment
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

NOBODY = 65534
PROGRAM = (Path(__file__).parents[2] / "src", Path(sysconfig.get_path("purelib")))
"""Where the program and its libraries lie."""


def in_reach(path: Path) -> bool:
    """Whether a user without rights can get to a file, and change nothing there."""
    return all(each.stat().st_mode & 0o001 for each in [path, *path.parents])


def interpreter() -> Path:
    """This Python, or the system's of the same version, whichever user nobody can start."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin") / version]
    found = [python for python in candidates if python.exists() and in_reach(python)]
    if not found or not all(map(in_reach, PROGRAM)):
        pytest.skip(f"needs a {version} and a program where user nobody can go")
    return found[0]


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory of user nobody's; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory(prefix="gatepost-") as name:
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_site_of_an_unprivileged_user(ready: Story, mails: MailSink, home: Path) -> None:
    """From another directory, by GATEPOST_SITE, as user nobody, who may write nothing but the site."""
    gatepost = [str(interpreter()), "-m", "gatepost"]
    shutil.copytree(ready.site, home / "site")
    for path in [home / "site", *(home / "site").rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    program = os.pathsep.join(map(str, PROGRAM))
    settings = environment() | {"GATEPOST_SITE": "site", "HOME": "/nonexistent", "PYTHONPATH": program}
    as_nobody: dict[str, Any] = {"cwd": home, "env": settings, "user": NOBODY, "group": NOBODY, "extra_groups": []}
    for words in (["policy", "announce", POLICY], ["policy", "schema"], ["door", "list"]):
        done = subprocess.run([*gatepost, *words, "--json"], capture_output=True, text=True, **as_nobody)
        assert done.returncode == 0, done
    with subprocess.Popen([*gatepost, "serve"], stdout=subprocess.PIPE, text=True, **as_nobody) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        answer = Story(home / "site", home).ask("hanna@example.com", "HANNAPHONE1")
        mails.wait(6)
        server.terminate()
        assert server.wait(20) == 0
    assert line.startswith("ready")
    assert answer == (204, "warned")
    Story(home / "site", home).holds()
