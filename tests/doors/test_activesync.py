"""Reading ActiveSync requests."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from gatepost.doors.activesync import (
    COMMANDS,
    OTHER,
    REFUSAL_129,
    PassOn,
    Request,
    Unidentified,
    generation,
    login_candidates,
    parse,
)
from tests.doors.site import V140, basic, plain

ALICE = basic("alice@example.com")


def read(uri: bytes | str, authorization: bytes | None = ALICE, version: bytes | None = b"14.1") -> object:
    return parse(b"POST", uri.encode() if isinstance(uri, str) else uri, authorization, version)


def packed(device: bytes, code: int = 0, version: int = 141, key: bytes = b"", rest: bytes = b"") -> bytes:
    """A base64 query, before it is encoded (MS-ASHTTP 2.2.1.1.1.1)."""
    fields = b"".join(bytes([len(field)]) + field for field in (device, key, b"SmartPhone"))
    return bytes([version, code, 9, 4]) + fields + rest


def encoded(device: bytes, code: int = 0, version: int = 141, key: bytes = b"", rest: bytes = b"") -> str:
    return "/Microsoft-Server-ActiveSync?" + base64.b64encode(packed(device, code, version, key, rest)).decode()


def test_the_plain_form() -> None:
    """I-30: the plain query gives device and command; the user comes from the credentials, never from User=."""
    expected = Request("alice@example.com", ("ABC123",), "Sync", "14.1", "plain", "iPhone")
    assert read("/Microsoft-Server-ActiveSync?Cmd=Sync&User=mallory&DeviceId=ABC123&DeviceType=iPhone") == expected
    assert read("/x?User=a%40b&DEVICEID=ABC123&deviceType=iPh%6Fne&cMD=sYNC&") == expected


def test_microsoft_s_base64_example() -> None:
    """I-30: the base64 query gives both names of its device, and its own protocol version, whatever the header says."""
    names = ("v140Device", "76313430446576696365")
    expected = Request("alice@example.com", names, "Sync", "14.0", "base64", "SmartPhone")
    assert read(f"/Microsoft-Server-ActiveSync?{V140}") == expected
    assert read(f"/Microsoft-Server-ActiveSync?{V140}", version=b"12.1") == expected


@pytest.mark.parametrize("device", [b"v140Device", b"\xfb\xff\xbf" * 5, bytes(range(16)), b"x", b"\xff" * 255])
def test_every_spelling_of_base64(device: bytes) -> None:
    """I-30: with, without and with encoded padding, in the URL's own alphabet, percent-encoded: one device."""
    whole = encoded(device, code=18, key=b"\1\2\3\4", rest=b"\x07\x01\x02")
    names = {request.device_ids for request in map(read, spellings(whole)) if isinstance(request, Request)}
    assert len({type(read(spelling)) for spelling in spellings(whole)}) == 1
    assert len(names) == 1
    assert device.hex().upper() in names.pop()


def spellings(whole: str) -> list[str]:
    path, _, token = whole.partition("?")
    urlsafe = token.replace("+", "-").replace("/", "_")
    tokens = [token, token.rstrip("="), urlsafe, urlsafe.rstrip("="), quote(token, safe=""), quote(urlsafe, safe="")]
    return [f"{path}?{each}" for each in tokens]


@given(st.binary(min_size=1, max_size=16), st.integers(0, 30), st.sampled_from([121, 140, 141, 161]))
def test_base64_is_read_as_it_was_written(device: bytes, code: int, version: int) -> None:
    """I-30: whatever the id's bytes, the hex name is there, and the command and version are those sent."""
    request = read(encoded(device, code, version))
    assert isinstance(request, Request)
    assert request.device_ids[-1] == device.hex().upper()
    assert request.command in COMMANDS or request.command == OTHER
    assert request.protocol == f"{version / 10:.1f}"
    event(f"names: {len(request.device_ids)}")


