"""Every command, as Cyclopts sees it."""

from collections.abc import Iterator

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
