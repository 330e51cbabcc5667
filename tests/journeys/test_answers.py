"""With --json every command answers one document, whatever it says, and its exit code says which kind it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.journeys.company import AUTHOR, DOCUMENT, PEOPLE
from tests.journeys.program import run
from tests.journeys.story import Story
from tests.servers.mail_sink import MailSink

COMMANDS: Final = """
0 config check
0 devices check-out uma-new --reason lost
1 devices report {people}
0 apps list
0 apps show tiktok
0 apps show india-2020-06-29
3 apps show nothing
1 apps check {people}
0 apps activate kwai --until 2021-01-01 --purpose a --as author@example.com
0 apps proposed
3 apps approve douyin --as sec@example.com
3 apps approve kwai
0 apps approve kwai --as council@example.com
0 apps activate likee --until 2021-01-01 --purpose a
0 apps decline likee --reason a --as council@example.com
2 apps activate --until 2021-01-01
0 apps deactivate kwai
3 apps deactivate douyin
20 policy preview {policy} --exit-code
2 policy preview {policy} --names
3 policy names nothing --purpose a
3 policy names no-tiktok
0 people looks
3 people looks hanna@example.com
0 policy list
3 policy show nothing
3 policy decline no-tiktok --role legal --reason a
3 policy withdraw nothing
2 policy retract no-tiktok
2 policy retract no-tiktok --reason a --because whim
3 decide --user hanna@example.com --device hanna-phone
3 decide --user nobody --device hanna-phone --purpose a
2 decide --user hanna@example.com --device hanna-phone --at soon
0 waiver list
0 waiver report
0 waiver report --purpose a --as-of 2021-01-01
3 waiver revoke w_none
0 role list
0 role revoke operator@example.com operator
0 key list
3 key revoke SHA256:none
1 key add sec@example.com {none}
3 key add sec@example.com {people}
0 door list
0 webhook list
0 ledger show
0 ledger checkpoint
0 ledger rebuild
1 backup {none}/x
1 restore {none} {new}
0 init {new}
3 init {new}
3 init {other} --admin nobody
0 policy withdraw no-tiktok
2 policy
2 nonsense
"""
"""Exit code and words. What other stories say with --json is held to one document there (program.Completed.json)."""


def commands() -> Iterator[tuple[int, str]]:
    for line in COMMANDS.strip().splitlines():
        code, _, words = line.partition(" ")
        yield int(code), words


@pytest.fixture
def names(ready: Story) -> dict[str, Path]:
    """What the commands' words in braces stand for."""
    named = {name: ready.folder / name for name in ("none", "new", "other")}
    return named | {"people": ready.file("people.csv", PEOPLE), "policy": ready.file("policy.yaml", DOCUMENT)}


def test_every_answer_is_one_document(ready: Story, names: dict[str, Path], mails: MailSink) -> None:
    """One JSON document on standard output and nothing else there; refusals and problems too; no traceback."""
    for code, line in commands():
        done = run(*line.format(**names).split(), "--json", site=ready.site, exit=None)
        assert (done.exit, "Traceback" in done.stderr) == (code, False), (line, done)
        assert done.stdout.count("\n") == 1, line
        document = done.json
        assert (isinstance(document, dict) and "refused" in document) is (code == 3), line
        assert (isinstance(document, dict) and "error" in document) is (code in (1, 2)), line
    assert ready.say("policy list", by=AUTHOR)[0]["stage"] == "draft"
    ready.holds()
