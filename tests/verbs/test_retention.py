"""Retention: each row of the settings ends what is older and leaves what is younger; what lives is never hurt."""

import os
from collections.abc import Callable, Iterator, Set
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gatepost.actions import access, backup, device_passwords, exempt, import_devices, mentions, person_record, waive
from gatepost.config.settings import Retention
from gatepost.core.instant import DAY
from gatepost.core.ledger.events import Event
from gatepost.core.ledger.leaf import parse
from gatepost.core.ledger.privacy_events import PersonErased, RecordsErased
from gatepost.core.notice.notice import NoticeKind
from gatepost.storage import ledger, people
from gatepost.storage.schema import metadata
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, House, good

Scene = Callable[[Build, Path], None]
SCENES: dict[str, Scene] = {}


def row(setting: str) -> Callable[[Scene], Scene]:
    def keep(scene: Scene) -> Scene:
        SCENES[setting] = scene
        return scene

    return keep


def values(house: House, table: str, column: str) -> list[object]:
    """A column of a table, sorted."""
    with house.site.store.reading() as conn:
        found = conn.execute(metadata.tables[table].select()).mappings()
        return sorted((each[column] for each in found), key=str)


def events(house: House, *kinds: type[Event]) -> list[Event]:
    with house.site.store.reading() as conn:
        return [parse(row.leaf).event for row in ledger.rows(conn, 0, tuple(kind.__name__ for kind in kinds))]


def erased(house: House) -> dict[str, int]:
    """What the ledger says was erased, by table."""
    found: dict[str, int] = {}
    for event in events(house, RecordsErased):
        assert isinstance(event, RecordsErased)
        for table, count in event.rows.items():
            found[table] = found.get(table, 0) + count
    return found


def leave(house: House, *names: str) -> None:
    """As a complete import without these people would have it."""
    with house.site.store.writing() as conn:
        refs = [found.ref for name in names if (found := people.find(conn, f"{name}@corp.example"))]
        assert len(refs) == len(names)
        people.retire(conn, refs, house.now())


@pytest.mark.parametrize("setting", Retention.model_fields)
def test_each_row_ends_the_older_and_leaves_the_younger(setting: str, build: Build, tmp_path: Path) -> None:
    """Everything that names a person has a time, and the worker keeps it: one scene for each row of the table."""
    SCENES[setting](build, tmp_path)


@row("people_left")
def _(build: Build, _: Path) -> None:
    house = build(retention__people_left="30d")
    house.owners(3)
    leave(house, "u0")
    house.later(20 * DAY)
    leave(house, "u1")
    house.later(11 * DAY)
    known = values(house, "people", "id")
    assert "u0@corp.example" not in known
    assert {"u1@corp.example", "u2@corp.example"} <= set(known)
    assert values(house, "devices", "id") == ["phone-u1", "phone-u2"]
    (gone,) = events(house, PersonErased)
    assert isinstance(gone, PersonErased)
    assert len(gone.devices) == 1
    assert house.site.directory.joinpath("erased").read_text() == f"{gone.person}\n"
    house.sound()


@row("devices_retired")
def _(build: Build, _: Path) -> None:
    house = build(retention__devices_retired="30d")
    house.owners(3)
    good(import_devices.check_out(house.site, None, "phone-u0", "handed back"))
    house.later(20 * DAY)
    good(import_devices.check_out(house.site, None, "phone-u1", "handed back"))
    house.later(11 * DAY)
    assert values(house, "devices", "id") == ["phone-u1", "phone-u2"]
    assert erased(house) == {"devices": 1}


@row("passwords_revoked")
def _(build: Build, _: Path) -> None:
    house = build(retention__passwords_revoked="30d")
    house.owners(1)
    first, second, kept = (good(device_passwords.issue(house.site, None, "phone-u0", reason="new")) for _ in range(3))
    good(device_passwords.revoke(house.site, None, first.selector))
    house.later(20 * DAY)
    good(device_passwords.revoke(house.site, None, second.selector))
    house.later(11 * DAY)
    assert values(house, "device_passwords", "selector") == sorted([second.selector, kept.selector])
    assert erased(house) == {"device_passwords": 1}


@row("sightings")
def _(build: Build, _: Path) -> None:
    house = build(retention__sightings="30d")
    see(house, sighting("ann", "old", house.now()))
    house.later(20 * DAY)
    see(house, sighting("ann", "new", house.now()))
    house.later(11 * DAY)
    assert values(house, "sightings", "identity") == ["new"]
    assert erased(house) == {"sightings": 1}


