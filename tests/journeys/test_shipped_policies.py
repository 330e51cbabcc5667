"""The example policies as a user meets them: printed by a command, proposed, announced, decided."""

from tests.journeys.company import APPROVERS, AUTHOR
from tests.journeys.conftest import Serve
from tests.journeys.program import run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

SHAREIT = "com.lenovo.anyshare.gps"


def begin(story: Story, name: str) -> str:
    """Print an example into a file, check it, propose it, collect what approvals it asks for, announce it."""
    text = run("policy", "example", name).stdout
    file = story.file(f"{name}.yaml", text)
    assert story.say("policy check", file)["examples"] > 0
    proposed = story.say("policy propose", file, by=AUTHOR)
    for role in proposed["approvals"]:
        story.say(f"policy approve {proposed['policy']} --role {role}", by=APPROVERS[role])
    story.announce(proposed["policy"])
    return str(proposed["policy"])


def test_at_once_on_company_owned_phones(story: Story, mails: MailSink, serve: Serve) -> None:
    """I-10: "immediately" is told and a day's grace; a personal phone is not concerned, nor is who was not told."""
    serve(story.site, "worker")
    policy = begin(story, "wells-fargo")
    story.accepted("announcement", "hanna@example.com", "sam@example.com", policy=policy)
    (reason,) = story.say("decide --purpose a --user hanna@example.com --device hanna-phone", exit=10)["reasons"]
    assert "2020-07-07T12:00" <= reason["effect_at"] <= "2020-07-07T12:30"
    story.say("decide --purpose a --user hanna@example.com --device hanna-phone --at 2020-07-07T13:00", exit=11)
    story.say("decide --purpose a --user ellis@example.com --device ellis-phone --at 2020-07-20", exit=0)
    story.say("decide --purpose a --user flo --device flo-phone --at 2020-07-20", exit=10)
    story.holds()


def test_a_list_in_one_country_and_mere_advice(story: Story, mails: MailSink, serve: Serve) -> None:
    """India's list concerns people there alone, its apps without identifiers are named; advice never closes a door."""
    serve(story.site, "worker")
    file = story.file("india.yaml", run("policy", "example", "india-list").stdout)
    assert story.refused("policy propose", file, by=AUTHOR) == "app_not_active"
    asked = story.look_for("india-2020-06-29", "2021-06-29")
    assert len(asked["apps"]) + len(asked["unmatched"]) == 59
    for device, owner in (("cleo-phone", "cleo@example.com"), ("ellis-phone", "E2")):
        story.report(device, owner, "2020-07-06T12:00:30Z", SHAREIT)
    warned = {warning["code"]: warning["text"] for warning in story.say("policy preview", file)["warnings"]}
    assert "DU Privacy" in warned["apps_unmatchable"]
    india, advice = begin(story, "india-list"), begin(story, "notify-only")
    story.accepted("announcement", "cleo@example.com", policy=india)
    story.accepted("announcement", "hanna@example.com", "sam@example.com", policy=advice)
    (reason,) = story.say("decide --purpose a --user cleo@example.com --device cleo-phone --at 2020-08-01", exit=11)[
        "reasons"
    ]
    assert (reason["policy"], reason["app"]) == (india, "shareit")
    story.say("decide --purpose a --user ellis@example.com --device ellis-phone --at 2020-08-01", exit=0)
    story.say("decide --purpose a --user hanna@example.com --device hanna-phone --at 2020-08-02", exit=10)
    story.holds()


def test_every_example_can_be_had() -> None:
    """`policy example` names them all, and says so where a name is wrong."""
    names = run("policy", "example", "--json").json
    assert {"memo-2020-07-10", "wells-fargo", "india-list", "government-order", "notify-only"} <= set(names)
    assert "memo-2020-07-10" in run("policy", "example", "memo", exit=2).stderr
