"""Every command, as Cyclopts sees it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from gatepost.cli.main import COMMANDS, app, run


def commands(of: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """Every command that does something, with its words."""
    for name in of:
        if not name.startswith("-"):
            command = of[name]
            inner = list(commands(command, (*path, name)))
            yield from inner or [((*path, name), command)]


def test_every_command_says_what_it_does() -> None:
    """Each command has a sentence of help, and each of its groups a line in the list."""
    found = dict(commands(app))
    assert len(found) > 40
    assert [words for words, command in found.items() if not command.help] == []
    assert all(text.endswith(".") for _, text in COMMANDS.values())


def test_every_command_takes_the_session() -> None:
    """No command reads the site, the actor or the manner of answering by itself."""
    for words, command in commands(app):
        assert command.default_command is not None, words
        assert "session" in command.default_command.__annotations__, words


def test_a_command_line_can_be_carried_out_within_the_process() -> None:
    """`run` gives the exit code and raises nothing for wrong usage."""
    assert run(["no-such-command"]) == 2


def test_what_all_commands_take_may_stand_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--site, --as and --json behind a command whose FILE was left out are not taken for that file."""
    site = str(tmp_path / "site")
    assert run(["init", site, "--exercise", "--json"]) == 0
    capsys.readouterr()
    both = ["policy", "diff", "--since", "2020-07-01T00:00"], ["--site", site, "--json"]
    for words in (both[0] + both[1], both[1] + both[0], both[0][:2] + both[1] + both[0][2:]):
        assert run(words) == 0, words
        assert json.loads(capsys.readouterr().out)["policies"] == []
