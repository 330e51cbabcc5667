"""The door goes on by itself: with its own copy, after its own restart, and never with a copy that it cannot trust."""

from pathlib import Path

from tests.journeys.conftest import Serve, on_free_ports
from tests.journeys.program import run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

HANNAS = ("hanna@example.com", "HANNAPHONE1")
CLEOS = ("cleo@example.com", "CLEOPHONE1")


def test_the_door_goes_on_alone(ready: Story, mails: MailSink, serve: Serve) -> None:
    """I-26, I-29: with everything else stopped and the database gone, a door that starts anew still says the same."""
    whole = serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    ready.say("clock set 2020-07-12")
    assert ready.waits_for(403, *HANNAS).reason == "blocked"
    ready.holds()
    assert whole.stop() == 0, whole.log
    away = ready.folder / "away"
    away.mkdir()
    for path in ready.site.glob("gatepost.db*"):
        path.rename(away / path.name)

    alone = serve(ready.site, "door", "run")
    assert [ready.ask(*phone).status for phone in (HANNAS, CLEOS)] == [403, 204]
    alone.kill()
    again = serve(ready.site, "door", "run")
    assert [ready.ask(*phone).status for phone in (HANNAS, CLEOS)] == [403, 204]
    assert again.stop() == 0

    copy = ready.site / "door" / "data.mdb"
    good = copy.read_bytes()
    copy.write_bytes(good[: len(good) // 2])
    broken = serve(ready.site, "door", "run")
    assert [ready.ask(*phone) for phone in (HANNAS, CLEOS)] == [(503, "no-copy")] * 2
    assert broken.stop() == 0


def test_another_sites_copy_is_refused(ready: Story, tmp_path: Path, mails: MailSink, serve: Serve) -> None:
    """I-26: a copy that was made for another site is not answered from, however sound it is."""
    first = serve(ready.site, "door", "run")
    assert ready.ask(*CLEOS) == (204, "clear")
    assert first.stop() == 0
    other = Story(tmp_path / "other", tmp_path)
    run("init", other.site, "--exercise")
    on_free_ports(other.site, mails)
    (ready.site / "door").rename(other.site / "door")
    (other.site / "gatepost.db").rename(tmp_path / "gatepost.db")
    serve(other.site, "door", "run")
    assert other.ask(*CLEOS) == (503, "no-copy")
