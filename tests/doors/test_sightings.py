"""What a door learns of who opens mail with what."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core.instant import DAY
from gatepost.doors import sightings as module
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.report import Sighting
from gatepost.doors.request import Headers
from gatepost.doors.sightings import Sightings
from tests.doors.site import FLEET, SITE, V140, basic, batch, device, plain

RULES = DoorRules("block", "allow", mode="observe")
SECRET = b"hunter2-very-secret"


class Seeing:
    """A check with its sightings."""

    def __init__(self, path: Path) -> None:
        self.copy = Copy(path, SITE, DAY)
        self.copy.apply(batch(10, *FLEET))
        self.copy.nothing_new()
        judge = Judge(self.copy, RULES, "mail")
        self.sightings = Sightings(judge)
        self.check = Check(judge, self.sightings.note)

    def ask(self, uri: bytes, user: str = "alice@example.com", agent: bytes = b"Android-Mail/2024") -> None:
        self.check.answer(
            [
                (b"x-original-uri", uri),
                (b"x-original-method", b"POST"),
                (b"authorization", basic(user, SECRET.decode())),
                (b"user-agent", agent),
            ]
        )

    def later(self) -> None:
        """Everything was told, and so much time passed that the same is news again."""
        self.sightings._since -= module.AGAIN
        self.sightings.told(self.sightings.owed(), 0)

    def seen(self) -> dict[tuple[str, str, str], Sighting]:
        """What is owed, by login, kind and identity."""
        return {one.key: one for one in self.sightings.owed()}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Seeing]:
    opened = Seeing(tmp_path / "door")
    yield opened
    opened.copy.close()


def test_many_requests_are_one_sighting(door: Seeing) -> None:
    """However often a phone asks, with whatever command, it is one line, with its type and what it calls itself."""
    before = door.copy.time.now()
    for command in ("Sync", "Ping", "FolderSync"):
        for _ in range(50):
            door.ask(plain("CLEAN1", command))
    (one,) = door.seen().values()
    assert one.key == ("alice@example.com", "activesync", "clean1")
    assert (one.device_type, one.user_agent) == ("iPhone", "Android-Mail/2024")
    assert (one.reason, one.would) == ("clear", "allow")
    assert before <= one.first <= one.last


def test_what_would_have_been_refused_is_said(door: Seeing) -> None:
    """A door that observes refuses nothing, and knows what it would have refused and why."""
    door.ask(plain("TIKTOK1"))
    door.ask(plain("NOBODYS1"))
    door.ask(plain("CLEAN1"), user="mallory")
    door.ask(b"/Microsoft-Server-ActiveSync?Cmd=Sync")
    told = {key: (one.reason, one.would) for key, one in door.seen().items()}
    assert told == {
        ("alice@example.com", "activesync", "tiktok1"): ("blocked", "block"),
        ("alice@example.com", "activesync", "nobodys1"): ("unknown", "block"),
        ("mallory", "activesync", "clean1"): ("foreign", "allow"),
        ("alice@example.com", "", ""): ("unidentified", "allow"),
    }


def test_what_opens_no_mail_is_not_seen(door: Seeing) -> None:
    """OPTIONS, and a request without credentials, leave nothing behind."""
    door.check.answer([(b"x-original-uri", plain("CLEAN1")), (b"x-original-method", b"POST")])
    door.check.answer(
        [(b"x-original-uri", plain("CLEAN1")), (b"x-original-method", b"OPTIONS"), (b"authorization", basic("alice"))]
    )
    assert door.seen() == {}


def test_of_two_names_the_known_one_is_kept(door: Seeing) -> None:
    """I-30: a device known by the hex of its id is the same sighting when it writes the base64 form."""
    uri = b"/x?" + V140.encode()
    door.ask(uri)
    assert [key[2] for key in door.seen()] == ["v140device"]
    door.copy.apply(batch(11, (device("v140Device")[0], None)))
    door.later()
    door.ask(uri)
    assert [key[2] for key in door.seen()] == ["76313430446576696365"]


def test_nothing_is_kept_of_credentials(door: Seeing) -> None:
    """Once sightings are made, no password is in memory any more; nothing that cannot be seen gets into a list (I-36).

    What a client calls itself is cut to 200 characters."""
    door.ask(plain("CLEAN1"), agent=b"Mail\x1b[2J\xe2\x80\xae" + b"x" * 1000)
    found = door.seen()
    assert SECRET.decode() not in repr(found)
    assert door.sightings._noted == {}
    (one,) = found.values()
    assert one.user_agent.startswith("Mail[2Jxx")
    assert len(one.user_agent) <= 200
    assert one.user_agent.isprintable()


def test_a_flood_is_bounded_and_counted(door: Seeing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented device ids fill so many places and no more, known phones keep theirs, and what had none is counted."""
    monkeypatch.setattr(module, "MOST", 100)
    door.ask(plain("CLEAN1"))
    for number in range(300):
        door.ask(plain(f"FLOOD{number}"))
    door.ask(plain("CLEAN1"))
    assert len(door.seen()) == 100
    assert door.sightings.dropped == 201
    for number in range(300, 350):
        door.ask(plain(f"FLOOD{number}"))
    assert len(door.seen()) == 100
    assert door.sightings.dropped == 251
    door.sightings.told(door.sightings.owed(), 251)
    assert (door.seen(), door.sightings.dropped) == ({}, 0)


