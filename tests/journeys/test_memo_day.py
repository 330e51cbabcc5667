"""The memo's day from outside: files in, mails and a closed door out, and everything open again."""

import json
import re
from pathlib import Path

from tests.journeys.company import AFTER, AUTHOR, POLICY, Phone, move_in, propose_and_approve
from tests.journeys.conftest import Serve
from tests.journeys.program import eventually, run
from tests.servers.mail_sink import MailSink


def door_port(site: Path) -> int:
    found = re.search(r'(?m)^listen = "127\.0\.0\.1:(\d+)"', (site / "gatepost.toml").read_text())
    assert found
    return int(found[1])


def decide(site: Path, user: str, device: str, exit: int) -> dict[str, object]:
    answer: dict[str, object] = run("decide", "--user", user, "--device", device, "--json", site=site, exit=exit).json
    return answer


def accepted(site: Path, kind: str) -> dict[str, dict[str, str]]:
    """Accepted notices of a kind, by person."""
    shown = run("notices", "show", POLICY, "--json", site=site).json
    return {one["person"]: one for one in shown if one["kind"] == kind and one["state"] == "accepted"}


def test_from_files_to_a_closed_and_reopened_door(site: Path, tmp_path: Path, mails: MailSink, serve: Serve) -> None:
    """I-8, I-10, I-24, I-27: told first, blocked on time on those phones only, and opened and corrected in one act."""
    file = move_in(site, tmp_path)
    preview = run("policy", "preview", file, "--json", "--exit-code", site=site, exit=20).json
    assert {key: preview["people"][key] for key in ("hit", "clear", "exempt", "cannot_tell")} == {
        "hit": 2,
        "clear": 1,
        "exempt": 1,
        "cannot_tell": 1,
    }
    run("policy", "propose", file, "--as", AUTHOR, site=site)
    refused = run("policy", "announce", POLICY, "--as", AUTHOR, "--json", site=site, exit=3).json
    assert refused["refused"] == "quorum_missing"
    run("policy", "withdraw", POLICY, "--as", AUTHOR, site=site)
    propose_and_approve(site, file)
    serve(site)
    run("policy", "announce", POLICY, "--as", AUTHOR, site=site)
    eventually(lambda: len(accepted(site, "announcement")) == 2, "both announcements are accepted", 20)

    phones = {name: Phone(door_port(site), f"{name}@example.com", f"{name.upper()}PHONE1") for name in PHONES}
    laptop = Phone(door_port(site), "hit@example.com", "HITLAPTOP1")
    assert decide(site, "hit@example.com", "hit-phone", 10)["verdict"] == "warn"
    assert [phone.ask().status for phone in [*phones.values(), laptop]] == [204] * 6

    run("clock", "set", AFTER, site=site)
    eventually(lambda: phones["hit"].ask().status == 403, "the door is closed to a phone that has the app")
    assert phones["hit"].ask().reason == "blocked"
    assert phones["east"].ask().status == 403
    assert [phones[name].ask().status for name in ("clear", "social", "unseen")] == [204] * 3
    assert laptop.ask().status == 204
    blocked = decide(site, "hit@example.com", "hit-phone", 11)
    assert [reason["app"] for reason in blocked["reasons"]] == ["tiktok"]  # type: ignore[attr-defined]

    report = {"id": "east-phone", "owner": "east@example.com", "form": "phone", "platform": "android", "apps": []}
    report |= {"ownership": "company", "visibility": "full", "eas_device_id": "EASTPHONE1", "reported_at": AFTER}
    run("devices", "report", "-", stdin=json.dumps(report), site=site)
    eventually(lambda: phones["east"].ask().status == 204, "a report without the app opens the door")

    done = run("policy", "retract", POLICY, "--reason", "sent in error", "--json", site=site).json
    assert [door["name"] for door in done["doors"]] == ["door"]
    assert done["doors"][0]["confirmed_ms"] is not None
    assert done["corrections"] == 2
    assert phones["hit"].ask().status == 204
    eventually(lambda: len(accepted(site, "correction")) == 2, "both corrections are accepted", 20)
    announced = accepted(site, "announcement")
    for person, correction in accepted(site, "correction").items():
        assert correction["in_reply_to"] == announced[person]["message_id"]
    kinds = [mail.message["Gatepost-Notice"] for mail in mails.mails() if mail.recipients == ("hit@example.com",)]
    assert kinds[0] == "announcement"
    assert kinds[-1] == "correction"
    assert run("policy", "show", POLICY, "--json", site=site).json["stage"] == "retracted"
    assert run("ledger", "verify", "--json", site=site).json["problems"] == []
    run("ledger", "rebuild", "--check", site=site)


PHONES = ("hit", "east", "clear", "social", "unseen")
