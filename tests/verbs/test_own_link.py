"""The key of the links to people's own pages: a secret of its site, in no backup."""

import tarfile
from pathlib import Path

from gatepost import wiring
from gatepost.actions import backup, own_link
from gatepost.actions.site import LINK_KEY_FILE
from gatepost.core.instant import DAY, HOUR, SECOND
from gatepost.signatures import link
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, START, House, good


def key(house: House) -> Path:
    return house.site.directory / LINK_KEY_FILE


def test_the_key_is_its_owners_alone(house: House) -> None:
    """Made with the site, readable by nobody else, and of the size that Fernet asks."""
    assert key(house).stat().st_mode & 0o777 == 0o600
    assert link.is_key(house.site.link_key)


def test_no_backup_has_the_key(house: House, tmp_path: Path) -> None:
    """Whoever finds a backup makes no links of a site that lives; a restored site has a key of its own."""
    good(backup.backup(house.site, ADMIN, tmp_path / "backup"))
    with tarfile.open(tmp_path / "backup") as archive:
        assert LINK_KEY_FILE not in archive.getnames()
    assert backup.restore(tmp_path / "backup", tmp_path / "back") is None
    restored = (tmp_path / "back" / LINK_KEY_FILE).read_text().strip()
    assert link.is_key(restored)
    assert restored != house.site.link_key


def test_an_older_site_gets_its_key_by_the_upgrade(build: Build) -> None:
    """Until then its mails have no links, and nothing else is amiss; a key that is there stays."""
    house = build(web__url="https://gatepost.example")
    key(house).unlink()
    old = good(wiring.open_site(house.site.directory))
    assert old.link_key == ""
    assert own_link.own_address(old, "p_1", "no-tiktok", START) == ""
    assert own_link.opened(old, "x") is None
    good(wiring.upgrade_site(house.site.directory))
    made = good(wiring.open_site(house.site.directory)).link_key
    assert link.is_key(made)
    good(wiring.upgrade_site(house.site.directory))
    assert good(wiring.open_site(house.site.directory)).link_key == made


def test_what_is_no_key_is_named(house: House) -> None:
    """A file with something else in it stops the site with its name, not the mails one by one."""
    key(house).write_text("nonsense\n")
    problems = wiring.open_site(house.site.directory)
    assert isinstance(problems, tuple)
    assert [problem.file for problem in problems] == [LINK_KEY_FILE]


def test_a_link_tells_nobody_what_it_is_about() -> None:
    """Neither the pseudonym nor the policy stands in it, plain or in base64; two for one page are different."""
    own = link.new_key()
    first, second = (link.seal(own, "p_0123456789abcdef", "no-tiktok", START) for _ in range(2))
    assert first != second
    assert "p_0123" not in first
    for token in (first, second):
        sealed = link.unseal(own, token, DAY, START)
        assert sealed == ("p_0123456789abcdef", "no-tiktok", START // SECOND * SECOND + DAY)


def test_a_link_ends() -> None:
    """To the second; it opens nothing by another key, nor with any letter of it changed."""
    own = link.new_key()
    token = link.seal(own, "p_1", "no-tiktok", START)
    assert link.unseal(own, token, HOUR, START + HOUR) is not None
    assert link.unseal(own, token, HOUR, START + HOUR + SECOND) is None
    assert link.unseal(link.new_key(), token, HOUR, START) is None
    for place in range(0, len(token) - 3):
        other = "A" if token[place] != "A" else "B"
        assert link.unseal(own, token[:place] + other + token[place + 1 :], HOUR, START) is None
