"""The doctor on a site: each thing that can be wrong with it is broken here, and seen and named."""

import fcntl
import shutil
import sqlite3
from pathlib import Path

import pytest

from gatepost import wiring
from gatepost.actions import access, backup
from gatepost.actions.doctor import examine
from gatepost.actions.reserve import RESERVE
from gatepost.actions.site import Site
from gatepost.core.instant import DAY, HOUR
from gatepost.doors.glass import break_glass
from gatepost.doors.report import Opened, Report
from gatepost.storage import feed
from gatepost.wiring import provider_of, sender_of
from tests.doctor.findings import found, sick, well
from tests.servers.mail_sink import MailSink
from tests.servers.ports import free_port
from tests.verbs.administrators import BEN, CAL, Pair
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, House, good

# --- its machine


def test_files_that_others_can_read(house: House) -> None:
    """Whoever reads the site's key can sign for it."""
    house.site.directory.chmod(0o755)
    well(house, "files")
    (house.site.directory / "checkpoint.key").chmod(0o640)
    sick(house, "files", "fail", "checkpoint.key")
    house.site.directory.chmod(0o700)  # nobody else can get in there
    well(house, "files")


def test_a_disk_that_is_nearly_full(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is full, and when it is."""
    usage = type(shutil.disk_usage("/"))
    well(house, "disk")
    for free, result in ((2, "warn"), (0, "fail")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: usage(100 << 30, 0, free << 30))
        sick(house, "disk", result, "free at")


def test_no_reserve(house: House) -> None:
    """I-40: the room that a retraction has on a full disk."""
    sick(house, "reserve", "warn", "nothing is kept")
    (house.site.directory / "reserve").write_bytes(bytes(RESERVE))
    well(house, "reserve")


def test_no_worker(house: House) -> None:
    """Without it nobody is told; its lock says whether it lives."""
    sick(house, "worker", "fail", "ever")
    path = house.site.directory / "worker.lock"
    with path.open("w") as lock:
        sick(house, "worker", "fail", "no worker runs")
        fcntl.flock(lock, fcntl.LOCK_EX)
        well(house, "worker")


# --- its database


def test_a_database_that_is_gone(house: House) -> None:
    """The doors are looked at all the same."""
    well(house, "database")
    house.close()
    house.site.store.path.rename(house.site.directory / "away")
    findings = list(examine(house.site, sender_of, provider_of))
    assert [each.result for each in findings if each.check == "database"] == ["fail"]
    assert "running" in {each.check for each in findings}


def test_a_database_of_another_release(house: House) -> None:
    """It is not touched by a program that does not know its tables."""
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    sick(house, "database", "fail", "0001")


def test_a_database_that_is_damaged(house: House) -> None:
    """Pages that were overwritten are found, by SQLite's own check or by its refusal to read at all."""
    house.close()
    path = house.site.store.path
    with sqlite3.connect(path) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : -4096] = bytes(len(data) - 4096 * 4)
    path.write_bytes(data)
    findings = [each for each in examine(house.site, sender_of, provider_of) if each.check == "database"]
    assert findings
    assert {each.result for each in findings} == {"fail"}


