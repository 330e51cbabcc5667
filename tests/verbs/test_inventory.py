"""Inventory: what reports and imports say, what they do not, and what a door then knows."""

import json
from typing import Any

import pytest

from gatepost.actions import exempt, import_devices, import_people
from gatepost.actions.activation import deactivate
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.policy.verdict import Standing
from gatepost.core.refusal import Code
from gatepost.doors.entry import decode_standing, identity_key
from gatepost.storage import feed
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, OPERATOR, TIKTOK, House, good, nothing_written, refused


def at_door(house: House, eas_id: str) -> Standing | None:
    with house.site.store.reading() as conn:
        value = feed.value(conn, identity_key(eas_id))
    return None if value is None else decode_standing(value)


def finding(house: House, owner: str = "u0", device: str | None = None) -> str:
    """The finding that the policy's reason names; "absent" where there is none."""
    reasons = house.verdict(owner, device).reasons
    return reasons[0].finding.word if reasons else "absent"


@pytest.fixture
def warned(house: House) -> House:
    """Everything that is not absent is due, so that each finding shows."""
    house.people("u0", "u1")
    house.phone("u0")
    house.announce(unseen="block", deadline="2020-08-30")
    assert finding(house) == "absent"
    return house


def test_a_report_older_than_the_last_says_nothing(warned: House) -> None:
    """A replayed report changes neither findings nor the device; it is said to be not fresh."""
    now = warned.now()
    warned.report("u0", [TIKTOK], at=now)
    before = at_door(warned, "EASphone-u0")
    answer = warned.report("u0", [], at=now - HOUR, eas_device_id="EASother", form="tablet")
    assert (answer.fresh, finding(warned)) == (False, "present")
    assert (at_door(warned, "EASphone-u0"), at_door(warned, "EASother")) == (before, None)
    warned.sound()


def test_of_two_reports_of_one_instant_the_later_arrival_counts(warned: House) -> None:
    """Equal reported_at: later arrival wins."""
    now = warned.now()
    for apps, found in (([TIKTOK], "present"), ([], "absent"), ([TIKTOK], "present")):
        assert warned.report("u0", apps, at=now).fresh
        assert finding(warned) == found


def test_a_report_from_the_future_is_refused(warned: House) -> None:
    """More than five minutes ahead: refused, by report and by import; less is believed."""
    row = warned.phone_row("u0", [TIKTOK], at=warned.now() + 6 * MINUTE)
    with nothing_written(warned):
        refused(import_devices.report(warned.site, None, json.dumps(row).encode()), Code.REPORT_AHEAD)
    data = json.dumps(row).encode()
    done = good(import_devices.import_devices(warned.site, None, data, "devices"))
    assert len(done.rejected) == 1
    assert finding(warned) == "absent"
    warned.report("u0", [TIKTOK], at=warned.now() + 4 * MINUTE)
    assert finding(warned) == "present"


def test_two_owners_are_refused_unless_the_device_is_shared(warned: House) -> None:
    """A device has one owner; a shared one keeps its keeper, whoever reports it."""
    row = warned.phone_row("u1", [TIKTOK], id="phone-u0")
    with nothing_written(warned):
        refused(import_devices.report(warned.site, None, json.dumps(row).encode()), Code.TWO_OWNERS)
    warned.phone("u0", id="kiosk", shared="true")
    warned.phone("u1", [TIKTOK], id="kiosk", shared="true")
    assert finding(warned, "u0", "kiosk") == "present"
    warned.deliver()
    standing = at_door(warned, "EASkiosk")
    assert standing is not None
    assert standing.logins == (), "a shared device is bound to nobody"
    warned.set("2020-09-10T00:00:00Z")
    assert warned.word("u0", "kiosk") == "warn", "a shared device is blocked only if the policy says so"


def test_present_is_sticky(warned: House) -> None:
    """Present ends by a report that sees at least as much, or a check-out: not by silence, un-enrolment, age or a
    source that sees less."""
    warned.owners(30, apps=(), prefix="many")
    warned.report("u0", [TIKTOK])
    warned.report("u0", [], visibility="managed-only")
    assert finding(warned) == "present"
    warned.report("u0", [], visibility="none")
    assert finding(warned) == "present"
    warned.devices(warned.phone_row("u0", at=None))
    assert finding(warned) == "present"
    warned.devices(*(warned.phone_row(f"many{place}") for place in range(30)), complete=True)
    assert finding(warned) == "present"
    warned.clock("2020-08-29T00:00:00Z")
    warned.pass_time()
    assert finding(warned) == "present"
    warned.report("u0", [])
    assert finding(warned) == "absent"
    warned.sound()


