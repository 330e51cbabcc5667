"""Files of devices and single reports."""

import io
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.fleet.device import Form, Ownership, Platform, Visibility
from gatepost.core.problem import Problem
from gatepost.documents.devices_file import DeviceRow, read_device_report, read_devices

HEADER = "id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps\n"
GOOD = "d1,ada,phone,ios,personal,full,APPL123,2020-07-10T08:00:00Z,com.a;com.b\n"
REPORT = {
    "id": "d1", "owner": "ada", "form": "phone", "platform": "ios", "ownership": "personal", "visibility": "full",
    "eas_device_id": "APPL123", "reported_at": "2020-07-10T08:00:00Z", "apps": ["com.a", "com.b"],
}  # fmt: skip


def read(text: str | bytes) -> list[DeviceRow | Problem]:
    return list(read_devices(io.BytesIO(text if isinstance(text, bytes) else text.encode()), "devices.csv"))


def sentences(text: str) -> list[str]:
    return [str(row) for row in read(text) if isinstance(row, Problem)]


def test_a_row_is_a_device() -> None:
    """The nine columns; shared is optional and false by default."""
    expected = DeviceRow(
        line=2,
        id="d1",
        owner="ada",
        form=Form.PHONE,
        platform=Platform.IOS,
        ownership=Ownership.PERSONAL,
        visibility=Visibility.FULL,
        eas_id="APPL123",
        reported_at=1594368000000,
        apps=("com.a", "com.b"),
        shared=False,
    )
    assert read(HEADER + GOOD) == [expected]
    expected.line = 1
    assert read(json.dumps(REPORT)) == [expected]
    assert read_device_report(json.dumps(REPORT).encode()) == expected


@pytest.mark.parametrize(
    ("word", "shared"),
    [("true", True), ("YES", True), ("1", True), ("false", False), ("no", False), ("0", False), ("", False)],
)
def test_shared_is_read_as_people_write_it(word: str, shared: bool) -> None:
    """true, yes, 1 and their opposites, in any case."""
    (row,) = read(HEADER.strip() + ",shared\n" + GOOD.strip() + f",{word}\n")
    assert isinstance(row, DeviceRow)
    assert row.shared is shared


def test_json_may_say_shared_as_a_boolean() -> None:
    """JSON has a word for it."""
    row = read_device_report(json.dumps(REPORT | {"shared": True}).encode())
    assert isinstance(row, DeviceRow)
    assert row.shared


def test_certificates_are_fingerprints() -> None:
    """64 hex digits with or without colons, several in one cell; `none` is none, and an empty cell says nothing."""
    printed = ":".join(["AB"] * 32)
    for cell, expected in (
        ("", None),
        (" ; ", None),
        ("none", ()),
        ("ab" * 32, ("ab" * 32,)),
        (f"{printed}; {'cd' * 32};{'AB' * 32}", ("ab" * 32, "cd" * 32)),
    ):
        (row,) = read(HEADER.strip() + ",certificate\n" + GOOD.strip() + f",{cell}\n")
        assert isinstance(row, DeviceRow)
        assert row.certificates == expected
    report = read_device_report(json.dumps(REPORT | {"certificate": [printed]}).encode())
    assert isinstance(report, DeviceRow)
    assert report.certificates == ("ab" * 32,)
    for cell in ("ab" * 31, "none;" + "ab" * 32, "gg" * 32, "ab" * 33, "CN=ann"):
        (problem,) = read(HEADER.strip() + ",certificate\n" + GOOD.strip() + f",{cell}\n")
        assert isinstance(problem, Problem)
        assert "certificate: expected the SHA-256" in str(problem)
        assert cell not in str(problem), "no cell is repeated (I-35)"