@pytest.mark.parametrize(
    "uri",
    [
        "/Microsoft-Server-ActiveSync",
        "/x?",
        "/x?Cmd=Sync",
        "/x?Cmd=Sync&DeviceId=",
        "/x?Cmd=Sync&DeviceId=A&DeviceId=B",
        "/x?Cmd=Sync&DeviceId=A&deviceid=A",
        "/x?Cmd=Sync&Cmd=Ping&DeviceId=A",
        "/x?Cmd=Sync&Device%49d=B&DeviceId=A",
        "/x?Cmd=Sync&DeviceId=A;DeviceId=B",
        "/x?Cmd=Sync&DeviceId=A%26DeviceId%3DB",
        "/x?Cmd=Sync&DeviceId=A+B",
        "/x?Cmd=Sync&DeviceId=%2541",
        "/x?Cmd=Sync&DeviceId=%00",
        "/x?Cmd=Sync&DeviceId=%ff",
        "/x?Cmd=Sync&DeviceId=A#B",
        "/x?User=u?DeviceId=B&DeviceId=A&DeviceType=p&Cmd=Sync",
        "/x?Cmd=Sync&User=u&DeviceId=A&DeviceType=p?DeviceId=B",
        f"/x?Cmd=Sync&User=u&DeviceId=A&DeviceType=p?{V140}",
        "/x?Cmd=Sync&User=u#&DeviceId=A&DeviceType=p",
        "/x#?Cmd=Sync&User=u&DeviceId=A&DeviceType=p",
        f"/x?{V140}&DeviceId=A",
        f"/x?DeviceId=A&{V140}",
        f"/x?{V140}=A",
        f"/x?{V140}&",
        f"/x?{V140}x",
        f"/x?{V140[:-4]}",
        f"/x?{V140[:20]}!{V140[20:]}",
        encoded(b""),
        encoded(b"abc", version=25),
        encoded(b"abc", rest=b"\x07"),
        encoded(b"abc", rest=b"\x07\x05a"),
    ],
)
def test_what_can_be_read_in_two_ways_is_unidentified(uri: str) -> None:
    """I-30: no device, a parameter twice, both forms at once, hidden separators, wrong lengths: never guessed at."""
    assert isinstance(read(uri), Unidentified)


def test_an_encoded_device_id_has_two_names() -> None:
    """Servers decode a value or do not, so an id that is percent-encoded is looked up both ways."""
    request = read("/x?Cmd=Sync&DeviceId=My%20Phone&User=a")
    assert isinstance(request, Request)
    assert request.device_ids == ("My%20Phone", "My Phone")
    request = read("/x?Cmd=Sync&DeviceId={ab-cd}&User=a")
    assert isinstance(request, Request)
    assert request.device_ids == ("{ab-cd}",)


@pytest.mark.parametrize("method", [b"OPTIONS", b"options"])
def test_options_are_the_servers_to_answer(method: bytes) -> None:
    """OPTIONS opens no mail: the mail server says which versions it speaks, blocked or not."""
    assert isinstance(parse(method, plain("A"), ALICE, None), PassOn)


@pytest.mark.parametrize("method", [b"POST", b"post", b"GET", b"HEAD", b"PUT", b"PROPFIND", b""])
def test_every_method_that_may_open_mail_is_decided(method: bytes) -> None:
    """I-30: SOGo carries out `Cmd=` whatever the method is, so another method is no way around the door."""
    assert isinstance(parse(method, plain("A"), ALICE, None), Request)


@pytest.mark.parametrize("authorization", [None, b"", b"Basic ", b"Basic !!", b"basic YWxpY2U=", b"Basic \xff"])
def test_without_credentials_the_mail_server_answers(authorization: bytes | None) -> None:
    """Credentials that no server could read are passed on, to be answered with 401: a 403 ends some accounts."""
    assert isinstance(read(plain("A"), authorization), PassOn)


