"""Broken files of each kind: a sentence with its place, the right exit code, and nothing half done."""

import time

import pytest

from tests.journeys.company import AUTHOR, DOCUMENT, POLICY
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, run
from tests.journeys.story import Document, Story
from tests.servers.mail_sink import MailSink

HEADER = "email,name,kind,country,time_zone,locale,groups\n"


def problems(document: Document) -> list[tuple[int, str]]:
    """Line and field of each problem."""
    return [(problem["line"], problem["field"]) for problem in document["problems"]]


def test_a_policy_file_says_where_it_is_wrong(story: Story) -> None:
    """Everything wrong with a policy comes at once, with line and column, and is proposed by no means."""
    text = DOCUMENT.replace("devices:", "devces:").replace("2020-07-10", "2020-13-10").replace("unseen: allow\n", "")
    file = story.file("broken.yaml", text)
    found = story.say("policy check", file, exit=1)
    assert (4, "devces") in problems(found)
    assert {"devices", "unseen", "deadline"} <= {field for _, field in problems(found)}
    (deadline,) = [one for one in found["problems"] if one["field"] == "deadline"]
    assert (deadline["line"], deadline["column"]) == (6, 11)
    shown = run("policy", "check", file, site=story.site, exit=1).stderr
    assert f"{file}:4:1: devces:" in shown
    assert 'did you mean "devices"?' in shown
    assert story.say("policy propose", file, by=AUTHOR, exit=1)["error"] == "invalid"
    assert story.say("policy list") == []
    story.say("policy preview", story.folder / "none.yaml", exit=1)
    assert story.refused("policy propose", story.file("none.yaml", DOCUMENT.replace("tiktok]", "tiktk]"))) in (
        "no_such_app",
        "role_missing",
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("policy: x\ntitle: " + "y" * 1_100_000 + "\n", id="a megabyte"),
        pytest.param("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{new}: &{new} [*{old},*{old},*{old},*{old},*{old},*{old},*{old},*{old},*{old}]\n"
            for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        ), id="an alias bomb"),
        pytest.param("[" * 100_000, id="deep brackets"),
    ],
)  # fmt: skip
def test_hostile_yaml_is_refused_at_once(story: Story, text: str) -> None:
    """A file made to exhaust us costs no more than any other."""
    started = time.monotonic()
    found = story.say("policy check", story.file("hostile.yaml", text), exit=1)
    assert found["error"] == "invalid"
    assert time.monotonic() - started < 10


def test_rows_that_are_wrong_are_named_and_left_out(story: Story) -> None:
    """Good rows come in, bad ones are named by line; a file without a usable header changes nothing: exit code 1."""
    rows = "new@example.com,New,employee,NO,Europe/Oslo,nb,\nbad@example.com,Bad,boss,XX,Europe/Olso,nb,\n"
    done = story.say("people import", story.file("people.csv", HEADER + rows))
    assert (done["added"], [(one["line"], one["field"]) for one in done["rejected"]]) == (1, [(3, "kind")])
    for name in ("country", "time_zone", "Europe/Oslo"):
        assert name in done["rejected"][0]["text"]
    headless = story.say("people import", story.file("headless.csv", "email;name\nx;y\n"), exit=1)
    assert headless["rejected"][0]["line"] == 1
    lines = '{"id": "d", "owner": "nobody@example.com"}\nnot json\n'
    both = story.say("devices import", story.file("devices.jsonl", lines), exit=1)
    assert (both["added"], [one["line"] for one in both["rejected"]]) == (0, [1, 2])
    assert story.refused("people import --complete", story.file("few.csv", HEADER)) == "too_many_missing"
    story.holds()


def test_a_report_that_is_wrong_is_refused_whole(story: Story) -> None:
    """A report from the future, of nobody's device, or of somebody else's changes nothing."""
    assert "sweets" not in run("devices", "report", "-", "--json", site=story.site, stdin='{"sweets"', exit=1).stdout
    row = ("hanna-phone", "hanna@example.com")
    with pytest.raises(AssertionError, match="report_ahead"):
        story.report(*row, "2020-07-07T12:00:00Z")
    with pytest.raises(AssertionError, match="two_owners"):
        story.report("hanna-phone", "E2", "2020-07-06T12:00:00Z")
    with pytest.raises(AssertionError, match="no_such_person"):
        story.report("new-phone", "nobody@example.com", "2020-07-06T12:00:00Z")
    old = story.report(*row, "2020-07-01T12:00:00Z", platform="ios")
    assert old["fresh"] is False
    preview = story.say("policy preview", story.file("policy.yaml", DOCUMENT))
    assert preview["devices"]["hit"] == 3
    story.holds()


def test_settings_that_are_wrong_come_all_at_once(story: Story) -> None:
    """Each wrong setting is named by its key, and no command acts on a site that is set up wrong."""
    configure(story.site, smtp__tls="maybe", doors__mail__listen="here", rails__cap_people_per_hour=0)
    found = story.say("config check", exit=1)
    assert {"smtp.tls", "doors.mail.listen", "rails.cap_people_per_hour"} <= {field for _, field in problems(found)}
    assert story.say("policy list", exit=1) == found
    path = story.site / "gatepost.toml"
    path.write_text(path.read_text().replace("[smtp]", "[smpt]"))
    assert 'did you mean "smtp"' in run("config", "check", site=story.site, exit=1).stderr


def test_names_change_no_structure(story: Story, mails: MailSink, serve: Serve) -> None:
    """I-36: a name with line ends, markup, a formula and a header stays a name in mails, tables and documents."""
    name = '"<b>Bo</b>\r\nBcc: all@example.com\n=1+1,""x"" \x1b[31m{{ 7*7 }}"'
    people = story.file("people.csv", HEADER + f"bo@example.com,{name},employee,US,America/New_York,en,=g;<i>\n")
    story.say("people import", people)
    story.report("bo-phone", "bo@example.com", "2020-07-06T12:00:10Z", "com.zhiliaoapp.musically")
    story.propose(DOCUMENT)
    story.approve()
    story.announce()
    serve(story.site, "worker")
    story.accepted("announcement", "hanna@example.com", "E2", "bo@example.com")
    (mail,) = [mail for mail in mails.mails() if mail.recipients == ("bo@example.com",)]
    assert mail.message["Bcc"] is None
    assert mail.message["Gatepost-Policy"] == f"{POLICY}/1"
    page = mail.message.get_body(("html",))
    assert page is not None
    assert "<b>Bo" not in page.get_content()
    assert "&lt;b&gt;Bo" in page.get_content()
    assert "{{ 7*7 }}" in mail.text
    shown = run("policy", "names", POLICY, "--purpose", "a look", site=story.site)
    (line,) = [line for line in shown.stdout.splitlines() if "bo@example.com" in line]
    assert "\x1b" not in shown.stdout
    assert "<b>Bo</b> Bcc: all@example.com =1+1" in line
    story.holds()
