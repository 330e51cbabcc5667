"""Waivers, attestations, tellings: what people do about one policy for one person or device, and how it ends."""

import re

from gatepost.actions import decide, exempt, import_devices, waive
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.documents.deadline import parse_instant
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, TIKTOK, House, good
from tests.verbs.test_open_cases import said
from tests.verbs.test_outbox import kind_of, shown

IN_FORCE = "2020-07-11T00:00:00Z"


def exempted(house: House, hours: int, *, person: str = "", device: str = "") -> waive.Waived:
    end = house.now() + hours * HOUR
    whom = (house.site, OPERATOR, POLICY)
    return good(waive.grant_waiver(*whom, person=person, device=device, until=end, reason="abroad"))


def in_force(house: House, number: int = 1, **policy: object) -> House:
    house.owners(number)
    house.announce(**policy)
    house.deliver()
    house.set(IN_FORCE)
    house.deliver()
    return house


def test_a_waiver_opens_the_door_and_its_end_closes_it_without_grace(house: House) -> None:
    """Waive: allowed while it lasts; no grace after; a reminder a day before; the result is told."""
    in_force(house, grace="24h")
    assert house.word("u0") == "block"
    waived = exempted(house, 48, person="u0@corp.example")
    assert house.word("u0") == "allow"
    assert {kind_of(letter) for letter in house.deliver()} == {"waiver-result", "restored"}
    house.set(waived.until - DAY - MINUTE)
    assert house.deliver() == []
    house.set(waived.until - DAY + MINUTE)
    assert [kind_of(letter) for letter in house.deliver()] == ["waiver-ends"]
    house.set(waived.until - 1000)
    assert house.word("u0") == "allow"
    house.set(waived.until + 1000)
    assert house.word("u0") == "block"
    assert house.ledger().count("WaiverEnded") == 1
    house.sound()


def test_a_waiver_of_a_device_that_was_checked_out_ends_like_any_other(house: House) -> None:
    """A worker that meets an orphaned waiver goes on: its end is recorded, and nobody is told."""
    in_force(house)
    waived = exempted(house, 30, device="phone-u0")
    again = exempted(house, 20, device="phone-u0")
    good(import_devices.check_out(house.site, OPERATOR, "phone-u0", "handed back"))
    house.deliver()
    good(waive.revoke_waiver(house.site, OPERATOR, again.waiver, "not needed"))
    house.set(waived.until - HOUR)
    house.set(waived.until + HOUR)
    assert house.deliver() == []
    assert house.ledger().count("WaiverEnded") == 2, "the one taken back has run out too"
    house.sound()


def test_nobody_hears_of_a_waiver_from_a_policy_that_is_not_announced_or_is_over(house: House) -> None:
    """I-19: a proposal reaches no recipient; and a waiver of a retracted policy is no news."""
    house.owners(1)
    house.propose()
    waived = exempted(house, 30, person="u0@corp.example")
    assert {kind_of(letter) for letter in house.deliver()} == {"approval-asked"}
    house.approve(POLICY, *asked(house))
    from gatepost.actions.announce import announce

    house.deliver()
    good(announce(house.site, AUTHOR, POLICY))
    house.retract()
    house.set(waived.until - HOUR)
    house.set(waived.until + HOUR)
    assert house.deliver() == []
    house.sound()


def asked(house: House) -> list[str]:
    from gatepost.actions import views
    from tests.verbs.houses import ROLES

    missing = good(views.show_policy(house.site, POLICY))["approvals"]
    assert isinstance(missing, dict)
    return [person for person, role in ROLES.items() if role.removeprefix("approver:") in missing["missing"]]


def test_a_waivers_mail_is_about_the_revision_that_people_know(house: House) -> None:
    """I-13, I-19: while a second revision waits for approval, mails are written from the announced one."""
    in_force(house)
    house.propose(title="Not yet approved words", deadline="2020-07-20")
    house.deliver()
    exempted(house, 30, person="u0@corp.example")
    letters = house.deliver()
    assert letters
    assert all(b"Gatepost-Policy: no-tiktok/1" in letter.message for letter in letters)
    assert not any(b"Not yet approved words" in letter.message for letter in letters)


def test_waiting_for_a_waiver_to_end_costs_no_writing(house: House) -> None:
    """In the last day of a waiver whose holder has no address, the worker rests."""
    row = {"id": "u9", "email": "", "logins": "u9@corp.example", "name": "U", "kind": "employee", "country": "US"}
    house.people_rows(row | {"time_zone": "UTC", "locale": "en", "groups": ""})
    house.devices(house.phone_row("u9", [TIKTOK]))
    house.announce()
    exempted(house, 20, person="u9")
    house.pass_time()
    before = house.tables()
    from gatepost.actions.passing import pass_time

    assert not pass_time(house.site)
    assert house.tables() == before


