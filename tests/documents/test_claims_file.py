"""Files of evidence."""

import csv
from io import StringIO
from random import Random
from typing import Literal

import pytest

from gatepost.actions.evidence import shipped_evidence
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.core.problem import Problem
from gatepost.documents.claims_file import LONGEST, read_claims, write_claims

HEADER = b"app,who,stance,claim,date,source\n"


def read(data: bytes) -> tuple[Claim | Problem, ...]:
    return read_claims(data, "claims.csv")


def test_a_claim_says_who_what_when_and_where() -> None:
    """CSV and JSON Lines give the same claims, in the file's order."""
    claim = Claim("tiktok", "Its owner", Stance.DENIES, "It is not so, never", "2020-07-07", "to the press")
    assert read(HEADER + b'tiktok,Its owner,Denies,"It is not so, never",2020-07-07,to the press\n') == (claim,)
    line = b'{"app":"tiktok","who":"Its owner","stance":"denies","claim":"It is not so, never","date":"2020-07-07",'
    assert read(line + b'"source":"to the press"}\n') == (claim,)


@pytest.mark.parametrize(
    ("row", "field", "sentence"),
    [
        (b"tiktok,,denies,no,2020-07-07,press", "who", "is empty"),
        (b"tiktok,x,deny,no,2020-07-07,press", "stance", "expected alleges, denies, reports or confirms"),
        (b"tiktok,x,denies,no,7 July,press", "date", "expected a day, such as 2020-07-06"),
        (b"tiktok,x,denies,no,2020-07-07, ", "source", "is empty"),
        (b"tiktok,x,denies," + b"n" * (LONGEST + 1) + b",2020-07-07,press", "claim", "is longer than 4,000 characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_field(row: bytes, field: str, sentence: str) -> None:
    """One wrong row and the file is not taken at all: half a file of evidence is one-sided."""
    good = b"tiktok,x,denies,no,2020-07-07,press\n"
    (problem,) = read(HEADER + good + row + b"\n")
    assert isinstance(problem, Problem)
    assert (problem.line, problem.field) == (3, field)
    assert sentence in problem.text


def test_the_file_that_comes_with_the_program() -> None:
    """The file on TikTok as of 10 July 2020 has both sides, each claim with its source, and nothing later."""
    data = shipped_evidence("tiktok-2020-07-10")
    assert data is not None
    claims = [claim for claim in read(data) if isinstance(claim, Claim)]
    assert len(claims) == len(data.splitlines()) >= 8
    assert {claim.stance for claim in claims} == set(Stance)
    assert max(claim.on for claim in claims) <= "2020-07-10"
    said = " ".join(claim.claim for claim in claims)
    for words in ("Singapore", "section 69A", "Wells Fargo", "Hong Kong", "49,247,689", "Chinese government"):
        assert words in said


WORDS = (
    "=1+1",
    "'=1",
    "@minister",
    "-",
    "+49",
    "a, b",
    'He said "no"',
    "Zeile",
    "‘quoted’",
    "'",
    "データ",
    "a;b",
    "| x |",
)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_written_is_read_back_the_same(form: Literal["csv", "jsonl"]) -> None:
    """Whatever the words are; and no cell of the CSV begins with what a spreadsheet would run (I-36)."""
    draw = Random(7)
    claims = tuple(
        Claim(
            "tiktok",
            " ".join(draw.choices(WORDS, k=2)),
            draw.choice(list(Stance)),
            draw.choice(WORDS),
            "2020-07-06",
            draw.choice(WORDS),
        )
        for _ in range(200)
    )
    assert {claim.claim for claim in claims} == set(WORDS), "each of the awkward words occurs"
    written = write_claims(claims, form)
    assert read(written.encode()) == claims
    if form == "csv":
        cells = [cell for row in csv.reader(StringIO(written)) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_claim_is_one_visible_line() -> None:
    """Line ends become blanks; what steers a terminal or turns the direction of writing is refused (I-36)."""
    row = b'tiktok,The  owner,denies,"no\nnever",2020-07-07,press\n'
    (claim,) = read(HEADER + row)
    assert isinstance(claim, Claim)
    assert (claim.who, claim.claim) == ("The owner", "no never")
    for sign in ("\x1b[2J", "\u202e", "\u009b"):
        (problem,) = read(HEADER + f"tiktok,x,denies,no{sign},2020-07-07,press\n".encode())
        assert isinstance(problem, Problem)
        assert (problem.field, problem.text) == ("claim", "has signs that do not show")


@pytest.mark.parametrize("name", ["", "nothing", "../catalogue/tiktok", "tiktok-2020-07-10.jsonl"])
def test_no_other_file_is_read(name: str) -> None:
    """I-36: a name is a name, not a way to another file."""
    assert shipped_evidence(name) is None
