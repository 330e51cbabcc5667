"""The one renderer of answers, refusals and problems."""

import json

import pytest

from gatepost.cli.output import Exit, Output, Table, clean, plain_table, progress
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal

REFUSAL = Refusal(Code.SHORT_NOTICE, "Ask the executive role too.")
PROBLEM = Problem("gatepost.toml", 3, 1, "door.mode", "wrong")


def test_an_answer_is_data_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, an answer is one JSON document on standard output, and nothing else anywhere."""
    assert Output(json=True).answer(["a"], lambda it: {"it": it}, lambda _: ["not shown"]) == Exit.DONE
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"it": ["a"]}, "")


def test_an_answer_is_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json, an answer is what its command says about it."""
    assert Output().answer("a", lambda it: it, lambda it: [f"it is {it}"]) == Exit.DONE
    assert capsys.readouterr() == ("it is a\n", "")


def test_a_refusal_has_its_code_and_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is on standard output with --json, else a sentence on standard error; always exit code 3."""
    assert Output(json=True).answer(REFUSAL, str, str) == 3
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"refused": "short_notice", "text": "Ask the executive role too."}, "")
    assert Output().answer(REFUSAL, str, str) == 3
    assert capsys.readouterr() == ("", "Refused (short_notice): Ask the executive role too.\n")


def test_problems_have_their_places_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input is a list of problems, each with file, line, column, field and text."""
    assert Output(json=True).answer((PROBLEM, PROBLEM), str, str) == 1
    out, err = capsys.readouterr()
    one = {"file": "gatepost.toml", "line": 3, "column": 1, "field": "door.mode", "text": "wrong"}
    assert (json.loads(out), err) == ({"error": "invalid", "problems": [one, one]}, "")
    assert Output().answer((PROBLEM,), str, str) == 1
    assert capsys.readouterr() == ("", "gatepost.toml:3:1: door.mode: wrong\n")


def test_an_empty_tuple_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is not a problem."""
    assert Output(json=True).answer((), list, lambda _: []) == 0
    assert capsys.readouterr().out == "[]\n"


HOSTILE = "Anna\x1b]0;owned\x07\x9b31m\u202egro.elpmaxe\u2028\r\nRefused"


def test_signs_that_steer_a_terminal_are_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    """I-36: a name with escapes, line ends or changes of direction stays one line and steers nothing."""
    assert clean(HOSTILE) == "Anna]0;owned31mgro.elpmaxeRefused"
    Output().show(None, lambda: [HOSTILE, Table(["name"], [[HOSTILE]])])
    Output().refuse(Refusal(Code.SITE_EXISTS, HOSTILE))
    Output().problems([Problem(HOSTILE, 0, 0, HOSTILE, HOSTILE)])
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 3
    assert len(shown.err.splitlines()) == 2
    assert (shown.out + shown.err).replace("\n", "").isprintable()


def test_json_is_ascii_and_keeps_every_sign(capsys: pytest.CaptureFixture[str]) -> None:
    """I-36: with --json a hostile name arrives whole, and the document itself holds only plain signs."""
    Output(json=True).show({"name": HOSTILE}, list)
    out = capsys.readouterr().out
    assert out.rstrip("\n").isascii()
    assert out.rstrip("\n").isprintable()
    assert json.loads(out) == {"name": HOSTILE}


def test_a_table_is_plain_where_nobody_looks() -> None:
    """Into a file or a pipe, a table is aligned text with nothing cut off; numbers stand right."""
    table = Table(["policy", "people"], [["no-tiktok-where-mail-is-read", 7], ["x" * 200, 1200]])
    assert list(plain_table(table)) == [
        f"{'policy':<200}  people",
        f"{'no-tiktok-where-mail-is-read':<200}       7",
        f"{'x' * 200}    1200",
    ]
    assert list(plain_table(Table(["none"], []))) == ["none"]


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """A progress bar is drawn on a terminal only."""
    with progress("People", 3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")
