"""Doors observe until somebody lets them refuse."""

from gatepost.actions import access, backup, doors
from gatepost.actions.door_mode import set_mode
from gatepost.actions.ledger import checkpoint, rebuild, show
from gatepost.core.instant import DAY, HOUR
from gatepost.core.refusal import Code
from gatepost.doors.entry import mode_key
from gatepost.storage import feed
from gatepost.storage.door_schema import doors as doors_table
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    OPERATOR,
    SECURITY,
    House,
    good,
    nothing_written,
    refused,
)


def published(house: House, door: str = "mail") -> bytes | None:
    """What doors are told of the mode."""
    with house.site.store.reading() as conn:
        return feed.value(conn, mode_key(door))


def observing_since(house: House, at: int) -> None:
    """As if the door had been heard of first then."""
    with house.site.store.writing() as conn:
        conn.execute(doors_table.update().values(first_at=at))


def test_a_door_enforces_once_it_has_observed(build: Build) -> None:
    """Before its time, and before its first contact, a door may not refuse; then it may, and doors hear of it."""
    house = build(exercise=False)
    with nothing_written(house):
        refused(set_mode(house.site, OPERATOR, "mail", "enforce"), Code.OBSERVED_TOO_SHORT)
    see(house)
    observing_since(house, house.now() - 14 * DAY + HOUR)
    answer = refused(set_mode(house.site, OPERATOR, "mail", "enforce"), Code.OBSERVED_TOO_SHORT)
    assert "for 13d23h," in answer.text
    observing_since(house, house.now() - 14 * DAY)
    assert good(set_mode(house.site, OPERATOR, "mail", "enforce"))["changed"] is True
    assert published(house) == b"enforce"
    assert house.ledger().count("DoorModeChanged") == 1
    house.sound()


def enforce_early(house: House, because: str) -> None:
    """An operator asks, an approver agrees."""
    assert good(set_mode(house.site, OPERATOR, "mail", "enforce", because))["changed"] is False
    assert good(set_mode(house.site, SECURITY, "mail", "enforce"))["changed"] is True


def test_two_people_let_a_door_refuse_before_its_time(build: Build) -> None:
    """Nobody shuts people out alone: an operator says why, every approver is written to, one agrees; both and the
    reason stand in the ledger, and the door observes until then."""
    house = build(exercise=False)
    asked = good(set_mode(house.site, OPERATOR, "mail", "enforce", "it stood here for years"))
    assert asked["changed"] is False
    assert published(house) is None
    letters = house.deliver()
    assert {letter.recipient for letter in letters} >= {SECURITY, LEGAL, EXECUTIVE}
    assert asked["approvers_asked"] == len(letters)
    assert all(b"Gatepost-Notice: door-asked" in letter.message for letter in letters)
    assert good(set_mode(house.site, LEGAL, "mail", "enforce"))["changed"] is True
    assert published(house) == b"enforce"
    events = good(show(house.site, None, 0, ("DoorEnforceAsked", "DoorModeChanged"), 10))
    assert [event["by"] for event in events] == [OPERATOR, LEGAL]
    assert events[0]["data"]["because_hash"] == events[1]["data"]["because_hash"] != ""  # type: ignore[index]
    good(set_mode(house.site, OPERATOR, "mail", "observe"))
    assert published(house) == b"observe"
    refused(set_mode(house.site, LEGAL, "mail", "enforce"), Code.OBSERVED_TOO_SHORT)
    house.sound()


