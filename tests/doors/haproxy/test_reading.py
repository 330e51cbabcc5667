"""HAProxy reads requests as the door does: the same reason, user, names and refusal, through the real server."""

import base64
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatepost.doors.activesync import Request
from gatepost.doors.check import Check
from gatepost.doors.judge import DoorRules
from gatepost.doors.request import Reader, Sources
from tests.attacks.test_queries import QUERIES
from tests.doors.haproxy.gate import Gate, a_gate, raw
from tests.doors.site import V140, basic, device, plain
from tests.doors.test_activesync import encoded, packed, spellings
from tests.servers import haproxy
from tests.servers.daemon import Daemon

pytestmark = pytest.mark.needs("haproxy")

PATH = "/Microsoft-Server-ActiveSync?"
ALICE = basic("alice@example.com")
RULES = {
    "strict": DoorRules("block", "block", mode="enforce", plain_refusal_types=frozenset({"oldphone"})),
    "mild": DoorRules("allow", "allow", mode="enforce", plain_refusal_types=frozenset({"oldphone"})),
}
DONE = "  http-request allow if gate_lets !gate_news\n"
SHOWN = "  # Refused:"
SHOW = (
    '  http-request return status 200 hdr Row "%[var(txn.gate_row)]" hdr Named "%[var(txn.gate_named)]"'
    ' hdr Refusal "%[var(txn.gate_refusal)]" hdr Kind "%[var(txn.gate_type)]"\n'
)
"""In the place of the answer, what it would rest on."""

Headers = tuple[tuple[bytes, bytes], ...]

OTHERS = (
    device("My Phone", "alice@example.com", rule=1),
    device("My%20Phone", "alice@example.com"),
    device("{ab-cd}", "alice@example.com"),
    device("j\u00fcrgens", "j\u00fcrgen", "strasse", "corp\\alice"),
    device("BOBS1", "bob"),
    device("x" * 500, "alice@example.com", rule=1),
    device(("\u00df" * 180).casefold(), "alice@example.com"),
    device(bytes(range(16)).hex(), "alice@example.com", rule=2),
    device("a|b c;d#e", "al|ice", "a l", "percent%41", "x41"),
    device("NOBODYS", "\0"),
    device("GOOD", "alice@example.com"),
    device("BAD", "alice@example.com", rule=1),
    device("MANY", *(f"login{number}" for number in range(50))),
)


DEVICES = (
    *("CLEAN1", "TIKTOK1", "BOBS1", "SHARED1", "NOBODYS", "MANY", "JURGENS", "j%C3%BCrgens"),
    "a%7cb%20c",
)
USERS = (
    *("alice@example.com", "ALICE@EXAMPLE.COM", "alice@other.example", "bob", "CORP\\bob", "bob@x", "corp\\alice"),
    *("J\u00dcRGEN", "Stra\u00dfe", "STRASSE", "STRA\u1e9eE", "\u0130", "", "al\0ice", "alice\n", "\0"),
    *("X00", "x00", "ANY", "any", "al|ice", "AL|ICE", "a l", "percent%41", "percenta", "x41", "X41"),
    *("login49", "login5", "corp\\", "@"),
)
TOKEN = base64.b64encode(b"alice@example.com:secret")
ODD_CREDENTIALS = (
    *(b"", b"Basic", b"Basic ", b"Basica", b"Basic !!", b"Basic \xff", b"Basic A", b"Basic A===", b"Basic QQ"),
    *(b"Basic =", b"Basic ====", b"Basic YWxpY2U=", b"basic " + TOKEN, b"BASIC  " + TOKEN, b"B " + TOKEN),
    *(b"Basic " + TOKEN + b"=", b"Basic " + TOKEN + b"====", b"Basic " + TOKEN + b", Basic x"),
    *(b"Basic " + TOKEN.replace(b"Y", b"Y!"), b"Basic " + TOKEN[:4] + b"=" + TOKEN[4:], b"Basic " + TOKEN.rstrip(b"=")),
    *(b"Bearer abc", b"Negotiate abc", b"Digest username=alice"),
    b"Basic " + base64.b64encode("J\u00fcrgen:x".encode("latin-1")),
)


