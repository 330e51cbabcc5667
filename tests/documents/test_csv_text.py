"""Files for spreadsheets: nothing in them runs, whatever stands between cells."""

import csv
import io

import pytest

from gatepost.documents.csv_text import csv_text

FORMULA = "=cmd|'/C calc'!A1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("between", ["", "x;", "x\t", "x\n", "x\r\n", "x; ", 'x";', "x;'", "x,y;", "x\n;\t"])
def test_no_cell_begins_a_formula(between: str, delimiter: str) -> None:
    """I-36: nor where a spreadsheet takes semicolons for what stands between cells, as in German, or tabs."""
    for sign in "=+@-":
        written = csv_text(("who", "why", "what"), [("a", between + sign + FORMULA, "b")])
        for row in csv.reader(io.StringIO(written, newline=""), delimiter=delimiter):
            assert not [cell for cell in row if cell.strip().startswith(("=", "+", "@", "-"))], row


def test_what_is_harmless_is_left_alone() -> None:
    """Words with signs in them, and lists with semicolons, are read back as they were."""
    cells = ["policy: no-tiktok; person: p_1", "a-b=c", "2020-07-10; 10:00", "x;y\nz"]
    (_, *rows) = csv.reader(io.StringIO(csv_text(("what",), [[cell] for cell in cells]), newline=""))
    assert rows == [[cell] for cell in cells]
