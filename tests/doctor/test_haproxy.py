"""The doctor before a real HAProxy, which decides by its maps and asks nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost import wiring
from gatepost.actions.doctor import front, sessions
from gatepost.actions.site import Site
from gatepost.doors.fronts.haproxy import LUA
from tests.doors.haproxy.gate import a_mail_server
from tests.journeys.program import Server, configure, eventually, start
from tests.servers.daemon import Daemon
from tests.servers.haproxy import write
from tests.servers.ports import free_port
from tests.verbs.houses import good

pytestmark = pytest.mark.needs("haproxy")

ASKED = ("asked", "base64", "no-device")


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with a_mail_server() as port:
        yield port


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, backend: int) -> Iterator[Site]:
    """An exercise before which HAProxy is to stand; in a folder with a short name."""
    directory = tmp_path_factory.mktemp("h") / "s"
    changes: dict[str, object] = {
        "doors.mail.listen": f"127.0.0.1:{free_port()}",
        "doors.mail.front": f"127.0.0.1:{free_port()}",
        "doors.mail.backend": f"127.0.0.1:{backend}",
        "doors.mail.haproxy_socket": "haproxy.sock",
        "doors.mail.haproxy_files": "maps",
    }
    made = good(wiring.init_site(directory, exercise=True, changes=changes))
    yield made
    made.store.close()


@pytest.fixture
def door(site: Site) -> Iterator[Server]:
    server = start(site.directory, site.directory / "log", "door", "run")
    yield server
    assert server.stop() == 0, server.log
    server.close()


def haproxy(site: Site) -> Daemon:
    """As it is written for the site."""
    config = write(wiring.front_of(site, "mail"), site.directory)
    return Daemon(["haproxy", "-db", "-f", str(config)], site.directory / "haproxy.log", front_port(site))


def front_port(site: Site) -> int:
    return site.settings.doors["mail"].front.port


def become_well(site: Site) -> None:
    """Once the door has brought HAProxy its maps."""
    eventually(lambda: results(site) == WELL, f"what the doctor finds is {WELL}")


def results(site: Site) -> dict[str, str]:
    process = site.settings.doors["mail"]
    found = [*front.examine(site, "mail", process), *sessions.examine("mail", process)]
    return {finding.check: finding.result for finding in found}


WELL = dict.fromkeys(ASKED, "ok") | {"cannot-decide": "skipped", "sessions": "ok"}


@pytest.mark.parametrize("on_unknown", ["allow", "block"])
def test_haproxy_that_is_well(site: Site, on_unknown: str) -> None:
    """HAProxy tells the door whom it saw, which does not count the doctor; what it answers is what was declared."""
    configure(site.directory, door__on_unknown=on_unknown)
    site = good(wiring.open_site(site.directory))
    with haproxy(site):
        server = start(site.directory, site.directory / "log", "door", "run")
        become_well(site)
        assert server.stop() == 0
        server.close()
    with site.store.reading() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM sightings").scalar() == 0
    site.store.close()


def test_haproxy_that_does_not_run(site: Site, door: Server) -> None:
    """Nothing answers where phones ask, nor at its socket."""
    assert results(site) == WELL | dict.fromkeys((*ASKED, "sessions"), "fail")


def test_another_proxy_at_that_place(site: Site, door: Server, tmp_path: Path) -> None:
    """One that lets mail by, and tells the door nothing."""
    with haproxy(site):
        pass
    config = tmp_path / "haproxy.cfg"
    backend = site.settings.doors["mail"].backend
    config.write_text(
        f"""
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:{front_port(site)}
  default_backend b
backend b
  server mail {backend}
"""
    )
    with Daemon(["haproxy", "-db", "-f", str(config)], tmp_path / "log", front_port(site)):
        assert results(site) == WELL | dict.fromkeys((*ASKED, "sessions"), "fail")


def test_maps_that_were_changed_by_hand(site: Site, door: Server) -> None:
    """HAProxy goes on by maps that nobody keeps: its answers are not what the door would say."""
    with haproxy(site):
        become_well(site)
        assert (site.directory / "maps" / LUA).exists()
        configure(site.directory, door__on_unidentified="allow")
        changed = good(wiring.open_site(site.directory))
        assert results(changed) == WELL | {"no-device": "fail"}
        changed.store.close()
