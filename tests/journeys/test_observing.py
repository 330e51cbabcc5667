"""A door that observes, learns and says; and is then let refuse. From outside, with a real door process."""

from tests.journeys.conftest import Serve
from tests.journeys.program import eventually
from tests.journeys.story import Answer, Story


def test_a_door_observes_reports_and_is_let_refuse(story: Story, serve: Serve) -> None:
    """While it observes everybody gets mail, and the report says, without a name, what would have been refused."""
    story.say("door observe mail")
    serve(story.site)
    story.waits_for(204, "cleo@example.com", "HANNAPHONE1")
    assert story.ask("cleo@example.com", "HANNAPHONE1").reason == "foreign"
    assert story.ask("uma@example.com", "UMAOWN1").reason == "unknown"
    for number in range(3):
        story.ask(f"nobody{number}", "X")

    def seen() -> dict[str, int]:
        return dict(story.say("door report")["seen"])

    eventually(lambda: seen()["unmanaged"] == 1 and seen()["stranger"] == 3, "the site heard of them")
    report = story.say("door report mail --by country")
    assert report["unmanaged_percent"] == 100
    assert report["would_refuse"] == {"foreign": 1}
    assert report["unmanaged_types"] == {"Phone": None}
    assert [door["door"] for door in report["doors"]] == ["mail"]
    assert "example.com" not in str(report)
    story.say("door enforce mail")
    assert story.waits_for(403, "cleo@example.com", "HANNAPHONE1") == Answer(403, "foreign")
    story.say("door observe mail --because", "the help desk was overrun")
    story.waits_for(204, "cleo@example.com", "HANNAPHONE1")
    story.holds()


def test_a_door_that_lost_everything_keeps_its_mode(story: Story, serve: Serve) -> None:
    """I-29: killed, its copy lost and the site away, an observing door lets pass and an enforcing one cannot decide."""
    story.say("door observe mail")
    for command, status in (("", 204), ("door enforce mail", 503)):
        if command:
            story.say(command)
        door = serve(story.site, "door", "run")
        reason = "observe" if not command else "enforce"
        eventually(lambda: (story.site / "door.mode").read_text().strip() == reason, "the mode is kept")  # noqa: B023
        door.kill()
        for file in (story.site / "door").iterdir():
            file.unlink()
        (story.site / "gatepost.db").rename(story.site / "away.db")
        (story.site / "gatepost.db").mkdir()
        alone = serve(story.site, "door", "run")
        assert story.ask("alice@example.com", "NOBODYS1") == Answer(status, "no-copy")
        alone.kill()
        (story.site / "gatepost.db").rmdir()
        (story.site / "away.db").rename(story.site / "gatepost.db")
