"""Client certificates in the inventory: whose they are, and what a door then knows."""

import json

from gatepost.actions import import_devices
from gatepost.core.instant import HOUR
from gatepost.core.policy.verdict import Standing
from gatepost.core.refusal import Code
from gatepost.doors.entry import certificate_key, decode_standing, identity_key
from gatepost.storage import feed
from tests.verbs.houses import OPERATOR, TIKTOK, House, good, nothing_written, refused

OLD, NEW, OTHER = "0a" * 32, "0b" * 32, "0c" * 32


def at_door(house: House, fingerprint: str) -> Standing | None:
    """What doors are told of a certificate."""
    with house.site.store.reading() as conn:
        value = feed.value(conn, certificate_key(fingerprint))
    return None if value is None else decode_standing(value)


def ref_of(house: House, eas_id: str) -> str:
    with house.site.store.reading() as conn:
        value = feed.value(conn, identity_key(eas_id))
    assert value is not None
    return decode_standing(value).device


def as_printed(fingerprint: str) -> str:
    """AA:BB:..., as openssl and device managers write it."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()


def test_a_certificate_stands_for_its_device(house: House) -> None:
    """I-1: doors get one standing under the ActiveSync id and under each certificate, whichever way it was written."""
    house.people("u0")
    house.phone("u0", [TIKTOK], certificate=f"{as_printed(OLD)}; {NEW}")
    house.announce(deadline="2020-07-10")
    for fingerprint in (OLD, NEW):
        standing = at_door(house, fingerprint)
        assert standing is not None
        assert standing.device == ref_of(house, "EASphone-u0")
        assert standing.rules, "what a policy says of the device is there too"
        assert standing.logins == ("u0@corp.example",)
    house.report("u0", [])
    standing = at_door(house, OLD)
    assert standing is not None
    assert not standing.rules, "what a report changes is changed there too"
    house.sound()


def test_a_row_names_all_certificates_of_its_device(house: House) -> None:
    """A renewed certificate takes the place of the old one; `none` ends all; an empty cell says nothing."""
    house.people("u0")
    at = house.now()
    house.phone("u0", certificate=OLD, at=at)
    assert house.devices(house.phone_row("u0", certificate=OLD, at=at)).unchanged == 1
    assert house.devices(house.phone_row("u0", at=at)).unchanged == 1, "an empty cell says nothing"
    assert at_door(house, OLD) is not None
    assert house.devices(house.phone_row("u0", certificate=[NEW], at=at)).changed == 1
    assert (at_door(house, OLD), at_door(house, NEW) is None) == (None, False)
    assert house.devices(house.phone_row("u0", certificate="none", at=at)).changed == 1
    assert at_door(house, NEW) is None
    assert house.devices(house.phone_row("u0", certificate="none", at=at)).unchanged == 1


def test_one_certificate_never_stands_for_two_devices(house: House) -> None:
    """In a file the second row is rejected and the rest goes on; a single report is refused; nothing of it is kept."""
    house.people("u0", "u1")
    first, second = house.phone_row("u0", certificate=OLD), house.phone_row("u1", certificate=[NEW, as_printed(OLD)])
    data = "\n".join(map(json.dumps, (first, second))).encode()
    done = good(import_devices.import_devices(house.site, None, data, "devices"))
    assert (done.added, [problem.line for problem in done.rejected]) == (1, [2])
    assert "another device's" in done.rejected[0].text
    with nothing_written(house):
        refused(import_devices.report(house.site, None, json.dumps(second).encode()), Code.CERTIFICATE_TAKEN)
    assert at_door(house, NEW) is None
    house.report("u0", certificate="none")
    house.report("u1", certificate=[NEW, OLD])
    standing = at_door(house, OLD)
    assert standing is not None
    assert standing.device == ref_of(house, "EASphone-u1")


def test_certificates_move_within_one_file(house: House) -> None:
    """A device that gives its certificate up, and then another that has it now: both rows of one file are taken."""
    house.people("u0", "u1")
    house.devices(house.phone_row("u0", certificate=OLD), house.phone_row("u1", certificate=NEW))
    house.devices(house.phone_row("u0", certificate=OTHER), house.phone_row("u1", certificate=OLD))
    old, other = at_door(house, OLD), at_door(house, OTHER)
    assert old is not None
    assert old.device == ref_of(house, "EASphone-u1")
    assert other is not None
    assert other.device == ref_of(house, "EASphone-u0")
    assert at_door(house, NEW) is None


def test_an_old_report_says_nothing_of_certificates(house: House) -> None:
    """A replayed report takes no certificate away and brings none back."""
    house.people("u0")
    house.report("u0", certificate=NEW)
    assert not house.report("u0", at=house.now() - HOUR, certificate=OLD).fresh
    assert at_door(house, OLD) is None
    assert at_door(house, NEW) is not None


def test_a_check_out_ends_certificates(house: House) -> None:
    """No door knows a certificate of a device that is out of use, not even when the device comes back; and it may
    become another's."""
    house.people("u0", "u1")
    house.phone("u0", certificate=OLD)
    good(import_devices.check_out(house.site, OPERATOR, "phone-u0", "handed back"))
    assert at_door(house, OLD) is None
    house.phone("u0")
    assert at_door(house, OLD) is None
    house.phone("u1", certificate=OLD)
    assert at_door(house, OLD) is not None


def test_a_complete_file_takes_no_certificate_away(house: House) -> None:
    """I-4: leaving the manager opens no door: what is known of a device stays, its certificate too."""
    names = house.owners(30, apps=())
    house.devices(house.phone_row("u0", certificate=OLD))
    house.devices(*(house.phone_row(name) for name in names[1:]), complete=True)
    assert at_door(house, OLD) is not None


def test_a_device_is_asked_about_by_its_certificate(house: House) -> None:
    """`decide --device` takes a fingerprint as people copy it."""
    house.people("u0")
    house.phone("u0", certificate=OLD)
    assert house.verdict("u0", as_printed(OLD)) == house.verdict("u0")
    assert house.verdict("u0", OLD) == house.verdict("u0")