def two_policies(house: House) -> None:
    """One that was over for 31 days, and one for 11; both were told of, retracted, and corrected."""
    house.owners(2)
    for policy in ("old-one", "new-one"):
        house.announce(policy=policy, deadline="2020-12-24")
        house.deliver()
        house.retract(policy)
        assert house.deliver()
        house.later(20 * DAY)
    house.set(house.now() - 9 * DAY)


@row("notices")
def _(build: Build, _: Path) -> None:
    house = build(retention__notices="30d")
    two_policies(house)
    assert set(values(house, "notices", "policy")) == {"new-one"}
    assert set(erased(house)) == {"notices"}


@row("audience")
def _(build: Build, _: Path) -> None:
    house = build(retention__audience="30d")
    two_policies(house)
    assert set(values(house, "audience", "rule")) == {2}
    assert set(values(house, "audience_devices", "rule")) == {2}
    assert erased(house) == {"audience": 2, "audience_devices": 2}


@row("attestations")
def _(build: Build, _: Path) -> None:
    house = build(retention__attestations="30d")
    house.people("ann")
    house.phone("ann")
    house.phone("ann", id="second")
    first = good(exempt.attest(house.site, None, "phone-ann", "tiktok", house.now() + DAY))
    second = good(exempt.attest(house.site, None, "second", "tiktok", house.now() + 20 * DAY))
    house.later(40 * DAY)
    assert values(house, "attestations", "attestation") == [second.attestation]
    (event,) = events(house, RecordsErased)
    assert isinstance(event, RecordsErased)
    assert event.attestations == (first.attestation,)
    house.sound()


@row("waivers")
def _(build: Build, _: Path) -> None:
    house = build(retention__waivers="30d", retention__reasons="1d")
    house.owners(2)
    house.announce()
    site = house.site
    good(waive.grant_waiver(site, OPERATOR, POLICY, person="u0@corp.example", until=house.now() + DAY, reason="one"))
    young = good(
        waive.grant_waiver(site, OPERATOR, POLICY, person="u1@corp.example", until=house.now() + 20 * DAY, reason="two")
    )
    house.later(21 * DAY)
    house.deliver()
    house.retract()
    house.deliver()
    house.later(20 * DAY)
    assert values(house, "waivers", "waiver") == [young.waiver]
    assert "two" in values(house, "texts", "text"), "a waiver that is kept keeps its reason, however old"
    assert "one" not in values(house, "texts", "text")
    house.sound()


@row("reasons")
def _(build: Build, _: Path) -> None:
    house = build(retention__reasons="30d")
    house.owners(1)
    good(import_devices.check_out(house.site, None, "phone-u0", "the older"))
    house.later(20 * DAY)
    house.phone("u0", id="second")
    good(import_devices.check_out(house.site, None, "second", "the younger"))
    before = values(house, "texts", "text")
    house.later(11 * DAY)
    now = values(house, "texts", "text")
    assert "the older" in before
    assert "the older" not in now
    assert "the younger" in now
    house.sound()


@row("backups")
def _(build: Build, folder: Path) -> None:
    house = build(retention__backups="30d")
    old, new, other = folder / "old.backup", folder / "new.backup", folder / "other.backup"
    for path in (old, other):
        good(backup.backup(house.site, None, path))
    other.write_text("somebody's own file by now")
    house.later(20 * DAY)
    good(backup.backup(house.site, None, new))
    house.later(11 * DAY)
    assert not old.exists()
    assert new.exists()
    assert other.exists(), "what somebody put in its place is theirs"


@row("exports")
def _(build: Build, folder: Path) -> None:
    house = build(retention__exports="30d")
    house.people("ann")
    site, name = house.site, "ann@corp.example"
    good(person_record.export(site, None, name, "she asked", folder / "old"))
    house.later(20 * DAY)
    good(person_record.export(site, None, name, "she asked", folder / "new"))
    house.later(11 * DAY)
    assert os.listdir(folder / "old") == []
    assert sorted(os.listdir(folder / "new")) == ["person.json", "person.txt"]


# --- what lives is never hurt


