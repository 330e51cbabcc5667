"""Files of people, as CSV and as JSON Lines."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.fleet.person import Kind
from gatepost.core.problem import Problem
from gatepost.documents.people_file import PersonRow, read_people

HEADER = "email,name,kind,country,time_zone,locale,groups\n"


def read(text: str | bytes) -> list[PersonRow | Problem]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(read_people(io.BytesIO(data), "people.csv", "Europe/Berlin", "en"))


def one(text: str | bytes) -> PersonRow:
    (row,) = read(text)
    assert isinstance(row, PersonRow), row
    return row


def sentences(text: str | bytes) -> list[str]:
    return [str(row) for row in read(text) if isinstance(row, Problem)]


def test_a_row_is_a_person() -> None:
    """The seven columns; id and login default to the address, the login in lower case."""
    assert one(HEADER + "Ada@Example.com,Ada L,employee,GB,Europe/London,en-GB,it;board\n") == PersonRow(
        line=2,
        id="Ada@Example.com",
        emails=("Ada@Example.com",),
        logins=("ada@example.com",),
        name="Ada L",
        kind=Kind.EMPLOYEE,
        country="GB",
        time_zone="Europe/London",
        locale="en-GB",
        groups=frozenset({"it", "board"}),
        sponsor="",
    )


def test_optional_columns_and_another_order() -> None:
    """Columns are known by name; a person without an address has an id."""
    header = "ID,logins,sponsor,groups,locale,time_zone,country,kind,name,email\n"
    person = one(header + "p1,ADA; ada2 ;,boss,,de_AT,,,contractor,A,\n")
    assert (person.id, person.logins, person.sponsor, person.emails) == ("p1", ("ada", "ada2"), "boss", ())
    assert person.locale == "de-AT"


def test_what_a_row_lacks_the_site_fills_in() -> None:
    """A person without a zone or locale has the site's; a country that is not known stays unknown."""
    person = one(HEADER + "a@b.c,,employee,,,,\n")
    assert (person.time_zone, person.locale, person.country, person.groups) == ("Europe/Berlin", "en", "", frozenset())


def test_json_lines_say_the_same() -> None:
    """JSON Lines and CSV are two spellings of one table."""
    csv = one(HEADER + "a@b.c,A,employee,NO,Asia/Tokyo,ja,x;y\n")
    value = {"email": "a@b.c", "name": "A", "kind": "employee", "country": "NO", "time_zone": "Asia/Tokyo",
             "locale": "ja", "groups": ["x", "y"], "sponsor": None}  # fmt: skip
    as_list = one("\n" + json.dumps(value) + "\n")
    as_text = one(json.dumps(value | {"groups": "x;y"}))
    csv.line = as_list.line = as_text.line = 0
    assert csv == as_list == as_text


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"", b"\r\n"])
def test_spreadsheets_export_is_read(start: bytes) -> None:
    """A byte order mark, CRLF, quoted commas and quoted newlines are CSV (RFC 4180)."""
    data = start + HEADER.replace("\n", "\r\n").encode() + b'a@b.c,"Lovelace, ""Ada""\r\nCountess",employee,,,,\r\n\r\n'
    assert one(data).name == 'Lovelace, "Ada" Countess'