def test_never_reported_is_not_an_empty_report() -> None:
    """I-6: an empty reported_at means never; an empty apps with a reported_at means that nothing was found."""
    never, clean = read(HEADER + "d1,a,phone,ios,company,,,,\nd2,a,phone,ios,company,full,,2020-07-10T08:00:00Z,\n")
    assert isinstance(never, DeviceRow)
    assert isinstance(clean, DeviceRow)
    assert (never.reported_at, never.visibility, never.apps) == (None, Visibility.NONE, ())
    assert (clean.visibility, clean.apps) == (Visibility.FULL, ())
    assert clean.reported_at is not None


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("d1", "", "id: is empty"),
        ("d1", "d\x07", "id: holds a character that cannot be seen"),
        ("ada", " ", "owner: is empty"),
        ("phone", "fone", 'form: expected phone, tablet, laptop or desktop; did you mean "phone"?'),
        ("ios", "iOS 14", "platform: expected ios, ipados, android, macos, windows, chromeos or linux"),
        ("personal", "byod", "ownership: expected company or personal"),
        ("full", "", "visibility: expected full, managed-only or none"),
        ("2020-07-10T08:00:00Z", "", "apps: are given, and no reported_at: say when they were seen"),
        ("2020-07-10T08:00:00Z", "10.07.2020", "reported_at: is not an instant: "
         "write it in RFC 3339 with its zone, such as 2020-07-10T22:00:00Z"),
        ("APPL123", "A" * 201, "eas_device_id: is longer than 200 characters"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_the_rest_goes_on(right: str, wrong: str, expected: str) -> None:
    """One problem a row, with line and field; the row after it is read."""
    rows = read(HEADER + GOOD.replace(right, wrong, 1) + GOOD)
    assert isinstance(rows[0], Problem)
    assert str(rows[0]).startswith(f"devices.csv:2: {expected}")
    assert isinstance(rows[1], DeviceRow)


def test_words_are_found_in_any_case() -> None:
    """Capitals and blanks around a word are no mistake."""
    (row,) = read(HEADER + "d1,a, Phone,iOS,COMPANY,Managed-Only,,2020-07-10T08:00:00Z,\n")
    assert isinstance(row, DeviceRow)
    assert (row.form, row.platform, row.ownership, row.visibility) == (
        Form.PHONE,
        Platform.IOS,
        Ownership.COMPANY,
        Visibility.MANAGED_ONLY,
    )


SECRET = "com.secret.clinic.appointments"
MISPLACED = [
    HEADER + f"{SECRET},a,{SECRET},{SECRET},{SECRET},{SECRET},,{SECRET},\n",
    HEADER + f"d1,a,phone,ios,company,full,,2020-07-10T08:00:00Z,x,{SECRET}\n",
    HEADER + f"d1,a,phone,ios,company,full,,,{SECRET}\n",
    HEADER + f'd1,a,phone,ios,company,full,,2020-07-10T08:00:00Z,"{SECRET}"x\n',
    HEADER.strip() + f",{SECRET}\n" + GOOD.strip() + ",1\n",
    json.dumps({"id": "d1", SECRET: True, "apps": [SECRET, 1], "form": [SECRET]}) + "\n",
    '{"apps": ["' + SECRET + '", ]}\n',
    '{"' + SECRET + '": 1, "' + SECRET + '": 2}\n',
]


@pytest.mark.parametrize("text", MISPLACED)
def test_no_problem_repeats_an_app(text: str) -> None:
    """I-35: identifiers outside the catalogue never reach a log, not even when they stand in the wrong column."""
    assert sentences(text)
    assert not any("secret" in sentence for sentence in sentences(text))
    if text.startswith("{"):
        report = read_device_report(text.encode())
        assert isinstance(report, tuple)
        assert not any("secret" in str(problem) for problem in report)


def test_a_report_has_all_its_problems_at_once() -> None:
    """A single report says everything that is wrong with it."""
    problems = read_device_report(json.dumps(REPORT | {"form": "x", "platform": "y", "id": ""}).encode())
    assert isinstance(problems, tuple)
    assert [problem.field for problem in problems] == ["id", "form", "platform"]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"\xff\xfe", b"{" * 100_000, b'{"id": NaN}', b"1" * 5000, b" " * 5_000_000]
)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    """Whatever comes on standard input, the answer is a problem."""
    problems = read_device_report(data)
    assert isinstance(problems, tuple)
    assert problems


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.sampled_from([b"", HEADER.encode(), (HEADER + GOOD).encode(), b"{}\n"]))
def test_any_bytes_are_answered(noise: bytes, before: bytes) -> None:
    """Whatever stands in a file, reading ends with rows and problems, and never with an exception."""
    for row in read(before + noise):
        assert isinstance(row, DeviceRow | Problem)


def test_a_large_file_is_read_in_seconds() -> None:
    """200,000 rows are to be read in about two seconds; here a tenth of them, and a bound that only a change of kind
    would break, so that a busy machine does not."""
    data = (HEADER + "".join(GOOD.replace("d1", f"d{number}") for number in range(20_000))).encode()
    began = time.process_time()
    assert all(isinstance(row, DeviceRow) for row in read(data))
    assert time.process_time() - began < 1