def test_what_comes_while_the_site_is_told_is_not_lost(door: Seeing) -> None:
    """A phone that is seen again between the telling and its end is told of once more, with its newest instant."""
    door.ask(plain("CLEAN1"))
    told = door.sightings.owed()
    door.sightings.see("alice@example.com", "activesync", "CLEAN1", "warned")
    door.sightings.told(told, 0)
    (again,) = door.sightings.owed()
    assert (again.reason, again.first) == ("warned", told[0].first)


def test_logins_that_somebody_else_read_are_seen_too(door: Seeing) -> None:
    """A mail login with a device password: its selector as it is, the login case-folded."""
    door.sightings.see("Alice@Example.com", "password", "aBc1", "clear", user_agent="imap")
    (one,) = door.sightings.owed()
    assert one.key == ("alice@example.com", "password", "aBc1")


def test_a_request_that_cannot_be_read_is_seen_as_such(door: Seeing) -> None:
    """Whatever bytes come, the thread that tells the site goes on."""
    odd: Headers = [(b"x-original-uri", b"\xff?\xff"), (b"authorization", b"Basic \xff"), (b"user-agent", b"\xff")]
    door.check.answer(odd)
    door.ask(plain("A" * 70))
    door.check.answer([*odd[:1], (b"authorization", b"Basic YTpi"), *odd[2:]])
    assert {key[0] for key in door.seen()} == {"alice@example.com", "a"}


def test_the_same_is_read_once_in_a_while(door: Seeing) -> None:
    """A phone that asks all day costs a look-up, not a sighting a second; what is known is ten minutes old at most."""
    door.ask(plain("CLEAN1"))
    door.sightings.told(door.sightings.owed(), 0)
    for _ in range(100):
        door.ask(plain("CLEAN1"))
    assert door.seen() == {}
    door.later()
    door.ask(plain("CLEAN1"))
    assert len(door.seen()) == 1


def test_what_is_other_than_before_is_news(door: Seeing) -> None:
    """A phone that a policy begins to concern is seen at its next request: its first contact counts from there."""
    door.ask(plain("CLEAN1"))
    door.sightings.told(door.sightings.owed(), 0)
    door.copy.apply(batch(11, device("CLEAN1", "alice@example.com", rule=2)))
    door.ask(plain("CLEAN1"))
    (one,) = door.seen().values()
    assert one.reason == "warned"


def test_what_is_not_read_at_once_is_read_later(door: Seeing, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many new phones come in one second, reading them keeps nobody waiting for long, and all are told."""
    monkeypatch.setattr(module, "READ", 10)
    for number in range(25):
        door.ask(plain(f"NEW{number}"))
    sizes = []
    while seen := door.sightings.owed():
        sizes.append(len(seen))
        door.sightings.told(seen, 0)
    assert sizes == [10, 10, 5]
    assert door.sightings.dropped == 0


def test_long_headers_fill_the_memory_no_further(door: Seeing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be read is bounded in bytes too; a request that had no place has one when it comes again."""
    monkeypatch.setattr(module, "MOST_BYTES", 3_000)
    for number in range(10):
        door.ask(plain(f"LONG{number}"), agent=b"x" * 1_000)
    assert (len(door.seen()), door.sightings.dropped) == (2, 8)
    door.ask(plain("LONG9"), agent=b"x" * 1_000)
    assert len(door.seen()) == 3
