"""Lists of phones as mail servers write them."""

import pytest

from gatepost.core.fleet.device import Form, Platform
from gatepost.core.fleet.guess import guess
from gatepost.core.problem import Problem
from gatepost.documents.listed_devices import ListedDevice, read_listed

EXCHANGE = """#TYPE Microsoft.Exchange.Data.Directory.SystemConfiguration.MobileDevice
"FriendlyName","DeviceId","DeviceType","DeviceModel","DeviceOS","DeviceUserAgent","UserDisplayName","Identity"
"Ann's secret phone","ApplF17XY","iPhone","iPhone14C2","iOS 17.5","Apple-iPhone14C2/2105","corp.example/Users/Ann Lee",\
"corp.example/Users/Ann Lee/ExchangeActiveSyncDevices/iPhone§ApplF17XY"
"two
lines","SEC0123","SAMSUNGSMT870","SM-T870","Android 13","Android-Mail/2024","Ben Fox",""
"","","iPhone","","","","Ann Lee",""
"x","ORPHAN","iPhone","","","","",""
"x","SHORT"
"""


def listed(data: bytes) -> tuple[list[ListedDevice], list[Problem]]:
    rows = list(read_listed(data, "phones.csv", "exchange"))
    return [row for row in rows if isinstance(row, ListedDevice)], [row for row in rows if isinstance(row, Problem)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_export_csv_writes_is_read(encoding: str) -> None:
    """The line with the type, byte order marks, UTF-16 and line ends of Windows; each bad row with line and field."""
    found, problems = listed(EXCHANGE.replace("\n", "\r\n").encode(encoding))
    assert [(row.line, row.eas_id, row.owner, row.names) for row in found] == [
        (3, "ApplF17XY", "", ("Ann Lee",)),
        (4, "SEC0123", "", ("Ben Fox",)),
    ]
    assert [guess(*row.words) for row in found] == [(Form.PHONE, Platform.IOS), (Form.TABLET, Platform.ANDROID)]
    assert [(problem.line, problem.field) for problem in problems] == [
        (6, "DeviceId"),
        (7, "UserDisplayName"),
        (8, ""),
    ]


def test_an_address_decides_where_there_is_one() -> None:
    """A column with the owner's address, which an administrator may add, is surer than any name."""
    data = b"DeviceId;UserDisplayName;PrimarySmtpAddress\nA1;Ann;ann@corp.example\nA2;Ann;\n"
    found, problems = listed(data)
    assert [(row.owner, row.names) for row in found] == [("ann@corp.example", ("Ann",)), ("", ("Ann",))]
    assert problems == []


def test_what_is_no_list_is_said_so() -> None:
    """I-35: a problem says what is wrong and never repeats what stood there."""
    for data, text in (
        (b"", "is empty"),
        (b"id,owner\nSECRET,x\n", "lacks DeviceId"),
        (b"\xff\xff\xff", "neither UTF-8 nor UTF-16"),
        (b"DeviceId,UserDisplayName\n" + b"S" * 300 + b",Ann\n", "is longer than 200"),
        (b"DeviceId,UserDisplayName\nSE\x07CRET,Ann\n", "cannot be seen"),
    ):
        found, problems = listed(data)
        assert found == []
        assert text in str(problems[0])
        assert "SECRET" not in str(problems)


def test_sogo_lists_one_id_a_line() -> None:
    """As `sogo-tool manage-eas listdevices` of SOGo 5.8 prints it."""
    rows = list(read_listed(b"APPLF17XY\nandroidc316986417\n\n", "list", "sogo", "ann"))
    assert [(row.eas_id, row.owner) for row in rows if isinstance(row, ListedDevice)] == [
        ("APPLF17XY", "ann"),
        ("androidc316986417", "ann"),
    ]


@pytest.mark.parametrize(
    ("words", "form", "platform"),
    [
        (("iPad", "Apple-iPad7C5/1"), Form.TABLET, Platform.IPADOS),
        (("iPhone",), Form.PHONE, Platform.IOS),
        (("WindowsMail",), Form.DESKTOP, Platform.WINDOWS),
        (("WindowsOutlook15",), Form.DESKTOP, Platform.WINDOWS),
        (("Windows Phone", "MSFT-WP/8.10"), Form.PHONE, Platform.WINDOWS),
        (("SAMSUNGSMG991B", "Android-SAMSUNG-SM-G991B/101.13"), Form.PHONE, Platform.ANDROID),
        (("Android",), Form.PHONE, Platform.ANDROID),
        ((), Form.PHONE, Platform.ANDROID),
    ],
)
def test_what_clients_call_themselves(words: tuple[str, ...], form: Form, platform: Platform) -> None:
    """Apple's and Microsoft's clients say what they are; who says nothing is a phone."""
    assert guess(*words) == (form, platform)