@pytest.mark.parametrize(
    "authorization",
    [
        b"Bearer abc",
        b"Negotiate abc",
        b"Digest username=alice",
        b"Basic",
        basic(""),
        basic("al\0ice"),
        basic("alice\n"),
        b"Basic " + base64.b64encode(b"alice:secret").replace(b"Y", b"Y!"),
    ],
)
def test_credentials_that_another_server_might_take_are_unidentified(authorization: bytes) -> None:
    """I-30: another scheme, or base64 that only a lenient server reads, is no way around the door."""
    assert isinstance(read(plain("A"), authorization), Unidentified)


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        (basic("Alice@Example.COM"), "alice@example.com"),
        (basic("CORP\\Alice"), "corp\\alice"),
        (basic("alice", "se:cr:et"), "alice"),
        (b"bAsIc " + base64.b64encode(b"alice:").rstrip(b"="), "alice"),
        (basic("J\u00fcrgen"), "j\u00fcrgen"),
        (b"Basic " + base64.b64encode("J\u00fcrgen:x".encode("latin-1")), "j\u00fcrgen"),
        (basic("STRASSE"), "strasse"),
        (basic("Stra\u00dfe"), "strasse"),
    ],
)
def test_the_user_of_the_credentials(sent: bytes, user: str) -> None:
    """Users are read as UTF-8, else as Latin-1, and case-folded; the padding may be missing."""
    request = read(plain("A"), sent)
    assert isinstance(request, Request)
    assert request.user == user


def test_logins_that_a_user_may_stand_for() -> None:
    """With a domain before or after it, a user is looked for with and without; a plain one as it is."""
    assert login_candidates("alice") == ("alice",)
    assert login_candidates("corp\\alice") == ("corp\\alice", "alice")
    assert login_candidates("alice@example.com") == ("alice@example.com", "alice")
    assert login_candidates("corp\\") == ("corp\\",)


@given(st.binary(max_size=60), st.binary(max_size=120), st.none() | st.binary(max_size=60), st.binary(max_size=8))
def test_no_bytes_raise(method: bytes, uri: bytes, authorization: bytes | None, version: bytes) -> None:
    """I-30: whatever arrives is read, unidentified or passed on, and never an error."""
    for sent in (authorization, ALICE):
        assert isinstance(parse(b"POST", uri, sent, version), Request | Unidentified | PassOn)
        assert isinstance(parse(method, b"/x?" + uri, sent, version), Request | Unidentified | PassOn)


PIECES = st.sampled_from(
    ["Cmd", "DeviceId", "deviceid", "User", "Sync", "A1", "=", "=", "&", "&", "%3D", "%26", "?", ";", V140]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_identified_query_names_two_devices(query: str) -> None:
    """I-30: a query that is identified has one DeviceId or is one base64 token, however it was put together."""
    request = read("/x?" + query)
    event(type(request).__name__)
    if isinstance(request, Request):
        assert (query.lower().count("deviceid=") == 1) != (query.rstrip("&") == V140)


def test_which_client_is_refused_how() -> None:
    """Clients of 14.0 and later understand Status 129; older ones, and those that do not say, get HTTP 403."""
    told = {"14.0": "14", "14.1": "14", "16.1": "14", "12.1": "12", "2.5": "12", "": "12"}
    assert {protocol: generation(protocol) for protocol in told} == told


TAGS = {
    (0, 0x05): "Sync",
    (0, 0x0E): "Status",
    (7, 0x16): "FolderSync",
    (7, 0x0C): "Status",
    (13, 0x05): "Ping",
    (13, 0x07): "Status",
    (14, 0x05): "Provision",
    (14, 0x0B): "Status",
}
"""Code page and tag (MS-ASWBXML 2.1.2.1)."""


def as_xml(body: bytes) -> str:
    """Reads WBXML 1.3 as far as the refusals use it: pages, tags with content, inline strings, ends."""
    assert body[:4] == b"\x03\x01\x6a\x00", "version 1.3, unknown public id, UTF-8, no string table"
    page, xml, rest = 0, "", list(body[4:])
    open_tags: list[str] = []
    while rest:
        token = rest.pop(0)
        if token == 0x00:
            page = rest.pop(0)
        elif token == 0x01:
            xml += f"</{open_tags.pop()}>"
        elif token == 0x03:
            end = rest.index(0)
            xml += bytes(rest[:end]).decode()
            rest = rest[end + 1 :]
        else:
            open_tags.append(TAGS[page, token & ~0x40])
            xml += f"<{open_tags[-1]}>"
    assert not open_tags
    return xml


def test_the_bodies_that_refuse() -> None:
    """The four commands that have such an answer get Status 129 under their own root, and nothing else."""
    assert set(REFUSAL_129) == {"Sync", "FolderSync", "Ping", "Provision"}
    for command, body in REFUSAL_129.items():
        assert as_xml(body) == f"<{command}><Status>129</Status></{command}>"
