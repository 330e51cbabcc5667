"""How a statement is shown: as text, as Markdown, as JSON."""

import json
from pathlib import Path

import pytest

from gatepost.cli import statement
from gatepost.cli.main import run
from gatepost.cli.output import Lines

SAID = {
    "name": "Tik|Tok",
    "as_of_words": "Friday",
    "statement": "# No *app* <b>here</b> [x](http://evil.example)\n> quoted",
    "press": ["We | ask _you_."],
    "policies": [
        {
            "policy": "no-tiktok",
            "revision": 1,
            "stage": "in_force",
            "announced_at": "2020-07-10T16:00:00Z",
            "in_force_at": "2020-07-17T16:00:00Z",
            "closed_at": None,
        }
    ],
}


def lines(of: Lines) -> list[str]:
    return [str(line) for line in of]


def test_markdown_shows_words_as_they_are() -> None:
    """I-36: no title or press line becomes a heading, a link, HTML, a quotation or another column of the table."""
    shown = lines(statement._markdown(SAID))
    assert shown[0] == "# Our policy on Tik\\|Tok"
    assert "\\# No \\*app\\* \\<b\\>here\\</b\\> \\[x\\](http://evil.example) \\> quoted" in shown
    assert "> We \\| ask \\_you\\_." in shown
    assert shown[-1] == "| no-tiktok | 1 | in force | 2020-07-10T16:00:00Z | 2020-07-17T16:00:00Z |  |"


def test_a_history_has_a_heading_for_each_instant() -> None:
    """Oldest first, each with what it said; and a sentence where there is nothing yet."""
    told = {**SAID, "history": [{"at_words": "Monday", **SAID}, {"at_words": "Tuesday", **SAID}]}
    headings = [line for line in lines(statement._markdown_history(told)) if line.startswith("## ")]
    assert headings == ["## Monday", "## Tuesday"]
    assert lines(statement._text_history(told))[0] == "Monday:"
    for shown in (statement._markdown_history, statement._text_history):
        assert "had been announced by Friday." in lines(shown({**SAID, "history": []}))[-1]


@pytest.mark.parametrize("asked", [["--format", "json"], ["--json"], ["--json", "--format", "markdown"]])
def test_json_is_one_document_however_it_is_asked_for(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--format json` and `--json` are the same; a program that says --json never gets Markdown."""
    site = str(tmp_path / "site")
    assert run(["init", site, "--exercise"]) == 0
    capsys.readouterr()
    assert run(["policy", "statement", "--app", "tiktok", "--site", site, *asked]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["app"] == "tiktok"
    assert document["policies"] == document["press"] == []
