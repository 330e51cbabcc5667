"""Phones that a mail server lists become unmanaged devices."""

from gatepost.actions.import_devices import check_out
from gatepost.actions.import_listed import import_listed, listed_id
from gatepost.actions.import_people import Imported
from gatepost.core.instant import HOUR
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Code
from gatepost.doors.entry import identity_key
from gatepost.storage import devices, feed
from gatepost.storage.devices import Known
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import AUTHOR, House, good, refused

NOWHERE = dict.fromkeys(("country", "time_zone", "locale", "groups"), "")


def take(house: House, *rows: str) -> Imported:
    """Import rows `id,type,name` as Exchange lists them."""
    data = "\n".join(["DeviceId,DeviceType,UserDisplayName", *rows]).encode()
    return good(import_listed(house.site, None, data, "phones.csv", "exchange"))


def inventory(house: House) -> dict[str, Known]:
    """By ActiveSync id."""
    with house.site.store.reading() as conn:
        return {known.device.eas_id: known for known in devices.everything(conn)}


def test_a_listed_phone_is_an_unmanaged_device(house: House) -> None:
    """Personal, never reported, form and platform as it says; doors know it; a second import says nothing new."""
    house.people("eve")
    done = take(house, "ABC1,iPad,Eve", "ABC2,Android,eve@corp.example")
    assert (done.added, done.unchanged, done.rejected) == (2, 0, [])
    known = inventory(house)["ABC1"]
    device = known.device
    assert (device.id, device.managed, device.form.value, device.platform.value, device.ownership.value) == (
        listed_id("abc1"),
        False,
        "tablet",
        "ipados",
        "personal",
    )
    assert known.evidence.reported_at is None
    with house.site.store.reading() as conn:
        assert feed.value(conn, identity_key("abc1")) is not None
    assert take(house, "abc1,iPad,Eve").unchanged == 1
    house.sound()


def test_rows_of_nobody_and_of_others_are_rejected(house: House) -> None:
    """Two of one name, nobody's, a cloud cache's id, and somebody else's phone; the others are taken."""
    house.people("eve", "fox")
    house.people_rows(
        *({"email": f"t{n}@corp.example", "name": "Twin", "kind": "employee"} | NOWHERE for n in range(2)),
    )
    house.phone("fox")
    done = take(
        house, "A1,iPhone,Twin", "A2,iPhone,Nobody", "A3,Outlook,Eve", "EASphone-fox,iPhone,Eve", "A5,iPhone,Eve"
    )
    assert done.added == 1
    assert [problem.line for problem in done.rejected] == [2, 3, 4, 5]
    words = ("several people", "nobody is known", "cloud cache", "somebody else")
    assert all(word in problem.text for word, problem in zip(words, done.rejected, strict=True))
    refused(import_listed(house.site, AUTHOR, b"", "x", "exchange"), Code.ROLE_MISSING)


def test_an_import_from_a_device_manager_takes_it_over(house: House) -> None:
    """The same phone stays one device, with what is known of it; so does a single report. One checked out stays out."""
    house.people("eve")
    take(house, "ABC1,iPhone,Eve", "ABC2,iPhone,Eve", "ABC3,iPhone,Eve")
    before = inventory(house)
    house.devices(house.phone_row("eve", (), id="mdm-1", eas_device_id="abc1"))
    house.report("eve", (), id="mdm-2", eas_device_id="ABC2")
    after = inventory(house)
    for was, now, id_ in (("ABC1", "abc1", "mdm-1"), ("ABC2", "ABC2", "mdm-2")):
        assert after[now].device.ref == before[was].device.ref
        assert (after[now].device.id, after[now].device.managed) == (id_, True)
    assert len(after) == 3
    good(check_out(house.site, None, listed_id("ABC3"), "handed back"))
    assert take(house, "ABC3,iPhone,Eve", "ABC1,iPhone,Eve").unchanged == 2
    assert inventory(house)["ABC3"].retired
    house.sound()


def test_sogo_s_list_is_one_person_s(house: House) -> None:
    """Whose it is the operator says; what the phone is, a door may have seen."""
    house.people("eve")
    see(house, sighting("eve@corp.example", "applf1", house.now(), "unknown", device_type="iPad"))
    done = good(import_listed(house.site, None, b"APPLF1\nandroidc3\n", "list", "sogo", "eve@corp.example"))
    assert done.added == 2
    assert {known.device.platform.value for known in inventory(house).values()} == {"ipados", "android"}
    nobody = good(import_listed(house.site, None, b"X1\n", "list", "sogo", "zoe"))
    assert len(nobody.rejected) == 1


def test_listed_phones_after_an_announcement_go_through_the_cap(build: Build) -> None:
    """I-17: where a policy blocks what nobody can see, an import of phones blocks no more people than the cap."""
    capped = build(rails__cap_people_per_hour=3)
    names = [f"p{number}" for number in range(8)]
    capped.people("seen", *names)
    capped.phone("seen")
    capped.announce(unseen="block")
    take(capped, *(f"X{number},iPhone,P{number}" for number in range(8)))
    capped.deliver()
    capped.later(8 * 24 * HOUR)
    blocked = 0
    for _ in range(3):
        capped.pass_time()
        words = [capped.word(name, f"X{number}") for number, name in enumerate(names)]
        now = words.count(Outcome.BLOCK.word)
        assert now - blocked <= 3
        blocked = now
        capped.later()
    assert blocked == 8
    capped.sound()
