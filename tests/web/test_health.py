"""How the web process says that it is there, and whether its site can be relied on."""

import pytest

from gatepost import clock
from gatepost.storage import sitemeta
from tests.verbs.houses import House
from tests.web.asking import application, send


def ready(house: House) -> tuple[int, str]:
    status, _, body = send(application(house, ""), "/readyz", method="GET", authorization="")
    return status, body.decode()


def test_anybody_may_ask(house: House) -> None:
    """Neither needs a token, and neither is a page."""
    house.pass_time()
    for path in ("/healthz", "/readyz"):
        assert send(application(house, ""), path, method="GET", authorization="")[::2] == (204, b"")
        assert send(application(house, ""), path, authorization="")[0] == 405


def test_a_site_whose_worker_stands_still_is_not_ready(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute without a turn, besides what a mail server may take, and it says since when; a turn makes it ready."""
    house.clock(house.now())
    assert ready(house) == (204, "")
    at = clock.boot_elapsed()
    monkeypatch.setattr("gatepost.actions.site_time.boot_elapsed", lambda: at + 100_000)
    assert ready(house) == (204, "")
    monkeypatch.setattr("gatepost.actions.site_time.boot_elapsed", lambda: at + 180_000)
    status, why = ready(house)
    assert (status, why.startswith("the worker's last turn was 1"), why.endswith(" s ago\n")) == (503, True, True)
    house.clock(house.now() + 60_000)
    assert ready(house) == (204, "")


def test_a_site_without_a_worker_is_not_ready(house: House) -> None:
    """Neither one that never had one, nor one that had it before the machine was started anew."""
    for told in ("", "1594022400000 5000 another-run-of-the-machine"):
        with house.site.store.writing() as conn:
            sitemeta.put(conn, sitemeta.SERVER_NOW, told)
        assert ready(house) == (503, "no worker has run since this machine started\n")


def test_a_database_of_another_version_is_not_ready(house: House) -> None:
    """A web process that was not restarted after an upgrade says so."""
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    status, why = ready(house)
    assert (status, "9999" in why) == (503, True)


def test_a_database_that_is_away_or_damaged_is_not_ready(house: House) -> None:
    """The process still answers, and says what is wrong."""
    house.close()
    path = house.site.store.path
    path.rename(path.with_suffix(".away"))
    assert ready(house) == (503, "the database cannot be read\n")
    path.write_bytes(b"this is no database" * 100)
    assert ready(house) == (503, "the database cannot be read\n")
    assert send(application(house, ""), "/healthz", method="GET", authorization="")[0] == 204