def test_what_a_live_policy_needs_is_kept_whatever_its_age(build: Build) -> None:
    """I-24, I-10: with every term at a day, whoever was told of a live policy stays, with their mails and when they
    were told, also if they left; the correction reaches them, and only then they go."""
    terms: dict[str, object] = {f"retention__{name}": "1d" for name in Retention.model_fields}
    house = build(**terms)  # type: ignore[arg-type] # settings by name
    house.people("ann", "ben", "cat")
    house.devices(house.phone_row("ann", [TIKTOK]), house.phone_row("ben", [TIKTOK]))
    house.phone("cat")
    house.announce(unseen="attest", deadline="2020-09-30")
    house.deliver()
    good(exempt.attest(house.site, None, "phone-cat", "tiktok", house.now() + DAY))
    leave(house, "ben")
    told = values(house, "audience", "told_at")
    assert len(told) >= 1
    for _ in range(20):
        house.later(2 * DAY)
        house.deliver()
    assert values(house, "audience", "told_at")[: len(told)] == told
    assert {"ann@corp.example", "ben@corp.example"} <= set(values(house, "people", "id"))
    assert len(values(house, "attestations", "attestation")) == 1
    announced = [
        found for found in house.tables()["notices"] if NoticeKind.ANNOUNCEMENT.value in found and POLICY in found
    ]
    assert announced
    house.retract()
    corrections = house.deliver()
    assert {"ann@corp.example", "ben@corp.example"} <= {letter.recipient for letter in corrections}
    assert all(b"In-Reply-To" in letter.message for letter in corrections)
    for _ in range(4):
        house.later(2 * DAY)
    assert values(house, "audience", "rule") == []
    assert values(house, "notices", "id") == []
    assert values(house, "attestations", "attestation") == []
    assert "ben@corp.example" not in values(house, "people", "id")
    assert "ann@corp.example" in values(house, "people", "id")
    house.sound()


def test_whoever_holds_a_role_or_keeps_a_shared_device_is_not_erased_by_time(build: Build) -> None:
    """Time takes away nobody from whom others still depend; a command would say what to do."""
    house = build(retention__people_left="1d")
    house.people("role", "keeper", "free")
    good(access.grant_role(house.site, None, "role@corp.example", "helpdesk"))
    house.phone("keeper", shared=True)
    leave(house, "role", "keeper", "free")
    house.later(3 * DAY)
    known = set(values(house, "people", "id"))
    assert {"role@corp.example", "keeper@corp.example"} <= known
    assert "free@corp.example" not in known


def test_a_pass_is_made_once_an_hour_and_much_is_erased_in_parts(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is not held for long, and the ledger is not filled: one entry a part, none where nothing is over."""
    monkeypatch.setattr("gatepost.actions.retention.PART", 10)
    house = build(retention__sightings="1d")
    see(house, *(sighting(f"s{number}", f"id{number}", house.now()) for number in range(25)))
    house.later(2 * DAY)
    counts = [event.rows["sightings"] for event in events(house, RecordsErased) if isinstance(event, RecordsErased)]
    assert counts == [10, 10, 5]
    for _ in range(5):
        house.later(DAY)
    assert len(events(house, RecordsErased)) == 3


def test_findings_go_when_their_app_is_not_looked_for_any_more(build: Build) -> None:
    """Findings have no term of their own: an activation ends, and takes them with it, for all at once."""
    house = build()
    house.owners(1)
    assert values(house, "present", "app") == ["tiktok"]
    with house.site.store.reading() as conn:
        until = conn.execute(metadata.tables["active_apps"].select()).mappings().one()["until"]
    house.set(until + DAY)
    assert values(house, "present", "app") == []


def test_mails_about_no_policy_go_each_in_its_time(build: Build) -> None:
    """A mail about a device password is no part of a policy: that others are still being sent keeps no older one."""
    house = build(retention__notices="30d")
    house.owners(1)
    for _ in range(4):
        good(device_passwords.issue(house.site, OPERATOR, "phone-u0", reason="new"))
        house.deliver()
        house.later(20 * DAY)
    settled = [at for at in values(house, "notices", "settled_at") if isinstance(at, int)]
    assert settled
    assert min(settled) >= house.now() - 31 * DAY


def test_many_leavers_are_searched_for_at_once_and_erased_some_at_a_time(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have left, every entry is read once for all of them, and no change takes long (I-18)."""
    monkeypatch.setattr("gatepost.actions.retention.LEAVERS", 2)
    house = build(retention__people_left="1d")
    names = [f"leaver{number}" for number in range(5)]
    house.people(*names)
    leave(house, *names)
    starts: list[int] = []
    read = mentions.mentions

    def reading(conn: Connection, refs: Set[str], start: int) -> Iterator[mentions.Mention]:
        starts.append(start)
        return read(conn, refs, start)

    monkeypatch.setattr(mentions, "mentions", reading)
    house.later(3 * DAY)
    assert not set(values(house, "people", "id")) & {f"{name}@corp.example" for name in names}
    assert len(events(house, PersonErased)) == 5
    assert len(starts) == 4, "one look before, and three changes"
    assert starts.count(0) == 1, "those read on from there"
    house.sound()
