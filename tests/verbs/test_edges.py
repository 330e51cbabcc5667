"""Edges: nobody there, nothing known, odd midnights, odd names, two policies at once."""

import pytest

from gatepost.actions import announce, approve, decide, import_devices, import_people, names, preview, propose, views
from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.core.refusal import Code
from gatepost.documents.deadline import parse_instant
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    POLICY,
    SECURITY,
    TIKTOK,
    WECHAT,
    House,
    good,
    memo,
    nothing_written,
    refused,
)
from tests.verbs.test_outbox import kind_of


def test_with_nobody_and_nothing_everything_works(house: House) -> None:
    """No people but those with a role, no devices: preview, announce, pass time, retract."""
    seen = good(preview.preview_policy(house.site, AUTHOR, memo(), "memo"))
    assert (seen.assessed.impact.people.hit, seen.assessed.impact.fleet) == (0, 0)
    done = house.announce()
    assert (done.people, done.devices, done.notices) == (0, 0, 0)
    house.set("2020-07-20T00:00:00Z")
    assert good(views.show_policy(house.site, POLICY))["stage"] == "announced", "it has no effect for anybody yet"
    assert house.retract().corrections == 0
    house.sound()


def test_empty_files_change_nothing(house: House) -> None:
    """A header without rows is an import of nothing; a file that is said to be complete and is empty is refused."""
    house.owners(2)
    header = b"email,name,kind,country,time_zone,locale,groups\n"
    assert good(import_people.import_people(house.site, None, header, "people.csv")).added == 0
    with nothing_written(house):
        answer = import_people.import_people(house.site, None, header, "people.csv", complete=True)
        assert answer.code in (Code.TOO_MANY_MISSING, Code.LAST_ADMINISTRATOR)  # type: ignore[union-attr] # a refusal
        columns = b"id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps\n"
        refused(
            import_devices.import_devices(house.site, None, columns, "devices.csv", complete=True),
            Code.TOO_MANY_MISSING,
        )


@pytest.mark.parametrize(
    ("zone", "deadline", "effect"),
    [
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"),  # midnight does not exist: the first instant after
        ("America/Havana", "2018-11-03", "2018-11-04T05:00:00Z"),  # 00:00 to 01:00 occurs twice: the later
        ("Asia/Kolkata", "2018-11-03", "2018-11-03T18:30:00Z"),
        ("Pacific/Kiritimati", "2018-11-03", "2018-11-03T10:00:00Z"),
    ],
)
def test_odd_midnights_end_the_day_late_rather_than_early(house: House, zone: str, deadline: str, effect: str) -> None:
    """I-9: the end of a day is the first instant of the next one, in the person's own zone, at the door too."""
    house.clock("2018-10-30T00:00:00Z")
    house.people("u0", time_zone=zone)
    house.phone("u0", [TIKTOK])
    house.announce(deadline=deadline)
    house.deliver()
    at = parse_instant(effect)
    assert [house.word("u0", at=instant) for instant in (at - 1, at)] == ["warn", "block"]
    house.set(at)
    assert good(views.show_policy(house.site, POLICY))["stage"] == "in_force"
    assert [kind_of(letter) for letter in house.deliver()] == ["blocked"]


def test_a_person_without_a_zone_has_the_sites(build: Build) -> None:
    """Item 14: a person without a zone has that of the site."""
    house = build(site__default_time_zone="Asia/Tokyo")
    house.people("u0", time_zone="")
    house.phone("u0", [TIKTOK])
    house.announce()
    house.deliver()
    midnight = parse_instant("2020-07-10T15:00:00Z")
    assert [house.word("u0", at=at) for at in (midnight - 1, midnight)] == ["warn", "block"]


def test_a_deadline_in_the_past_is_refused_where_it_is_past(house: House) -> None:
    """A deadline that has passed for some is refused, and named; for `immediately` there is none."""
    house.people("east", time_zone="Pacific/Kiritimati")
    house.phone("east", [TIKTOK])
    house.clock("2020-07-10T11:00:00Z")
    with nothing_written(house):
        refused(propose.propose(house.site, AUTHOR, memo(), "memo"), Code.DEADLINE_PASSED)
    house.announce(deadline="immediately", grace="30h")
    house.deliver()
    told = house.now()
    assert house.word("east", at=told + 29 * HOUR) == "warn"
    assert house.word("east", at=told + 31 * HOUR) == "block"