def test_a_ledger_that_was_changed(house: House) -> None:
    """I-32: an entry that says otherwise than it did."""
    well(house, "ledger")
    with house.site.store.writing() as conn:
        for row in list(conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
            conn.exec_driver_sql(f"DROP TRIGGER {row.name}")
        conn.exec_driver_sql("UPDATE ledger SET at = at + 1 WHERE idx = 2")
    sick(house, "ledger", "fail", "entry 2")


def test_tables_that_say_otherwise_than_the_ledger(house: House) -> None:
    """I-33: a role that nobody granted."""
    well(house, "tables")
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE roles SET role = 'admin'")
    sick(house, "tables", "fail", "roles")


def test_no_backup_or_an_old_one(house: House, tmp_path: Path) -> None:
    """The last one's age."""
    sick(house, "backup", "warn", "no backup")
    good(backup.backup(house.site, ADMIN, tmp_path / "backup"))
    well(house, "backup")
    house.later(8 * DAY)
    sick(house, "backup", "warn", "8d")


# --- its mail server


def test_mail_is_tried_and_none_is_sent(house: House, mails: MailSink) -> None:
    """The envelope is taken, and nothing arrives."""
    well(house, "mail")
    assert mails.mails() == []


def test_no_mail_server(build: Build) -> None:
    """Nobody could be told."""
    sick(build(smtp__port=free_port()), "mail", "fail", "127.0.0.1")


def test_a_mail_server_that_refuses(tmp_path: Path, mails: MailSink) -> None:
    """What it says is shown."""
    site = wiring.init_site(
        tmp_path / "site", exercise=True, admin="refused@corp.example", changes={"smtp.port": mails.port}
    )
    assert isinstance(site, Site)
    sick(House(site), "mail", "fail", "550")
    site.store.close()


# --- what it knows of its doors


def test_a_door_that_never_reported(house: House) -> None:
    """One of the settings that nobody started."""
    sick(house, "confirmed", "fail", "never", "mail")


@pytest.mark.parametrize(
    ("report", "result", "about"),
    [
        (Report(10**6, ""), "ok", "confirmed"),
        (Report(0, ""), "warn", "1 positions behind"),
        (Report(10**6, "the disk is full"), "fail", "the disk is full"),
    ],
    ids=["current", "behind", "in trouble"],
)
def test_what_a_door_confirmed(house: House, report: Report, result: str, about: str) -> None:
    """I-27: a retraction waits for a door that does not confirm."""
    with house.site.store.writing() as conn:
        feed.publish(conn, {})
    house.hear("mail", report.position, report.problem)
    finding = found(house, "confirmed", "mail")
    assert finding.result == result
    assert about in finding.found


def test_a_door_that_fell_silent(house: House) -> None:
    """Also one on another machine, that the settings here do not know."""
    house.hear("south", 10**6)
    house.later(HOUR)
    sick(house, "confirmed", "fail", "1h", "south")


def test_one_administrator_who_gives_roles_alone(build: Build, mails: MailSink) -> None:
    """Until a second one has a key, as has the first; then what waits for either of them."""
    house = build(exercise=False, smtp__port=mails.port)
    sick(house, "administrators", "warn", "0 of 1 administrators have a key")
    good(access.grant_role(house.site, None, "second@corp.example", "admin"))
    house.key("second@corp.example")
    sick(house, "administrators", "warn", "1 of 2 administrators have a key")
    house.key(ADMIN, by="second@corp.example")
    well(house, "administrators")
    good(access.grant_role(house.site, None, "other@corp.example", "admin"))
    sick(house, "administrators", "warn", "1 roles or keys wait")


def test_administrators_who_are_one_person_s_word(build: Build, mails: MailSink) -> None:
    """A third administrator, whom two signed, is told whom only one had made: a puppet of theirs, as far as anybody can
    see. Signed by others, they are named no more; among two there would be nobody else to sign."""
    pair = Pair(build(exercise=False, smtp__port=mails.port))
    well(pair.house, "administrators")
    pair.third()
    sick(pair.house, "administrators", "warn", f"{BEN}, {ADMIN}: administrators whose role or key")
    for person, signers in ((BEN, (ADMIN, CAL)), (ADMIN, (BEN, CAL))):
        for signer in signers:
            good(pair.sign(signer, pair.fingerprint(person)))
    sick(pair.house, "administrators", "warn", f"{BEN}: administrators whose role or key")
    for signer in (ADMIN, CAL):
        good(pair.sign(signer, "admin", BEN))
    well(pair.house, "administrators")


def test_a_door_that_observes(build: Build, mails: MailSink) -> None:
    """A live site whose doors refuse nothing yet."""
    house = build(exercise=False, smtp__port=mails.port)
    house.hear("mail", 10**6)
    sick(house, "observes", "warn", "refuses nothing", "mail")


def test_a_door_that_enforces(house: House) -> None:
    """As the doors of an exercise do."""
    house.hear("mail", 10**6)
    well(house, "observes", "mail")


def test_a_door_that_stands_open(house: House) -> None:
    """By what it told; and by the file beside its copy, where the site has not heard of it yet."""
    well(house, "open", "mail")
    house.hear("south", 10**6, opened=Opened(5, "ann", "why"))
    sick(house, "open", "warn", "ann opened it: why", "south")
    break_glass(house.site.settings.doors["mail"].table, 5, "ben", "because")
    sick(house, "open", "warn", "ben opened it: because", "mail")
