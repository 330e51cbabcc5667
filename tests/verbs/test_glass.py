"""Break-glass in the ledger: whatever happened at a door while nobody could be told stands there afterwards, once."""

from gatepost.actions import doors
from gatepost.actions import ledger as ledger_actions
from gatepost.clock import system_now
from gatepost.core.instant import HOUR
from gatepost.documents.deadline import instant_text
from gatepost.doors.report import Closed, Opened
from gatepost.storage import ledger
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, House, good

BREAK_GLASS = ("DoorOpened", "DoorClosed")


def entries(house: House) -> list[tuple[str, int, str]]:
    """Event, since when by the machine's clock, and who, of everything about glass."""
    rows = good(ledger_actions.show(house.site, None, 0, BREAK_GLASS, 100))
    with house.site.store.reading() as conn:
        return [
            (
                str(row["event"]),
                row["data"]["since"] - house.site.clock.offset,  # type: ignore[index] # an event's data is a mapping
                ledger.words_of(conn, row["data"]["who_hash"]),  # type: ignore[index]
            )
            for row in rows
        ]


def hear(house: House, opened: Opened | None = None, *closed: Closed) -> None:
    house.hear("mail", 1, opened=opened, closed=closed)


def test_an_opening_and_its_end_are_recorded_once_each(house: House) -> None:
    """I-31: a door tells every 30 s that it stands open; the ledger says so once, and once the end."""
    opened = Opened(1000, "ann", "the memo was wrong")
    for _ in range(3):
        hear(house, opened)
    assert entries(house) == [("DoorOpened", 1000, "ann")]
    (row,) = doors.list_doors(house.site)
    assert row["stance"] == "open"
    assert row["since"] == instant_text(1000 + house.site.clock.offset)
    assert row["opened"] == {"by": "ann", "reason": "the memo was wrong"}
    hear(house, None, Closed(opened, 2000, "ben"))
    hear(house)
    assert entries(house) == [("DoorOpened", 1000, "ann"), ("DoorClosed", 2000, "ben")]
    assert doors.list_doors(house.site)[0]["stance"] == "enforce"
    house.sound()


def test_what_happened_while_the_site_was_away_is_recorded_when_it_is_back(house: House) -> None:
    """Opened and closed twice with the database gone: four entries, in order; told again, no more."""
    first, second = (Closed(Opened(at, "ann", "why"), at + 5, "ben") for at in (10, 20))
    now = Opened(30, "cleo", "once more")
    for _ in range(2):
        hear(house, now, first, second)
    assert [(name, since) for name, since, _ in entries(house)] == [
        ("DoorOpened", 10),
        ("DoorClosed", 15),
        ("DoorOpened", 20),
        ("DoorClosed", 25),
        ("DoorOpened", 30),
    ]
    house.sound()


def test_a_file_taken_away_by_hand_closes_too(house: House) -> None:
    """Nobody knows who did it; that it happened is recorded all the same."""
    hear(house, Opened(1000, "ann", "why"))
    hear(house)
    assert [(name, who) for name, _, who in entries(house)] == [("DoorOpened", "ann"), ("DoorClosed", "")]


def test_moving_an_exercise_s_clock_is_no_new_opening(house: House) -> None:
    """The same opening stays the same, whatever the site's clock is set to."""
    hear(house, Opened(1000, "ann", "why"))
    house.later(HOUR)
    hear(house, Opened(1000, "ann", "why"))
    assert len(good(ledger_actions.show(house.site, None, 0, BREAK_GLASS, 100))) == 1


def test_a_retraction_names_a_door_that_stands_open(house: House) -> None:
    """Who retracts has to know which doors decide nothing at the moment."""
    house.owners(1)
    house.announce()
    hear(house, Opened(system_now(), "ann", "why"))
    house.hear("south", 10**6)
    (north, south) = house.retract().doors
    assert (north.name, north.open, north.confirmed_ms) == ("mail", True, None)
    assert (south.name, south.open) == ("south", False)


def test_the_list_shows_doors_that_never_reported_and_doors_that_are_in_no_settings(house: House) -> None:
    """I-29: of each door what it does without us; one of the settings is listed before it ever ran."""
    house.hear("elsewhere", 1, "the disk is full")
    mail, elsewhere = doors.list_doors(house.site)
    assert (mail["name"], mail["stance"], mail["contact"], mail["behind"]) == ("mail", "", "", None)
    assert (elsewhere["name"], elsewhere["stance"], elsewhere["problem"]) == (
        "elsewhere",
        "enforce",
        "the disk is full",
    )
    assert elsewhere["listen"] == ""
    without = {
        "copy_expires_after": house.site.settings.door.copy_expires_after,
        "on_no_copy": "undecided",
        "on_unknown": house.site.settings.door.on_unknown,
        "on_unidentified": house.site.settings.door.on_unidentified,
    }
    assert mail["without_us"] == elsewhere["without_us"] == without


def test_the_list_says_since_when_a_door_is_silent_and_what_hangs_on_it(build: Build) -> None:
    """A door that says nothing is the one that a retraction waits for in vain."""
    house = build(
        doors__mail__haproxy_socket="haproxy.sock",
        doors__mail__haproxy_files="maps",
        doors__mail__doveadm="http://127.0.0.1:8080",
        doors__mail__doveadm_key_file="key",
    )
    house.hear("mail", 0)
    house.later(HOUR)
    (row,) = doors.list_doors(house.site)
    assert isinstance(row["silent_for"], int)
    assert HOUR <= row["silent_for"] < 2 * HOUR
    assert row["before"] == [
        f"HAProxy by {house.site.directory / 'haproxy.sock'}",
        "Dovecot by http://127.0.0.1:8080",
    ]


def test_forgetting_a_door_needs_somebody_even_when_it_stands_open(house: House) -> None:
    """A forgotten door that still stands open is recorded anew when it reports again."""
    hear(house, Opened(1000, "ann", "why"))
    good(doors.forget_door(house.site, OPERATOR, "mail"))
    hear(house, Opened(1000, "ann", "why"))
    assert [name for name, _, _ in entries(house)] == ["DoorOpened", "DoorOpened"]