def test_control_characters_in_names_become_spaces() -> None:
    """I-36: a name with newlines or terminal codes cannot change a header, a log line or a table."""
    assert one(HEADER + '"a@b.c","A\r\nBcc: x\x1b[31m\u2028",employee,,,,\n').name == "A Bcc: x [31m"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",A,employee,,,,", "p:2: email: is empty, and so is id: a person has one of them"),
        ("a.b.c,A,employee,,,,", "p:2: email: is not a mail address"),
        ('"a@b.c\nBcc: x",A,employee,,,,', "p:2: email: is not a mail address"),
        ("a@b.c,A,emploee,,,,", 'p:2: kind: expected employee or contractor; did you mean "employee"?'),
        ("a@b.c,A,,,,,", "p:2: kind: expected employee or contractor"),
        ("a@b.c,A,employee,UK,,,", "p:2: country: is not a country: "
         'expected an ISO 3166-1 code of two upper-case letters; did you mean "GB"?'),
        ("a@b.c,A,employee,,Europe/Berln,,", "p:2: time_zone: is not a time zone of the IANA database; did you mean "
         '"Europe/Berlin"?'),
        ("a@b.c,A,employee,,,english!,", "p:2: locale: is not a language: expected a BCP 47 tag, such as en or pt-BR"),
        ("a@b.c,A,employee,,,,a\x07b", "p:2: groups: hold a character that cannot be seen"),
        ("a@b.c,A,employee,,,", "p:2: has 6 fields, and the header 7"),
        ("a@b.c,A,emp,XX,,,", "p:2: kind: expected employee or contractor; country: is not a country: expected an ISO "
         "3166-1 code of two upper-case letters"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_the_rest_goes_on(row: str, expected: str) -> None:
    """Every bad row is one problem with its line and field; the good row after it is read."""
    rows = read(HEADER + row + "\ngood@b.c,G,employee,,,,\n")
    assert isinstance(rows[0], Problem)
    assert str(rows[0]).replace("people.csv", "p").startswith(expected.split("; did")[0])
    if "did you mean" in expected:
        assert expected.split("did you mean")[1] in str(rows[0])
    assert isinstance(rows[1], PersonRow)
    assert len(rows) == 2


@pytest.mark.parametrize("id_", ["p\n1", "p\x00", "p\u202e1", "x" * 201])
def test_ids_are_plain_text(id_: str) -> None:
    """I-36: ids and logins with control or invisible characters are rejected, not repaired: two could become one."""
    value = {"email": "a@b.c", "kind": "employee"}
    assert sentences(json.dumps(value | {"id": id_})) == [
        "people.csv:1: id: holds a character that cannot be seen, or is longer than 200 characters"
    ]
    assert "logins" in sentences(json.dumps(value | {"logins": [id_]}))[0]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty: expected a header, or one JSON object a line"),
        (b"email;name\n", "the header has one column: separate columns by commas"),
        (
            b"emial,name,kind,country,time_zone,locale,groups\n",
            'column 1 of the header is unknown; did you mean "email"?',
        ),
        (b"email,email,name,kind,country,time_zone,locale,groups\n", "the header names email twice"),
        (b"email,name,kind\n", "the header lacks country, time_zone, locale, groups"),
        ("email,name\n".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_a_header_that_cannot_be_read_is_the_files_problem(data: bytes, expected: str) -> None:
    """Nothing is imported under a header that is not understood."""
    rows = read(data + b"a@b.c,A,employee,,,,\n" if data else data)
    assert all(isinstance(row, Problem) for row in rows)
    assert expected in {row.text for row in rows if isinstance(row, Problem)}


def test_bad_bytes_and_bad_quotes_cost_one_row() -> None:
    """Latin-1 in one row, or a stray quotation mark: that row is left out, its neighbours are read."""
    text = (
        HEADER.encode()
        + b'a@b.c,M\xfcller,employee,,,,\nb@b.c,B,employee,,,,\nc@b.c,"C"x,employee,,,,\nd@b.c,D,employee,,,,\n'
    )
    rows = read(text)
    assert [type(row).__name__ for row in rows] == ["Problem", "PersonRow", "Problem", "PersonRow"]
    assert [row.line for row in rows] == [2, 3, 4, 5]


def test_bad_json_costs_one_row() -> None:
    """Broken JSON, an unknown key, a number for a text, a key twice, half a character."""
    lines = ['{"email":', '{"emial":"a@b.c","kind":"employee"}', '{"email":1}', '{"email":"a@b.c","email":"b@b.c"}',
             '{"email":"a@b.c","kind":"employee","name":"\\ud800"}', "[]", "[" * 100_000]  # fmt: skip
    rows = read("{}\n" + "\n".join(lines) + '\n{"email":"a@b.c","kind":"employee"}\n')
    assert [type(row).__name__ for row in rows] == ["Problem"] * 8 + ["PersonRow"]
    assert [row.line for row in rows] == list(range(1, 10))


def test_a_line_without_end_stops_the_reading() -> None:
    """A gigabyte without a newline is not taken into memory."""
    rows = read(HEADER.encode() + b"x" * 3_000_000)
    assert [row.text for row in rows if isinstance(row, Problem)] == [
        "a line is longer than 1,048,576 bytes; nothing after it was read"
    ]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_answered(noise: bytes, headed: bool) -> None:
    """Whatever stands in a file, reading ends with rows and problems, and never with an exception."""
    for row in read((HEADER.encode() if headed else b"") + noise):
        assert isinstance(row, PersonRow | Problem)


def test_a_whole_column_of_nonsense_is_answered_soon() -> None:
    """Two columns changed places: every row is a problem, and the search for the nearest word does not take minutes."""
    rows = read(HEADER + "".join(f"a{n}@b.c,A,employee,,Person {n},,\n" for n in range(20_000)))
    assert len(rows) == 20_000
    assert all(isinstance(row, Problem) for row in rows)