def test_a_check_out_ends_what_was_present_and_the_door_forgets_the_device(warned: House) -> None:
    """An operator confirms that a device is out of use; taken in again, it begins anew, for whoever has it now."""
    warned.report("u0", [TIKTOK])
    good(import_devices.check_out(warned.site, OPERATOR, "phone-u0", "handed back"))
    assert at_door(warned, "EASphone-u0") is None
    with nothing_written(warned):
        refused(import_devices.check_out(warned.site, OPERATOR, "phone-u0", "again"), Code.NO_SUCH_DEVICE)
    warned.phone("u1", id="phone-u0", at=None)
    assert finding(warned, "u1", "phone-u0") == "never"
    standing = at_door(warned, "EASphone-u0")
    assert standing is not None
    assert standing.logins == ("u1@corp.example",)
    warned.sound()


def test_findings_by_visibility_and_age(warned: House) -> None:
    """I-6: hidden, stale and never are findings of their own."""
    warned.report("u0", visibility="managed-only")
    assert finding(warned) == "hidden"
    warned.phone("u1", at=None)
    assert finding(warned, "u1") == "never"
    warned.report("u0")
    warned.clock(warned.now() + 14 * DAY + MINUTE)
    assert finding(warned) == "stale"


def test_what_was_reported_before_an_app_was_looked_for_says_nothing_of_it(warned: House) -> None:
    """Never: no report since the app became active, for what was not active was thrown away."""
    warned.look_for("wechat", until=warned.now() + 90 * DAY)
    warned.announce(policy="chat", apps=["wechat"], unseen="block", deadline="2020-08-30")
    assert [(r.policy, r.finding.word) for r in warned.verdict("u0").reasons] == [("chat", "never")]
    warned.report("u0")
    assert finding(warned) == "absent"


def test_an_activation_that_ends_forgets_what_was_found(build: Build) -> None:
    """An app is looked for until the day that was agreed; what was found of it is erased then."""
    house = build()
    house.look_for("wechat", until=house.now() + DAY)
    house.people("u0")
    house.phone("u0", ["com.tencent.xin"])
    assert house.tables()["present"] != []
    house.set(house.now() + DAY)
    assert "AppDeactivated" in house.ledger()
    assert house.tables()["present"] == []
    refused(deactivate(house.site, None, "wechat"), Code.APP_NOT_ACTIVE)
    house.sound()


def test_no_live_policy_makes_the_day_later_that_was_agreed(build: Build) -> None:
    """The end of an activation is a promise to everybody whose phone is looked at: under a live policy too nothing of
    the app is kept, and nobody is blocked by what can no longer be found. The worker rests afterwards."""
    house = build()
    house.look_for("wechat", until=house.now() + 5 * DAY)
    house.people("u0")
    house.phone("u0", ["com.tencent.xin"])
    house.announce(apps=["wechat"])
    house.deliver()
    house.set(house.now() + 4 * DAY + 20 * HOUR)
    assert house.word("u0") == "block"
    refused(deactivate(house.site, None, "wechat"), Code.APP_IN_USE)
    house.set(house.now() + 5 * HOUR)
    assert house.word("u0") == "allow"
    assert house.tables()["present"] == []
    house.sound()


def test_a_mail_identity_moves_from_one_device_to_another(warned: House) -> None:
    """The door follows an ActiveSync id to the device that has it now, in one import or in two."""
    warned.phone("u1", [TIKTOK])
    warned.devices(
        warned.phone_row("u0", eas_device_id=""), warned.phone_row("u1", [TIKTOK], eas_device_id="EASphone-u0")
    )
    moved = at_door(warned, "EASphone-u0")
    assert moved is not None
    assert (moved.logins, len(moved.rules)) == (("u1@corp.example",), 1)
    assert at_door(warned, "EASphone-u1") is None
    warned.phone("u0", eas_device_id="easPHONE-U0", at=warned.now() + MINUTE)
    back = at_door(warned, "EASphone-u0")
    assert back is not None
    assert back.logins == ("u0@corp.example",), "of two records with one id the one reported last counts, case-folded"
    good(import_devices.check_out(warned.site, OPERATOR, "phone-u0", "lost"))
    again = at_door(warned, "EASphone-u0")
    assert again is not None
    assert again.logins == ("u1@corp.example",)


