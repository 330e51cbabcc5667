"""Break-glass, with nothing left but a door: it opens, stays open, and the ledger has it when there is one again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.conftest import Serve
from tests.journeys.program import run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

HANNAS = ("hanna@example.com", "HANNAPHONE1")
NAMELESS = ("hanna@example.com", "")
BREAK_GLASS = ("ledger show", "--event", "DoorOpened", "--event", "DoorClosed")


@contextmanager
def without_database(site: Path, away: Path) -> Iterator[None]:
    """The database is gone, and comes back as it was."""
    away.mkdir()
    for path in site.glob("gatepost.db*"):
        path.rename(away / path.name)
    yield
    for path in away.iterdir():
        path.rename(site / path.name)


def test_a_door_is_opened_with_everything_else_down(ready: Story, mails: MailSink, serve: Serve) -> None:
    """Database gone, nobody can sign in, no mail: one command opens the door, it stays open across its restart, and
    who did it, when and why stands in the ledger afterwards."""
    whole = serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    ready.say("clock set 2020-07-12")
    assert ready.waits_for(403, *HANNAS).reason == "blocked"
    assert whole.stop() == 0, whole.log
    with without_database(ready.site, ready.folder / "away"):
        alone = serve(ready.site, "door", "run")
        assert [ready.ask(*phone).status for phone in (HANNAS, NAMELESS)] == [403, 403]
        (opened,) = ready.say("door open-all", "--reason", "the memo was wrong")
        assert (opened["door"], opened["stands"], opened["lasts"]) == ("mail", "open", True)
        # The command answered that it is open: it is, for whoever is blocked and for whoever names no device.
        assert [ready.ask(*phone).status for phone in (HANNAS, NAMELESS)] == [204, 204]
        alone.kill()
        again = serve(ready.site, "door", "run")
        assert ready.ask(*HANNAS).status == 204
        assert again.stop() == 0
    after = serve(ready.site)
    (door,) = ready.say("door list")
    assert (door["stance"], door["opened"]["reason"]) == ("open", "the memo was wrong")
    assert [row["event"] for row in ready.say(*BREAK_GLASS)] == ["DoorOpened"]
    retracted = ready.say("policy retract no-tiktok --because error --reason oops")
    assert [door["open"] for door in retracted["doors"]] == [True]
    closed = ready.say("door close mail")
    assert closed["stands"] == "enforce"
    assert ready.ask(*NAMELESS).status == 403
    assert after.stop() == 0, after.log
    assert [row["event"] for row in ready.say(*BREAK_GLASS)] == ["DoorOpened", "DoorClosed"]
    assert ready.refused("door close mail") == "door_not_open"
    ready.holds()


def test_a_door_that_does_not_run_is_named_and_opens_when_it_does(story: Story, serve: Serve) -> None:
    """The exit code tells a script that not every door has answered; nothing has to be done again."""
    done = run("door", "open-all", "mail", "--reason", "why", site=story.site, exit=1)
    assert "does not run" in done.stdout
    serve(story.site, "door", "run")
    assert opened_once_more(story) == "open"


def opened_once_more(story: Story) -> str:
    (opened,) = story.say("door open-all --reason again")
    assert opened["reason"] == "why"
    return str(opened["stands"])


def test_a_file_made_by_hand_opens_a_running_door(story: Story, serve: Serve) -> None:
    """Where not even the program can be started, `touch` does it."""
    serve(story.site, "door", "run")
    assert story.ask(*NAMELESS).status == 403
    (story.site / "door.glass").touch()
    assert story.waits_for(204, *NAMELESS).reason == "unidentified"


def test_only_a_door_of_the_settings_can_be_opened(story: Story) -> None:
    """A wrong name opens nothing, and says which there are."""
    assert story.refused("door open-all south --reason why") == "no_such_door"
    assert story.refused("door close south") == "no_such_door"
    assert not list(story.site.glob("*.glass*"))