def test_an_app_without_identifiers_takes_no_part_and_is_named(house: House) -> None:
    """A policy over two apps, one without any identifier: the proposal names it, the other counts."""
    house.owners(1)
    proposed = house.propose(apps=["virus-cleaner", "tiktok"])
    assert any("Virus Cleaner" in warned.text for warned in proposed.warnings)
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(announce.announce(house.site, AUTHOR, POLICY))
    assert [reason.app for reason in house.verdict("u0").reasons] == ["tiktok"]


def test_an_app_without_an_identifier_for_the_platform_takes_no_part_there(house: House) -> None:
    """Section 3: a Windows laptop cannot have what has no identifier for Windows."""
    house.people("u0")
    house.phone("u0", id="lap", form="laptop", platform="windows", visibility="none")
    house.announce(devices={}, unseen="block")
    assert house.word("u0", "lap") == "allow"


def test_names_with_newlines_stay_names(house: House) -> None:
    """I-36: a name cannot add a header, nor a row, nor a line to a ledger entry."""
    row = {"email": "u0@corp.example", "name": "Eve\r\nBcc: all@corp.example\x1b[31m", "kind": "employee"}
    house.people_rows(row | {"country": "US", "time_zone": "UTC", "locale": "en", "groups": ""})
    house.devices(house.phone_row("u0", [TIKTOK]))
    house.announce()
    (letter,) = house.deliver()
    head = letter.message.split(b"\r\n\r\n")[0]
    assert b"\r\nBcc:" not in head
    assert b"\x1b" not in letter.message
    (named,) = good(names.name_people(house.site, AUTHOR, POLICY, "to call them"))
    assert str(named["name"]).isprintable()
    house.sound()


def test_two_policies_on_one_device_the_strictest_counts(house: House) -> None:
    """I-5: each with its own instant and thread; ending one leaves the other."""
    house.look_for("wechat", until=house.now() + 100 * DAY)
    house.owners(1, [TIKTOK, WECHAT])
    house.announce(consequence="notify")
    house.announce(policy="chat", apps=["wechat"], deadline="2020-07-09")
    house.deliver()
    found = house.verdict("u0", at=parse_instant("2020-07-10T00:00:00Z"))
    assert found.outcome.word == "block"
    assert [(reason.policy, reason.outcome.word) for reason in found.reasons] == [("chat", "block"), (POLICY, "warn")]
    house.retract("chat")
    assert house.word("u0", at=parse_instant("2020-07-20T00:00:00Z")) == "warn"


def test_unknown_foreign_and_unidentified_clients_are_answered_as_the_site_says(build: Build) -> None:
    """Section 3: what no inventory knows is the site's own decision, stated."""
    house = build(door__on_unknown="block", door__on_unidentified="allow")
    house.owners(2)

    def answer(user: str, device: str | None) -> tuple[str, str]:
        done = good(decide.decide(house.site, None, f"{user}@corp.example", device, None))
        return done.recognised, done.verdict.outcome.word

    assert answer("u0", "phone-u0") == ("known", "allow")
    assert answer("u0", "EASphone-u0") == ("known", "allow")
    assert answer("u0", "no-such") == ("unknown", "block")
    assert answer("u0", "phone-u1") == ("foreign", "allow")
    assert answer("u0", None) == ("unidentified", "allow")


def test_every_verdict_names_what_it_rests_on(house: House) -> None:
    """I-2: the revision, the age of the evidence, and the position in the change stream."""
    house.owners(1)
    house.announce()
    found = house.verdict("u0")
    assert (found.reasons[0].policy, found.reasons[0].revision) == (POLICY, 1)
    assert found.reported_at is not None
    assert 0 <= house.now() - found.reported_at < HOUR
    before: Instant = found.position
    house.report("u0")
    assert house.verdict("u0").position > before


def test_approving_twice_in_two_stages_is_refused_and_declining_is_heard(house: House) -> None:
    """The author hears of the quorum and of every no, once each."""
    house.owners(1)
    house.propose()
    house.deliver()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(approve.decline(house.site, SECURITY, POLICY, "security", "after all"))
    assert [letter.recipient for letter in house.deliver()] == [AUTHOR, AUTHOR]