def test_new_logins_reach_the_door(warned: House) -> None:
    """A login that was added opens the person's own device, one that was taken away does not."""
    row = {"email": "u0@corp.example", "name": "U0", "kind": "employee", "country": "US", "time_zone": "UTC"}
    row |= {"locale": "en", "groups": ""}
    warned.people_rows(row | {"logins": "U0@Corp.example;new-login"})
    standing = at_door(warned, "EASphone-u0")
    assert standing is not None
    assert set(standing.logins) == {"u0@corp.example", "new-login"}
    warned.people_rows(row | {"logins": "new-login"})
    standing = at_door(warned, "EASphone-u0")
    assert standing is not None
    assert standing.logins == ("new-login",)
    assert warned.verdict("u0").outcome.word == "allow"


def test_a_login_has_one_person(warned: House) -> None:
    """A second claim on a login is a rejected row, and the rest is taken in."""
    row = {"name": "X", "kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
    rows = [row | {"email": "x@corp.example", "logins": "u0@corp.example"}, row | {"email": "y@corp.example"}]
    done = good(import_people.import_people(warned.site, None, jsonl(*rows), "people"))
    assert (done.added, len(done.rejected)) == (1, 1)
    assert "u0@corp.example" in done.rejected[0].text


def logins_at_door(house: House, owner: str) -> tuple[str, ...]:
    standing = at_door(house, f"EASphone-{owner}")
    assert standing is not None
    return standing.logins


def test_logins_can_be_swapped_in_one_file(warned: House) -> None:
    """Whose login is whose is asked of the whole file, not of its first rows; the door knows both at once."""
    first, second = (
        person_row("u0") | {"logins": "u1@corp.example"},
        person_row("u1") | {"logins": "u0@corp.example"},
    )
    warned.phone("u1")
    warned.people_rows(first, second)
    assert logins_at_door(warned, "u0") == ("u1@corp.example",)
    assert logins_at_door(warned, "u1") == ("u0@corp.example",)
    warned.sound()


def test_whose_row_is_left_out_keeps_the_login_that_another_row_wants(warned: House) -> None:
    """u1 wants what u0 has and would have let go; but u0's own row clashes, so both stay as they are."""
    warned.people("u2", "u3")
    rows = [
        person_row("u3") | {"logins": "u1@corp.example"},
        person_row("u1") | {"logins": "u0@corp.example"},
        person_row("u0") | {"logins": "u2@corp.example"},
    ]
    before = {name: warned.tables()[name] for name in ("people", "logins")}
    done = good(import_people.import_people(warned.site, None, jsonl(*rows), "people"))
    assert (done.changed, len(done.rejected)) == (0, 3)
    assert {name: warned.tables()[name] for name in ("people", "logins")} == before


def test_the_login_of_somebody_who_left_is_free_again(house: House) -> None:
    """A leaver's phone opens nothing any more, and a new hire may have the address."""
    names = house.owners(40, apps=())
    house.announce()
    row = person_row("u0") | {"id": "4711", "email": "u0@corp.example"}
    rows = [person_row(name) for name in (ADMIN, *names[1:], "ann", "op", "sec", "leg", "exe", "wor")]
    done = house.people_rows(*rows, row, complete=True)
    assert (done.added, done.retired) == (1, 1)
    assert "u0@corp.example" not in logins_at_door(house, "u0")
    house.devices(house.phone_row("new") | {"owner": "4711"})
    assert logins_at_door(house, "new") == ("u0@corp.example",)
    house.sound()


def test_imports_are_idempotent(warned: House) -> None:
    """The same file again changes nothing in any table but the ledger's own entry."""
    people = jsonl(
        {
            "email": "a@corp.example",
            "name": "A\nB",
            "kind": "employee",
            "country": "DE",
            "groups": "x;y",
            "logins": "a;b",
        }
        | {"time_zone": "Europe/Berlin", "locale": "de"}
    )
    rows = jsonl(*(warned.phone_row("u1", [TIKTOK, "com.other"], id=f"d{place}") for place in range(3)))
    for _ in range(2):
        good(import_people.import_people(warned.site, None, people, "people"))
        good(import_devices.import_devices(warned.site, None, rows, "devices"))
    before = warned.tables()
    again = good(import_people.import_people(warned.site, None, people, "people"))
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    twice = good(import_devices.import_devices(warned.site, None, rows, "devices"))
    assert (twice.added, twice.changed, twice.unchanged) == (0, 0, 3)
    after = warned.tables()
    assert len(after.pop("ledger")) == len(before.pop("ledger")) + 2
    before.pop("ledger_head")
    after.pop("ledger_head")
    assert after == before


def test_a_complete_file_retires_the_missing_up_to_a_limit(build: Build) -> None:
    """`--complete`: above 5 % refused and nothing changed; below, people leave and devices are no longer managed."""
    house = build()
    names = house.owners(40, apps=())
    everybody = [ADMIN, *names, "ann", "op", "sec", "leg", "exe", "wor"]
    rows = [person_row(name) for name in everybody if name not in ("u0", "u1", "u2")]
    with nothing_written(house):
        answer = import_people.import_people(house.site, None, jsonl(*rows), "people", complete=True)
        refused(answer, Code.TOO_MANY_MISSING)
        devices = jsonl(*(house.phone_row(name) for name in names[3:]))
        refused(
            import_devices.import_devices(house.site, None, devices, "devices", complete=True), Code.TOO_MANY_MISSING
        )
    done = house.people_rows(*rows, person_row("u1"), complete=True)
    assert done.retired == 2
    back = house.people_rows(person_row("u0"))
    assert back.changed == 1
    house.sound()


def test_a_complete_file_never_takes_away_the_last_administrator(build: Build) -> None:
    """An administrator who stands in no file of the personnel office must not lock everybody out."""
    house = build()
    names = house.owners(40, apps=())
    rows = [person_row(name) for name in (*names, "ann", "op", "sec", "leg", "exe", "wor")]
    with nothing_written(house):
        answer = import_people.import_people(house.site, None, jsonl(*rows), "people", complete=True)
        refused(answer, Code.LAST_ADMINISTRATOR)


def person_row(name: str) -> dict[str, str]:
    email = name if "@" in name else f"{name}@corp.example"
    row = {"email": email, "name": name, "kind": "employee", "country": "US", "time_zone": "UTC"}
    return row | {"locale": "en", "groups": ""}


def test_a_leaver_is_written_to_no_more_and_waits_for_no_cap(build: Build) -> None:
    """Who left: no announcement as a late-comer, no block mail, no place among those who wait."""
    house = build(rails__cap_people_per_hour=1)
    names = house.owners(60, apps=())
    house.announce()
    house.phone("u0", [TIKTOK])
    house.deliver()
    rows = [person_row(name) for name in (ADMIN, *names[1:], "ann", "op", "sec", "leg", "exe", "wor")]
    assert house.people_rows(*rows, complete=True).retired == 1
    house.set("2020-07-12T00:00:00Z")
    house.phone("u0", [TIKTOK], id="second")
    assert house.deliver() == []
    assert house.word("u0") == "warn"
    house.sound()


def test_identifiers_outside_the_catalogue_reach_no_file(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """I-35: neither the database, nor its log, nor any other file of the site, nor what is printed."""
    canary = "com.canary.notyours"
    house.people("u0")
    house.phone("u0", [TIKTOK, canary, f"{canary}.two"])
    house.report("u0", [canary])
    bad = [
        house.phone_row("u0", [canary], reported_at="never"),
        house.phone_row("u0", [canary], id="", at=None),
        house.phone_row("nobody", [canary]),
        house.phone_row("u0", [canary], at=house.now() + DAY),
    ]
    done = good(import_devices.import_devices(house.site, None, jsonl(*bad), "devices"))
    assert len(done.rejected) == 4
    assert canary not in repr(done)
    shifted = f"id,owner,form\n{canary},{canary},{canary}\n".encode()
    assert canary not in repr(import_devices.import_devices(house.site, None, shifted, "devices"))
    assert canary not in repr(import_devices.report(house.site, None, json.dumps(bad[0]).encode()))
    assert canary not in repr(import_devices.report(house.site, None, json.dumps(bad[2]).encode()))
    good(exempt.attest(house.site, None, "phone-u0", "tiktok"))
    house.announce(unseen="attest")
    house.pass_time()
    house.deliver()
    files = [path for path in house.site.directory.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".db-wal"}
    assert [path for path in files if canary.encode() in path.read_bytes()] == []
    assert canary not in caplog.text + "".join(capfd.readouterr())


def jsonl(*rows: dict[str, Any]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()
