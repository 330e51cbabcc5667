"""The memo's day from outside: files in, mails and a closed door out, and everything open again."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone

from tests.journeys.company import APPROVERS, AUTHOR, DEVICES, DOCUMENT, OPERATOR, POLICY
from tests.journeys.conftest import Serve
from tests.journeys.story import Document, Story
from tests.servers.mail_sink import Mail, MailSink

HANNA, ELLIS = "hanna@example.com", "ellis@example.com"
HANNAS, ELLISES, LAPTOP = (HANNA, "HANNAPHONE1"), (ELLIS, "ELLISPHONE1"), (HANNA, "HANNALAPTOP1")
OTHERS = [("cleo@example.com", "CLEOPHONE1"), ("sam@example.com", "SAMPHONE1"), ("uma@example.com", "UMAPHONE1")]


def test_the_memos_day(story: Story, mails: MailSink, serve: Serve) -> None:
    """I-8, I-10, I-12, I-24, I-25, I-27: nobody alone; told first; closed on time on those phones; one act back."""
    ask_first(story)
    agree(story)
    assert serve(story.site).ready.startswith("ready")
    announced = tell(story, mails)
    enforce(story)
    retract(story, mails, announced)
    story.holds()


def ask_first(story: Story) -> None:
    """The impact, before anything is sent."""
    preview = story.say("policy preview", story.file("policy.yaml", DOCUMENT), by=AUTHOR)
    people = {key: preview["people"][key] for key in ("hit", "clear", "exempt", "cannot_tell", "cannot_be_told")}
    assert people == {"hit": 3, "clear": 1, "exempt": 1, "cannot_tell": 1, "cannot_be_told": 1}
    devices = {key: preview["devices"][key] for key in ("hit", "clear", "exempt", "cannot_tell", "unmanaged")}
    assert devices == {"hit": 3, "clear": 2, "exempt": 1, "cannot_tell": 2, "unmanaged": 0}
    assert "large_impact" in {warning["code"] for warning in preview["warnings"]}
    assert all(set(warning) == {"code", "text"} for warning in preview["warnings"])


def agree(story: Story) -> None:
    """Proposed by one, approved by three others; before that nothing can be announced."""
    proposed = story.propose(DOCUMENT)
    assert (proposed["policy"], proposed["revision"], len(proposed["hash"])) == (POLICY, 1, 64)
    assert story.refused(f"policy announce {POLICY}", by=AUTHOR) == "quorum_missing"
    assert story.refused(f"policy approve {POLICY} --role security", by=AUTHOR) == "role_missing"
    for role, email in APPROVERS.items():
        yes = story.say(f"policy approve {POLICY} --role {role}", by=email)
        assert yes["hash"] == proposed["hash"]
    assert story.refused(f"policy approve {POLICY} --role legal", by=APPROVERS["legal"]) == "already_approved"
    assert story.stage() == "approved"


def tell(story: Story, mails: MailSink) -> dict[str, Document]:
    """Each person concerned gets one mail, in their language, with the instant that their door will use."""
    story.announce()
    announced = story.accepted("announcement", HANNA, "E2")
    arrived = {mail.recipients: mail for mail in mails.mails() if mail.message["Gatepost-Notice"] == "announcement"}
    assert arrived.keys() == {(HANNA,), (ELLIS,)}
    for (recipient,), mail in arrived.items():
        message = mail.message
        assert message["Message-ID"] == announced[{HANNA: HANNA, ELLIS: "E2"}[recipient]]["message_id"]
        assert (message["Gatepost-Policy"], message["Auto-Submitted"]) == (f"{POLICY}/1", "auto-generated")
        assert {part.get_content_type() for part in message.iter_parts()} == {"text/plain", "text/html"}
    assert "Bitte TikTok entfernen." in arrived[HANNA,].text
    assert "Please remove TikTok." in arrived[ELLIS,].text
    assert promised(arrived[HANNA,]) == effect(story, HANNA, "hanna-phone") == "2020-07-10T22:00:00Z"
    assert promised(arrived[ELLIS,]) == effect(story, ELLIS, "ellis-phone") == "2020-07-11T04:00:00Z"
    for phone in (HANNAS, ELLISES):
        assert story.ask(*phone) == (204, "warned")
    return announced


def promised(mail: Mail) -> str:
    """The instant that a mail's words mean: the end of 10 July in the zone that it names."""
    found = re.search(r"(Freitag, 10\. Juli 2020|Friday, July 10, 2020)[^.]*?UTC([+−])(\d\d):(\d\d)", flat(mail.text))
    assert found, mail.text
    away = timedelta(hours=int(found[3]), minutes=int(found[4])) * (1 if found[2] == "+" else -1)
    return datetime(2020, 7, 11, tzinfo=timezone(away)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def flat(text: str) -> str:
    return " ".join(text.split())


def effect(story: Story, user: str, device: str) -> str:
    decided = story.say(f"decide --user {user} --device {device} --purpose test", exit=10)
    (reason,) = decided["reasons"]
    assert (decided["verdict"], reason["policy"], reason["app"], reason["finding"]) == (
        "warn",
        POLICY,
        "tiktok",
        "present",
    )
    assert decided["valid_until"] == reason["effect_at"]
    return str(reason["effect_at"])


def enforce(story: Story) -> None:
    """One removes the app and is let in at once; the other is kept out at midnight in her own zone, by no job."""
    story.report("ellis-phone", "E2", "2020-07-06T12:00:30Z", ownership="personal")
    assert story.waits_for(204, *ELLISES).reason in ("warned", "clear")
    story.say("clock set 2020-07-10T21:59:55Z")
    assert story.ask(*HANNAS) == (204, "warned")
    assert story.waits_for(403, *HANNAS).reason == "blocked"
    assert story.ask(*ELLISES) == (204, "clear")
    assert [story.ask(*phone).status for phone in [LAPTOP, *OTHERS]] == [204] * 4
    assert story.verdict(HANNA, "hanna-phone") == "block"
    assert story.verdict("CORP\\hanna", "hanna-laptop") == "allow"
    assert story.stage() == "in_force"


def retract(story: Story, mails: MailSink, announced: dict[str, Document]) -> None:
    """One act: the door is open, and exactly who had the first mail gets the correction under it."""
    done = story.say(f"policy retract {POLICY} --because error --reason", "sent in error", by=OPERATOR)
    (door,) = done["doors"]
    assert door["name"] == "mail"
    assert 0 <= door["confirmed_ms"] < 5000
    assert (done["withdrawn"], done["in_flight"], done["corrections"]) == (0, 0, 2)
    assert story.ask(*HANNAS) == (204, "clear")
    corrected = story.accepted("correction", HANNA, "E2")
    for person, notice in corrected.items():
        assert notice["in_reply_to"] == announced[person]["message_id"]
    sent = {mail.recipients: mail for mail in mails.mails() if mail.message["Gatepost-Notice"] == "correction"}
    assert sent.keys() == {(HANNA,), (ELLIS,)}
    for mail in sent.values():
        assert mail.message["In-Reply-To"] in mail.message["References"].split()
        assert "Re: " in mail.message["Subject"]
    assert "Das war ein Irrtum." in sent[HANNA,].text
    everybody = {recipient for mail in mails.mails() for recipient in mail.recipients}
    assert everybody == {HANNA, ELLIS, AUTHOR, *APPROVERS.values()}
    stated = story.say("policy statement --app tiktok")["statement"]
    assert "sent in error" in stated
    assert "not yet in force" in story.say("policy statement --app tiktok --as-of 2020-07-08")["statement"]
    assert story.refused(f"policy announce {POLICY}", by=AUTHOR) == "wrong_stage"


def test_the_same_fleet_as_json_lines_changes_nothing(story: Story) -> None:
    """Imports are idempotent, whichever way a file is written: CSV first, JSON Lines after."""
    header, *rows = [line.split(",") for line in DEVICES.splitlines()]
    lines = [dict(zip(header, row, strict=True)) | {"apps": [app for app in row[8].split(";") if app]} for row in rows]
    file = story.file("devices.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    done = story.say("devices import", file)
    assert (done["added"], done["changed"], done["unchanged"], done["rejected"]) == (0, 0, len(rows), [])
    story.holds()