def test_whose_yes_lets_no_door_refuse(build: Build) -> None:
    """I-12: not the asker's own, in whatever role, nor that of somebody who owes the role to the asker or has it since;
    nor anybody's a day later."""
    house = build(exercise=False)
    for role in ("admin", "approver:security"):
        good(access.grant_role(house.site, None, OPERATOR, role))
    good(access.grant_role(house.site, OPERATOR, "owing@corp.example", "approver:security"))
    good(set_mode(house.site, OPERATOR, "mail", "enforce", "now"))
    good(access.grant_role(house.site, None, "late@corp.example", "approver:security"))
    with nothing_written(house):
        refused(set_mode(house.site, OPERATOR, "mail", "enforce"), Code.AUTHOR_APPROVES)
        refused(set_mode(house.site, "owing@corp.example", "mail", "enforce"), Code.OWES_AUTHOR)
        refused(set_mode(house.site, "late@corp.example", "mail", "enforce"), Code.GRANTED_TOO_LATE)
        refused(set_mode(house.site, AUTHOR, "mail", "enforce"), Code.ROLE_MISSING)
        refused(set_mode(house.site, None, "mail", "enforce"), Code.ROLE_MISSING)
        refused(set_mode(house.site, SECURITY, "mail", "observe"), Code.ROLE_MISSING)
    house.site.clock.offset = DAY + HOUR
    with nothing_written(house):
        refused(set_mode(house.site, SECURITY, "mail", "enforce"), Code.OBSERVED_TOO_SHORT)


def test_too_many_unmanaged_keep_a_door_observing(build: Build) -> None:
    """Of the devices seen at this very door, so many may be in no device manager; logins of nobody do not count."""
    house = build(exercise=False, door__observe_for="0s")
    house.owners(3, ())
    now = house.now()
    known = [sighting(f"u{number}@corp.example", f"EASphone-u{number}".casefold(), now) for number in range(3)]
    see(house, *known, sighting("u1@corp.example", "own1", now, "unknown"))
    see(house, *(sighting("u1@corp.example", f"other{number}", now, "unknown") for number in range(9)), door="imap")
    see(house, *(sighting(f"nobody{number}", "x", now, "unknown") for number in range(9)))
    good(set_mode(house.site, OPERATOR, "mail", "enforce"))
    good(set_mode(house.site, OPERATOR, "mail", "observe"))
    see(house, sighting("u2@corp.example", "own2", now, "unknown"))
    answer = refused(set_mode(house.site, OPERATOR, "mail", "enforce"), Code.TOO_MANY_UNMANAGED)
    assert "40 %" in answer.text
    enforce_early(house, "they are known to us")


def test_an_exercise_enforces_at_once_and_unknown_doors_are_refused(build: Build) -> None:
    """An exercise's doors refuse from the first; a door that is not in the settings has no mode."""
    house = build()
    with nothing_written(house):
        assert good(set_mode(house.site, OPERATOR, "mail", "enforce"))["changed"] is False
        refused(set_mode(house.site, OPERATOR, "other", "enforce"), Code.NO_SUCH_DOOR)
        refused(set_mode(house.site, "leg@corp.example", "mail", "observe"), Code.ROLE_MISSING)
    good(set_mode(house.site, OPERATOR, "mail", "observe"))
    good(set_mode(house.site, OPERATOR, "mail", "enforce"))
    assert published(house) == b"enforce"


def test_a_mode_survives_rebuilding_and_restoring(build: Build) -> None:
    """I-33: doors are told the mode that the ledger has, also where the stream had lost it."""
    house = build(exercise=False)
    enforce_early(house, "now")
    with house.site.store.writing() as conn:
        feed.publish(conn, {mode_key("mail"): b"observe"})
    good(rebuild(house.site, None, check=False))
    assert published(house) == b"enforce"
    with house.site.store.writing() as conn:
        feed.publish(conn, {mode_key("mail"): None})
    good(backup.acknowledge(house.site, None, checkpoint(house.site)))
    assert published(house) == b"enforce"
    house.sound()


def test_the_list_of_doors_shows_the_mode(build: Build) -> None:
    """Who lists doors sees how each stands."""
    house = build(exercise=False)
    see(house)
    assert [door["stance"] for door in doors.list_doors(house.site)] == ["observe"]
    enforce_early(house, "now")
    assert [door["stance"] for door in doors.list_doors(house.site)] == ["enforce"]