def test_an_attestation_opens_the_door_until_it_ends_and_its_end_gives_grace_once(house: House) -> None:
    """Attest: counts for hidden; ends by time; what is due only then has its grace from that instant, whenever the
    worker comes."""
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest", grace="24h")
    house.deliver()
    statement = good(exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok", house.now() + 6 * DAY))
    assert house.word("u0") == "allow"
    house.clock(statement.until + HOUR)
    before = house.verdict("u0")
    assert before.outcome.word == "warn"
    house.pass_time()
    assert house.verdict("u0")._replace(position=0) == before._replace(position=0)
    house.set(statement.until + DAY + HOUR)
    assert house.word("u0") == "block"
    good(exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok"))
    assert house.word("u0") == "allow"
    house.sound()


def let_in(house: House, owner: str, device: str = "") -> list[tuple[str, str, bool]]:
    """By what a phone is let in, and whether that has a name and an end."""
    found = good(decide.decide(house.site, None, f"{owner}@corp.example", device or f"phone-{owner}", None)).let_in
    return [(one.by, one.app, bool(one.name) and one.until is not None) for one in found]


def test_what_lets_a_phone_in_is_named(house: House) -> None:
    """I-2: an answer says by which exception, waiver or statement a policy does not count, and nothing where there is
    none to name: where the policy would ask nothing of the phone anyway."""
    house.people("kept", groups="press")
    house.people("spared", "stated", "clean", "hit")
    for name in ("kept", "spared", "hit"):
        house.phone(name, [TIKTOK])
    house.phone("stated", visibility="managed-only")
    house.phone("clean")
    house.announce(unseen="attest", except_={"groups": ["press"]})
    house.deliver()
    exempted(house, 300, device="phone-spared")
    good(exempt.attest(house.site, "stated@corp.example", "phone-stated", "tiktok"))
    house.set(IN_FORCE)
    assert let_in(house, "kept") == [("except", "tiktok", False)]
    assert let_in(house, "spared") == [("waiver", "tiktok", True)]
    assert let_in(house, "stated") == [("attestation", "tiktok", True)]
    assert let_in(house, "clean") == let_in(house, "hit") == []
    assert house.word("hit") == "block"
    house.retract()
    assert let_in(house, "spared") == []


def test_a_present_voids_an_attestation(house: House) -> None:
    """An attestation is void once the app is seen after all, and does not come back with the app gone."""
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest")
    good(exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok"))
    house.report("u0", [TIKTOK], visibility="managed-only")
    assert house.word("u0") == "warn"
    assert house.ledger().count("AttestationVoided") == 1
    house.report("u0", visibility="managed-only")
    assert house.verdict("u0").reasons[0].finding.word == "hidden"
    house.sound()


def test_somebody_without_an_address_is_warned_until_told_and_telling_twice_changes_nothing(house: House) -> None:
    """I-10: who cannot be told is not blocked; an operator's record begins the notice period, once."""
    row = {"id": "u9", "email": "", "logins": "u9@corp.example", "name": "U", "kind": "employee", "country": "US"}
    house.people_rows(row | {"time_zone": "UTC", "locale": "en", "groups": ""})
    house.devices(house.phone_row("u9", [TIKTOK]))
    done = house.announce()
    assert (done.people, done.notices, done.cannot_be_told) == (1, 0, 1)
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u9") == "warn"
    first = good(exempt.told(house.site, OPERATOR, POLICY, "u9", "by telephone"))
    house.later(23 * HOUR)
    assert house.word("u9") == "warn"
    assert good(exempt.told(house.site, OPERATOR, POLICY, "u9", "again"))["told_at"] == first["told_at"]
    house.later(2 * HOUR)
    assert house.word("u9") == "block"
    assert shown(house, "announcement") == []
    house.sound()


def test_an_address_that_comes_after_the_announcement_gets_it_then(house: House) -> None:
    """I-10, I-21: whoever could not be told has their announcement as soon as an address is known, once; the notice
    period runs from its acceptance. Who was told otherwise, or is not due any more, has none."""
    rows = [
        {"id": name, "email": "", "logins": f"{name}@corp.example", "name": name, "kind": "employee", "country": "US"}
        | {"time_zone": "UTC", "locale": "en", "groups": ""}
        for name in ("late", "phoned", "clean")
    ]
    house.people_rows(*rows)
    house.devices(*(house.phone_row(row["id"], [TIKTOK]) for row in rows))
    assert house.announce().cannot_be_told == 3
    good(exempt.told(house.site, OPERATOR, POLICY, "phoned", "by telephone"))
    house.report("clean")
    house.set("2020-07-12T00:00:00Z")
    addressed = [row | {"email": f"{row['id']}@corp.example"} for row in rows]
    house.people_rows(*addressed)
    house.people_rows(*addressed)
    house.pass_time()
    assert [notice["person"] for notice in shown(house, "announcement")] == ["late"]
    assert house.word("late") == "warn"
    house.deliver()
    assert [notice["state"] for notice in shown(house, "announcement")] == ["accepted"]
    house.later(23 * HOUR)
    assert house.word("late") == "warn"
    house.later(2 * HOUR)
    assert house.word("late") == "block"
    house.report("clean", [TIKTOK])
    assert {notice["person"] for notice in shown(house, "announcement")} == {"late", "clean"}
    house.retract()
    house.pass_time()
    assert {notice["person"] for notice in shown(house, "correction")} == {"late"}
    house.sound()


def test_a_late_device_of_a_told_person_has_its_own_grace_and_its_own_notice(house: House) -> None:
    """Effect, I-10: a device due only after the announcement has grace from then, once per policy and person; whoever
    has it hears by when, in a mail of its own, before they hear that it is blocked."""
    in_force(house, grace="24h")
    house.phone("u0", [TIKTOK], id="second")
    begun = house.now()
    assert house.word("u0", "second") == "warn"
    letters = house.deliver()
    assert len(letters) == 1
    text = said(letters, "reminder")
    assert "now concerns the device named below too" in text
    assert "iPhone (second): TikTok found on it" in text
    assert "phone-u0" not in text
    assert re.search(r"below, by (the end of Saturday, July 11|Sunday, July 12), 2020", text), "when the grace is over"
    house.report("u0", [TIKTOK], id="second")
    house.later(HOUR)
    assert house.deliver() == [], "a device is told of once"
    house.set(begun + DAY + MINUTE)
    assert house.word("u0", "second") == "block"
    assert [kind_of(letter) for letter in house.deliver()] == ["blocked"]
    house.phone("u0", [TIKTOK], id="third")
    assert house.word("u0", "third") == "block", "grace is given once"
    house.sound()


def test_a_statement_that_ends_is_told_of_a_day_before(house: House) -> None:
    """Section 5, new hits: whoever said that an app is not on a device is asked again before it is blocked, and by
    when; once, also where the worker comes late; and not while a statement in its place stands."""
    house.people("u0", "u1")
    for name in ("u0", "u1"):
        house.phone(name, visibility="managed-only")
    house.announce(unseen="attest", grace="24h")
    house.deliver()
    ends = parse_instant("2020-07-12T08:00:00Z")
    for name in ("u0", "u1"):
        good(exempt.attest(house.site, f"{name}@corp.example", f"phone-{name}", "tiktok", ends))
    house.set(ends - DAY - MINUTE)
    assert house.deliver() == []
    good(exempt.attest(house.site, "u1@corp.example", "phone-u1", "tiktok"))
    house.set(ends - DAY + MINUTE)
    letters = house.deliver()
    assert len(letters) == 1
    text = said(letters, "reminder")
    assert "Your statement about the device named below lasts until Sunday, July 12, 2020, 8:00" in text
    assert "tell us so by Monday, July 13, 2020, 8:00" in text
    house.set(ends + HOUR)
    assert house.deliver() == [], "it has been said"
    assert house.word("u0") == "warn"
    house.set(ends + DAY + MINUTE)
    assert [kind_of(letter) for letter in house.deliver()] == ["blocked"]
    house.sound()


def test_a_statement_that_ended_while_nobody_worked_is_told_of_in_its_grace(house: House) -> None:
    """Section 5, new hits: where the day before passed unseen, the notice comes while the grace runs."""
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest", grace="24h")
    house.deliver()
    ends = parse_instant("2020-07-12T08:00:00Z")
    good(exempt.attest(house.site, "u0@corp.example", "phone-u0", "tiktok", ends))
    house.set(ends + HOUR)
    text = said(house.deliver(), "reminder")
    assert "now concerns the device named below too" in text
    assert "tell us so by Monday, July 13, 2020, 8:00" in text


def test_a_waiver_that_is_over_takes_no_grace_from_what_comes_after_it(house: House) -> None:
    """Effect: a phone that becomes due after a waiver's end has grace, as it has for whoever never had a waiver."""
    house.people("amy", "bob")
    house.phone("amy", [TIKTOK], id="old")
    house.announce(grace="24h")
    house.deliver()
    house.report("amy", id="old")
    waived = exempted(house, 6 * 24, person="amy@corp.example")
    house.set(waived.until + HOUR)
    house.set("2020-07-20T00:00:00Z")
    for name in ("amy", "bob"):
        house.phone(name, [TIKTOK], id=f"new-{name}")
    house.deliver()
    house.pass_time()
    assert [house.word(name, f"new-{name}") for name in ("amy", "bob")] == ["warn", "warn"]
    house.set("2020-07-20T23:00:00Z")
    assert house.word("amy", "new-amy") == "warn"
    house.set("2020-07-21T12:00:00Z")
    assert [house.word(name, f"new-{name}") for name in ("amy", "bob")] == ["block", "block"]
    house.sound()


def test_a_phone_that_becomes_due_behind_a_waiver_has_no_grace_at_its_end(house: House) -> None:
    """Effect: behind a waiver the time runs on, for what became due only after the announcement too."""
    house.people("amy")
    house.phone("amy", [TIKTOK], id="old")
    house.announce(grace="72h")
    house.deliver()
    waived = exempted(house, 6 * 24, person="amy@corp.example")
    house.phone("amy", [TIKTOK], id="new")
    assert house.word("amy", "new") == "allow"
    house.set(waived.until + HOUR)
    assert house.word("amy", "new") == "block"
    house.sound()
