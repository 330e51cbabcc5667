"""The demonstration: played once from outside, and what it does when a step fails."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost.cli.main import run as run_command
from gatepost.demo import run
from gatepost.demo.company import CAST, PEOPLE, company
from gatepost.demo.play import Played, Scene, Told, expect, play
from gatepost.demo.stage import NINE
from gatepost.demo.telling import Part, Silent, Teller, columns

PROGRAM = Path(sys.executable).with_name("gatepost")


def test_the_demo_does_what_it_says_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Every step of the memo's day is so, on a site of its own that is gone afterwards; nothing but JSON is printed."""
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [PROGRAM, "demo", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=200,
    )
    answer = json.loads(done.stdout)
    assert [step for step in answer["steps"] if not step["ok"]] == []
    assert answer["ok"] is True
    assert done.returncode == 0, done.stderr
    names = [step["name"] for step in answer["steps"]]
    assert len(set(names)) == len(names) >= 20
    assert {"refused-alone", "refused-short-notice", "app-removed", "midnight", "retracted", "corrections"} <= {*names}
    assert 0 <= answer["retraction_ms"] <= 1000
    assert list(tmp_path.iterdir()) == []


def scenes(*, sabotaged: bool) -> Sequence[Part | Scene]:
    def broken() -> Told:
        raise ZeroDivisionError("sabotage")

    def not_so() -> Told:
        expect(not sabotaged, "The door said 204.")
        return Told("The door said 403.")

    return (
        Part("A part", "Today", ("A paragraph.",)),
        Scene("first", "The first", lambda: Told("It is so.", columns([("People", ""), ("Germany", "12")]))),
        Scene("second", "The second", not_so),
        *([Scene("third", "The third", broken)] if sabotaged else []),
        Scene("last", "The last", lambda: Told("It goes on.")),
    )


def test_a_step_that_fails_is_told_and_the_play_goes_on() -> None:
    """A failed check and a broken step are both shown as such, with what happened instead; what follows is played."""
    played, out = Played(), io.StringIO()
    play(scenes(sabotaged=True), Teller(out), played)
    assert [(step.name, step.ok) for step in played.steps] == [
        ("first", True),
        ("second", False),
        ("third", False),
        ("last", True),
    ]
    assert not played.ok
    assert played.data()["ok"] is False
    assert "ok    The first\n      It is so.\n" in out.getvalue()
    assert "NOT OK  The second\n      The door said 204.\n" in out.getvalue()
    assert "sabotage" in out.getvalue()


@pytest.mark.parametrize(("sabotaged", "code"), [(False, 0), (True, 1)])
def test_the_exit_code_says_whether_every_step_was_so(
    sabotaged: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 only if every step did what it says, else 1; the document says the same."""

    @contextmanager
    def on_no_stage(teller: Silent, *, keep: bool) -> Iterator[tuple[Played, None]]:
        played = Played()
        play(scenes(sabotaged=sabotaged), teller, played)
        yield played, None

    monkeypatch.setattr(run, "played", on_no_stage)
    assert run_command(["demo", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["ok"] is not sabotaged
    assert run_command(["demo"]) == code
    assert ("NOT OK" in capsys.readouterr().out) is sabotaged


def test_nothing_played_is_not_a_success() -> None:
    """A play without steps proves nothing, so it is not ok."""
    assert not Played().ok


def test_what_is_told_fits_a_terminal() -> None:
    """No line is wider than 80 columns, and nothing but plain text goes where there is no terminal."""
    out = io.StringIO()
    Teller(out).part(Part("A title", "A day", ("word " * 60, "  a line to copy " + "x" * 90)))
    lines = out.getvalue().splitlines()
    assert "\x1b" not in out.getvalue()
    assert [line for line in lines if len(line) > 80] == ["  a line to copy " + "x" * 90]


def test_the_invented_company_is_the_same_every_time() -> None:
    """What the demonstration says of its company can be compared between two runs; its play needs everybody's phone."""
    first, second = company(NINE), company(NINE)
    assert first == second
    assert first.people.count(b"\n") == PEOPLE + 1
    devices = [line.split(b",")[0].decode() for line in first.devices.splitlines()[1:]]
    assert 26_000 < len(devices) == len(set(devices)) < 30_000
    assert {name for one in CAST for name in (one.phone, one.laptop)} <= set(devices)
