"""Another unprivileged user on the same machine: what of a site's files is theirs to read."""

import stat
import subprocess
import sys
from pathlib import Path

from gatepost import wiring
from gatepost.actions import backup
from gatepost.actions.site import KEY_FILE
from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from tests.doors.site import FLEET, SITE, batch
from tests.verbs.conftest import Build
from tests.verbs.houses import good

OPEN = stat.S_IRWXG | stat.S_IRWXO
"""What the owner's group and all others may do."""


def open_files(directory: Path) -> dict[str, str]:
    """Every file or directory in here that somebody else may read, write or enter, with its mode."""
    found = [directory, *directory.rglob("*")]
    modes = {str(path.relative_to(directory)): path.stat().st_mode for path in found}
    return {name: stat.filemode(mode) for name, mode in modes.items() if mode & OPEN}


def test_a_site_is_its_owners_alone(tmp_path: Path) -> None:
    """Who has which app and what the site signs with is nobody else's to read, whatever the umask."""
    code = (
        "import os, sys; os.umask(0);"
        "from pathlib import Path; from gatepost import wiring;"
        "site = wiring.init_site(Path(sys.argv[1]), admin='root@corp.example'); site.store.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "site")], check=True)
    assert stat.S_IMODE((tmp_path / "site").stat().st_mode) == 0o700
    harmless = {"gatepost.toml", "reserve", "stream.id"}
    assert set(open_files(tmp_path / "site")) <= harmless


def test_the_doors_copy_is_its_owners_alone(tmp_path: Path) -> None:
    """The door's copy says whose device carries an app: nobody else reads it, whatever the umask."""
    copy = Copy(tmp_path / "door", SITE, DAY)
    copy.apply(batch(10, *FLEET))
    copy.nothing_new()
    copy.close()
    assert (tmp_path / "door" / "data.mdb").exists()
    assert open_files(tmp_path / "door") == {}


def test_backup_and_restored_site_are_their_owners_alone(build: Build, tmp_path: Path) -> None:
    """A backup holds all that a site knows, and the key it signs with."""
    house = build()
    archive = tmp_path / "site.backup"
    good(backup.backup(house.site, None, archive))
    assert not archive.stat().st_mode & OPEN
    assert backup.restore(archive, tmp_path / "restored") is None
    assert stat.S_IMODE((tmp_path / "restored").stat().st_mode) == 0o700
    assert set(open_files(tmp_path / "restored")) <= {"gatepost.toml", "stream.id"}


def test_a_key_that_lay_there_open_is_closed(tmp_path: Path) -> None:
    """A file that somebody laid there before with open modes does not stay open when a secret is written into it."""
    directory = tmp_path / "site"
    directory.mkdir()
    laid = directory / KEY_FILE
    laid.touch()
    laid.chmod(0o666)
    good(wiring.init_site(directory, admin="root@corp.example")).store.close()
    assert not laid.stat().st_mode & OPEN
