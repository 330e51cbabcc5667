"""Somebody leaves and is erased: from outside, with a real door that has its own copy."""

import base64
import json
from pathlib import Path

from tests.journeys.company import PEOPLE
from tests.journeys.conftest import Serve
from tests.journeys.program import configure, eventually
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

CANARIES = (
    "Hanna Hit",
    "hanna@example.com",
    "CORP\\hanna",
    "hanna-phone",
    "hanna-laptop",
    "HANNAPHONE1",
    "HANNALAPTOP1",
)


def test_nothing_is_left_of_somebody_who_was_erased(ready: Story, mails: MailSink, serve: Serve) -> None:
    """The whole life with a door that runs: told, blocked, gone, erased. No file of the site or of its door has a name
    or a number of hers any more, in UTF-8, UTF-16 or base64; every proof holds."""
    configure(ready.site, fleet__complete_limit_percent=100)
    serve(ready.site)
    ready.announce()
    ready.accepted("announcement", "hanna@example.com", "E2")
    ready.ask("hanna@example.com", "HANNAPHONE1")
    ready.say("clock set 2020-07-12")
    ready.say("people export hanna@example.com --purpose", "she asked", "--out", ready.folder / "hers")
    written = ready.folder / "hers"
    assert "HANNAPHONE1" in (written / "person.txt").read_text()
    shown = ready.say("people export hanna@example.com --out - --purpose", "she asked")
    kept = json.loads((written / "person.json").read_text())
    ids = [[device["id"] for device in record["devices"]] for record in (shown, kept)]
    assert shown["person"] == kept["person"], "- is standard output"
    assert ids[0] == ids[1] == ["hanna-laptop", "hanna-phone"]
    assert not Path("-").exists()
    left = "".join(line for line in PEOPLE.splitlines(keepends=True) if not line.startswith("hanna@"))
    left = left.replace(",hanna@example.com\n", ",\n")
    assert ready.refused("people erase hanna@example.com --because", "no") == "person_works"
    ready.say("people import --complete", ready.file("left.csv", left + _approvers(ready)))
    assert set(traces(ready.site)) == {name for name in CANARIES if name != "CORP\\hanna"} | {"CORP\\hanna"}
    done = ready.say("people erase hanna@example.com --because", "Her time here is over.")
    assert [door["erased"] for door in done["doors"]] == [True]
    assert len(done["files"]) == 2
    eventually(lambda: traces(ready.site) == [], "nothing of hers is in any file")
    assert traces(ready.folder / "hers") == []
    ready.holds()
    ready.say("ledger export", ready.folder / "exported")
    assert traces(ready.folder / "exported") == []


def _approvers(ready: Story) -> str:
    """Rows for everybody else whom the site knows, so that the complete file retires one person alone."""
    roles = ready.say("role list")
    emails = sorted({row["person"] for row in roles})
    return "".join(f"{email},{email},employee,US,UTC,en,,,,\n" for email in emails)


def traces(folder: Path) -> list[str]:
    """The canaries that stand in a file under a folder, in whatever form."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "reserve"]
    folded = [data.lower() for data in contents]
    found = []
    for name in CANARIES:
        small = name.casefold()
        forms = [small.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
        coded = [_inner(text.encode(), shift) for text in (name, small) for shift in range(3)]
        if any(form in data for data in folded for form in forms) or any(
            form in data for data in contents for form in coded
        ):
            found.append(name)
    return found


def _inner(data: bytes, shift: int) -> bytes:
    """How these bytes stand within base64 when so many come before them."""
    return base64.b64encode(b"\0" * shift + data)[4 if shift else 0 : -4]