class Read:
    """A HAProxy that says what it read, and the door's own check beside it. `sources`: as HAProxy's configuration has
    them."""

    def __init__(self, gate: Gate, sources: Sources = Sources(shared_types=frozenset({"outlook"}))) -> None:  # noqa: B008
        self.gate = gate
        self.check = Check(gate.judge, sources=sources)
        self.reader = Reader(sources)
        self.seen: Counter[str] = Counter()

    def both(self, method: bytes, target: bytes, *headers: tuple[bytes, bytes]) -> None:
        """HAProxy says what the door says, or refuses what is no HTTP."""
        said = self._haproxy(method, target, headers)
        if said is None:
            self.seen["no HTTP"] += 1
            return
        expected = self._door(method, target, headers)
        assert said == expected, (method, target, headers)
        self.seen[expected[0]] += 1

    def _haproxy(self, method: bytes, target: bytes, headers: Headers) -> tuple[str, ...] | None:
        sent = b"".join(b"%b: %b\r\n" % header for header in headers)
        request = b"%b %b HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nContent-Length: 0\r\n%b\r\n"
        head = raw(self.gate.port, request % (method, target, sent)).partition(b"\r\n\r\n")[0]
        status, *lines = head.split(b"\r\n")
        if status.split()[1] == b"400":
            return None
        told = {name.lower(): value.decode() for name, _, value in (line.partition(b": ") for line in lines)}
        assert b"row" in told, (method, target, headers, head)
        answer, reason, _ = told[b"row"].split("|")
        login, _, devices = told.get(b"named", "").strip("-").partition("|")
        refusal = told[b"refusal"] if answer == "block" else ""
        if reason == "passed-on":
            return reason, answer, refusal
        return reason, answer, refusal, _decoded(login), *sorted(map(_named, devices.split(",")))

    def _door(self, method: bytes, target: bytes, headers: Headers) -> tuple[str, ...]:
        asked = [(b"x-original-method", method), (b"x-original-uri", target)]
        asked += [(name.lower(), value.strip(b" \t")) for name, value in headers]
        answer = {name.decode(): value.decode() for name, value in self.check.answer(asked)["headers"]}
        reason, verdict = answer["x-gatepost-reason"], answer["x-gatepost-verdict"]
        if reason == "passed-on":
            return reason, verdict, ""
        command = answer.get("x-gatepost-command", "")
        with_body = command in ("Sync", "FolderSync", "Ping", "Provision")
        refusal = command if with_body and answer["x-gatepost-generation"] == "14" else "plain"
        return reason, verdict, refusal if verdict == "block" else "", *self._named(asked)

    def _named(self, asked: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
        """The user; and the device's names, and its certificate."""
        read = self.reader.read(asked)
        if isinstance(read, Request):
            certificate = [f"c:{read.certificate}"] if read.certificate else []
            return read.user or "", *sorted([*certificate, *(name.casefold() for name in read.device_ids)])
        # A user is told beside what else cannot be read, where that alone is readable.
        known = self.reader.read([*((name, _PLAIN if name == b"x-original-uri" else value) for name, value in asked)])
        return known.user or "" if isinstance(known, Request) else "", ""


_PLAIN = plain("NOBODY")


def _named(name: str) -> str:
    return name if name.startswith("c:") else _decoded(name)


def _decoded(encoded: str) -> str:
    return base64.b64decode(encoded, validate=True).decode().casefold()


@contextmanager
def showing(gate: Gate) -> Iterator[None]:
    """This gate's HAProxy, which says what it read in the place of an answer."""
    config = haproxy.write(gate.front, gate.directory)
    text = config.read_text()
    assert text.count(DONE) == text.count(SHOWN) == 1
    config.write_text(text.replace(DONE, "").replace(SHOWN, SHOW + SHOWN))
    with Daemon(["haproxy", "-db", "-f", str(config)], gate.directory / "log", gate.port):
        gate.settle()
        yield


@pytest.fixture(scope="module", params=RULES)
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    directory = tmp_path_factory.mktemp("ha")
    gate = a_gate(directory, *OTHERS, rules=RULES[request.param], plain_refusal_types=("OldPhone",))
    with showing(gate):
        yield Read(gate)


def asks(read: Read, query: str | bytes, authorization: bytes = ALICE, version: bytes = b"14.1") -> None:
    target = PATH.encode() + (query.encode() if isinstance(query, str) else query)
    read.both(b"POST", target, (b"Authorization", authorization), (b"MS-ASProtocolVersion", version))


def test_the_case_table(read: Read) -> None:
    """I-1, I-30: both query forms, hex names, duplicates, odd cases, hidden marks: read as the door reads them."""
    queries = [
        *("", "Cmd=Sync", "Cmd=Sync&DeviceId=", "Cmd=Sync&DeviceId=A&DeviceId=B", "Cmd=Sync&DeviceId=A&deviceid=A"),
        *("Cmd=Sync&Device%49d=B&DeviceId=A", "Cmd=Sync&DeviceId=A;DeviceId=B", "Cmd=Sync&DeviceId=A%26DeviceId%3DB"),
        *("Cmd=Sync&DeviceId=A+B", "Cmd=Sync&DeviceId=%2541", "Cmd=Sync&DeviceId=%00", "Cmd=Sync&DeviceId=%ff"),
        *("User=u?DeviceId=BAD&DeviceId=GOOD&DeviceType=p&Cmd=Sync", "Cmd=Sync&User=u&DeviceId=GOOD&DeviceType=p?a"),
        *(f"{V140}&DeviceId=A", f"DeviceId=A&{V140}", f"{V140}=A", f"{V140}&", f"{V140}x", V140[:-4], V140),
        *("User=x&DEVICEID=TIKTOK1&deviceType=x&cMD=sYNC&", "Cmd=Ping&DeviceId=My%20Phone", "DeviceId=%7Bab-cd%7D"),
        *("DeviceId=J%C3%9CRGENS", "DeviceId=" + "X" * 500, "DeviceId=" + "%C3%9F" * 180, "DeviceId=a%7cb%20c"),
        *("Cmd=Sync&User=u&DeviceId=CLEAN1&DeviceType=Outlook", "Cmd=Sync&DeviceId=TIKTOK1&DeviceType=outLOOK"),
        *("Cmd=Sync&DeviceId=TIKTOK1&DeviceType=OldPhone", "Cmd=Sync&DeviceId=TIKTOK1&DeviceType=Old%50hone"),
        *("=", "&", "a=b", "DeviceId", "DeviceId=GOOD", "Cmd=Sync&User=u&DeviceId=NOBODYS&DeviceType=p"),
    ]
    for query in queries:
        asks(read, query)
    for command in ("Sync", "FolderSync", "Ping", "Provision", "SendMail", "sync", "Nonsense", ""):
        for version in (b"14.0", b"14.1", b"16.1", b"12.1", b"2.5", b"", b"x", b"141", b"99.9"):
            asks(read, plain("TIKTOK1", command).partition(b"?")[2], version=version)
    for code in range(30):
        for spoken in (121, 140, 161):
            asks(read, encoded(b"TIKTOK1", code, spoken).partition("?")[2])
    for name in (b"v140Device", b"\xfb\xff\xbf" * 5, bytes(range(16)), b"x", b"\xff" * 255, "j\u00fcrgens".encode()):
        for spelling in spellings(encoded(name, code=18, key=b"\1\2\3\4", rest=b"\x07\x01\x02")):
            asks(read, spelling.partition("?")[2])
    for odd in (packed(b""), packed(b"a", version=25), packed(b"a", rest=b"\x07"), packed(b"a", rest=b"\x07\x05a")):
        asks(read, base64.b64encode(odd))
    assert {"clear", "warned", "blocked", "unknown", "unidentified", "shared", "foreign"} <= read.seen.keys()


def test_the_users_of_credentials(read: Read) -> None:
    """I-1: every way to write a user: case, domains, alphabets, padding, other schemes, what is no credential."""
    for user in USERS:
        for name in DEVICES:
            asks(read, plain(name).partition(b"?")[2], basic(user))
    for credentials in ODD_CREDENTIALS:
        for name in ("CLEAN1", "BOBS1", "j%C3%BCrgens"):
            asks(read, plain(name).partition(b"?")[2], credentials)
    assert read.seen["passed-on"]


def test_methods_and_headers_sent_twice(read: Read) -> None:
    """I-1: OPTIONS passes however it is written, no other method does, and a header twice is unidentified."""
    for method in (b"POST", b"post", b"GET", b"HEAD", b"PUT", b"PROPFIND", b"OPTIONS", b"options"):
        for name in ("CLEAN1", "TIKTOK1"):
            read.both(method, plain(name), (b"Authorization", ALICE))
    version = (b"MS-ASProtocolVersion", b"14.1")
    for headers in (
        ((b"Authorization", ALICE), (b"Authorization", ALICE), version),
        ((b"Authorization", ALICE), (b"authorization", basic("bob")), version),
        ((b"Authorization", ALICE), version, version),
        ((b"authorization", ALICE), version),
        (version,),
    ):
        for name in ("CLEAN1", "TIKTOK1"):
            read.both(b"POST", plain(name), *headers)


@settings(max_examples=200)
@given(QUERIES)
@example("User=x?DeviceId=BAD&DeviceId=GOOD&DeviceType=p&Cmd=Sync")
@example(f"Cmd=Sync&User=x&DeviceId=GOOD&DeviceType=p?{V140}")
def test_hostile_queries(read: Read, query: str) -> None:
    """I-1, I-30: what a blocked phone may put together is read as the door reads it."""
    asks(read, query.encode())


LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=100)
@given(LETTERS | st.text("aA@\\.\u00df\u0130\ufb01\u1e9e", max_size=8), st.binary(max_size=12), st.binary(max_size=40))
def test_random_bytes(read: Read, user: str, name: bytes, query: bytes) -> None:
    """I-1: any user, any id in the base64 form, any query."""
    asks(read, encoded(name).partition("?")[2], basic(user))
    asks(read, query.replace(b"\n", b"").replace(b"\r", b"").replace(b" ", b""))
