"""HAProxy knows users and devices as the door does: by certificates, headers and tokens beside Basic credentials."""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.doors.credentials import LONGEST_CERTIFICATE, MOST_BRACKETS, OF_NOTHING
from gatepost.doors.request import Sources
from tests.doors.asking import BLOCKED, BOBS, CLEAN, EVERY, NEW, certified, signed, token
from tests.doors.haproxy.gate import a_gate
from tests.doors.haproxy.test_reading import ODD_CREDENTIALS, RULES, Read, showing
from tests.doors.site import V140, basic, device, plain
from tests.doors.test_certificates import pem

pytestmark = pytest.mark.needs("haproxy")

ALICE, BOB = "alice@example.com", "bob@example.com"
KNOWN = (
    certified(CLEAN, "CLEAN1", ALICE),
    certified(BLOCKED, "TIKTOK1", ALICE, rule=1),
    device("BOB1", BOB),
    certified(BOBS, "BOB1", BOB),
    device("\u00e4\u00df", "m\u00fcller"),
)

KINDS: Final[dict[str, tuple[str, Sources]]] = {
    "everything": ("strict", EVERY),
    "everything, mildly": ("mild", EVERY),
    "in another order": ("strict", EVERY._replace(users=("bearer", "header", "certificate", "basic"))),
    "tokens alone": ("strict", Sources(("bearer",), bearer_claim="sub")),
    "a header alone": ("strict", Sources(("header",), user_header="X-Remote-User")),
    "certificates for devices": ("strict", EVERY._replace(users=("basic",), user_header="", bearer_claim="")),
}


@pytest.fixture(scope="module", params=KINDS)
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    rules, sources = KINDS[request.param]
    told: dict[str, Any] = {name: getattr(sources, name) for name in ("users", "user_header", "certificates")}
    told |= {"bearer_claim": sources.bearer_claim} if sources.bearer_claim else {}
    gate = a_gate(tmp_path_factory.mktemp("ha"), *KNOWN, rules=RULES[rules], **told)
    with showing(gate):
        yield Read(gate, sources._replace(shared_types=frozenset({"outlook"})))


def asks(read: Read, *headers: tuple[bytes, bytes], target: bytes = plain("CLEAN1"), method: bytes = b"POST") -> None:
    sent = [header for header in headers if header[1]]
    read.both(method, target, *sent, (b"MS-ASProtocolVersion", b"14.1"))


def shown(value: str | bytes) -> tuple[bytes, bytes]:
    return b"X-Gatepost-Certificate", value.encode() if isinstance(value, str) else value


def credentials(value: bytes) -> tuple[bytes, bytes]:
    return b"Authorization", value


def remote(value: str | bytes) -> tuple[bytes, bytes]:
    return b"X-Remote-User", value.encode() if isinstance(value, str) else value


PEM = pem(b"clean")
CERTIFICATES = (
    *("", CLEAN, CLEAN.upper(), BLOCKED, BOBS, NEW, OF_NOTHING, "0" * 63, "g" * 64, "0" * 65, " "),
    *(
        quote(PEM),
        quote(PEM, safe=""),
        PEM.replace("\n", " "),
        quote(pem(b"blocked")),
        quote(PEM + PEM),
        quote(PEM)[:-9],
    ),
    *(
        quote(PEM.replace("=", "")),
        quote(PEM.replace("=", "==")),
        quote(PEM.replace("=", "=====")),
        quote("-----BEGIN CERTIFICATE-----"),
        "%00",
    ),
    *(quote(PEM.replace("CERTIFICATE", "PRIVATE KEY")), quote(pem(b"x" * 900)), "-" * 200),
)
REMOTES = ("", ALICE, "ALICE", BOB, "EXAMPLE\\alice", "m\u00fcller".encode("latin-1"), "M\u00dcLLER", "a b", "\u0130")
TOKENS = (
    *(b"", b"Bearer", b"Bearer x", b"bearer a.b.c", b"Bearer ..", b"Bearer a.!.c", b"Bearerish a.b.c"),
    *(
        token(preferred_username=name, sub=name)
        for name in (ALICE, BOB, "ALICE@example.com", "corp\\bob", "m\u00fcller")
    ),
    *(token(preferred_username=value, sub=value) for value in ("", None, 1, ["x"], {"a": "b"}, "a\nb", "\u0130", True)),
    *(token(other="x"), token(), b"Bearer  " + token(preferred_username=ALICE, sub=ALICE)[7:] + b"  "),
    *(token(preferred_username=ALICE, sub=ALICE) + b".x", token(sub=ALICE).replace(b".", b"", 1)),
)
DEVICES = ("CLEAN1", "TIKTOK1", "WARNED1", "BOB1", "SHARED1", "NOBODY", "%C3%A4%C3%9F")
AUTHORIZATIONS = (*TOKENS, basic(ALICE), basic(BOB), basic("ALICE"), b"Basic !!", b"Negotiate x")


def test_every_certificate_with_every_device(read: Read) -> None:
    """I-1: recognised ahead of the claimed id; another's id or another's credentials are a mismatch; in no inventory it
    is unknown; unreadable it is unidentified; and nothing where nobody was told to believe it."""
    for certificate in CERTIFICATES:
        for name in DEVICES:
            for authorization in (basic(ALICE), basic(BOB), token(preferred_username=ALICE, sub=ALICE), b""):
                asks(read, shown(certificate), credentials(authorization), target=plain(name))
    for claim in (
        f"/Microsoft-Server-ActiveSync?{V140}".encode(),
        b"/Microsoft-Server-ActiveSync?Cmd=Sync",
        plain("a+b"),
    ):
        asks(read, shown(CLEAN), credentials(basic(ALICE)), target=claim)
    asks(read, shown(CLEAN), credentials(basic(ALICE)), target=plain("BOB1").replace(b"iPhone", b"Outlook"))
    asks(read, shown(CLEAN), credentials(b""), method=b"OPTIONS")
    asks(read, shown("x"), credentials(b""), method=b"OPTIONS")
    if read.gate.front.certificates:
        assert {"clear", "blocked", "mismatch", "unknown", "unidentified"} <= read.seen.keys()
    else:
        assert "mismatch" not in read.seen


def test_every_user_by_every_source(read: Read) -> None:
    """I-1: the first source that a request has; sources that contradict each other, or cannot be read, are nobody."""
    for authorization in (*AUTHORIZATIONS, *ODD_CREDENTIALS):
        for name in REMOTES:
            for certificate in ("", CLEAN):
                asks(read, credentials(authorization), remote(name), shown(certificate))
    assert {"clear", "unidentified", "passed-on"} <= read.seen.keys()


def test_a_header_sent_twice(read: Read) -> None:
    """I-1: what is believed must be there once."""
    for header in (remote(ALICE), shown(CLEAN), credentials(basic(ALICE)), credentials(token(sub=ALICE))):
        read.both(b"POST", plain("CLEAN1"), credentials(basic(ALICE)), header, header)
        read.both(b"POST", plain("CLEAN1"), header, (header[0].lower(), b"x"))
    assert read.seen["unidentified"]


VALUES = st.sampled_from(CERTIFICATES), st.sampled_from(AUTHORIZATIONS), st.sampled_from(REMOTES)


@settings(max_examples=60)
@given(*VALUES, st.sampled_from(DEVICES), st.sampled_from(["iPhone", "Outlook"]), st.sampled_from([b"POST", b"GET"]))
def test_random_requests(
    read: Read, certificate: str, authorization: bytes, name: str | bytes, asked: str, kind: str, method: bytes
) -> None:
    """I-1: whatever comes together."""
    target = plain(asked).replace(b"iPhone", kind.encode())
    asks(read, shown(certificate), credentials(authorization), remote(name), target=target, method=method)


# --- tokens

JSON = (
    *('{"c": "x", "c": "y"}', '{"c": "x", "a": {"b": 1, "b": 2}}', '{"c": "x",}', "{'c': 'x'}", '{"c": "x"} {', "null"),
    *(
        '{"c": "\\ud83d\\ude00"}',
        '{"c": "\\ud83d"}',
        '{"c": "\\ude00\\ud83d"}',
        '{"c": "\\ud83dx"}',
        '{"c": "\\ud83d\\u0041"}',
    ),
    *(
        '{"c": "\\u00fc"}',
        '{"c": "\\x41"}',
        '{"c": "\\u12"}',
        '{"c": "a\tb"}',
        '{"c": "a\x7fb"}',
        '{"c": "\\b"}',
        '{"\\u0063": "x"}',
    ),
    *(
        '{"c": "x", "n": 01}',
        '{"c": "x", "n": 1.}',
        '{"c": "x", "n": -0.5e+7}',
        '{"c": "x", "n": -}',
        '{"c": "x", "n": .5}',
    ),
    *(
        '{"c": "x", "n": NaN}',
        '{"c": "x", "n": -Infinity}',
        '{"c": "x", "n": +1}',
        '{"c": "x", "n": nullx}',
        '{"c": "x", "n": 1e}',
    ),
    *(
        ' \r\n\t{ "c" : "x" , "n" : [ ] , "m" : { } } \n',
        '\ufeff{"c": "x"}',
        '\u00a0{"c": "x"}',
        '{"c": "x"}\x0b',
        "",
        "{",
        '{"c"',
    ),
    *(
        '{"c": "x", "n": [1, 2,]}',
        '{"c": "x", "n": [1 2]}',
        '{"c": "x", "n": [[], {}, "", true]}',
        '{"c": "x" "n": 1}',
        "[]",
    ),
    *('{"c": "x", "n": %s}' % ("9" * digits) for digits in (4300, 4301)),
    *('{"c": "x", "n": %s.5}' % ("9" * 4301), '{"c": "x", "n": %s}' % ("[" * MOST_BRACKETS + "]" * MOST_BRACKETS)),
    '{"c": "x", "n": %s}' % ("[" * (MOST_BRACKETS - 1) + "]" * (MOST_BRACKETS - 1)),
    '{"c": "x", "n": "%s"}' % ("a" * 9000),
)
SIGNS = st.text('{}[]",:\\/ue0d8abfnrt 1.-+E\n\t\x00\u00fc', max_size=30)


def payload(read: Read, text: str) -> bytes:
    """A token with this text, in which c stands for the claim that this door reads."""
    claim = json.dumps(read.gate.front.bearer_claim)
    return signed(text.replace('"c"', claim).encode("utf-8", "surrogatepass"))


def test_the_claims_of_tokens(read: Read) -> None:
    """I-1, I-30: JSON is read to the letter, as the door reads it: what has two readings names nobody."""
    for text in JSON:
        asks(read, credentials(payload(read, text)))
    asks(read, credentials(signed(b'{"preferred_username": "\xff", "sub": "\xff"}')))
    asks(read, credentials(signed(b'{"preferred_username": "\xed\xa0\x80", "sub": "\xed\xa0\x80"}')))
    head, _, rest = signed(b'{"sub": "x"}').partition(b".")
    for body in (b"A", rest.partition(b".")[0] + b"A", rest.partition(b".")[0] + b"==", b"e30", b"ez", b"e31"):
        asks(read, credentials(head + b"." + body + b".x"))
    if "bearer" in read.gate.front.users:
        assert {"foreign", "unidentified"} <= read.seen.keys()


@settings(max_examples=50)
@given(SIGNS, st.booleans())
def test_random_claims(read: Read, text: str, whole: bool) -> None:
    """I-30: any text where a value, or a whole object, should be."""
    asks(read, credentials(payload(read, f'{{"c": {text}}}' if whole else text)))


@settings(max_examples=25)
@given(st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.none() | st.floats() | st.text(max_size=5)))
def test_random_names_in_claims(read: Read, name: str, others: dict[str, Any]) -> None:
    """I-1: whatever a user is called, and whatever else a token says."""
    claims = json.dumps(others | {read.gate.front.bearer_claim: name})
    asks(read, credentials(signed(claims.encode())))
    asks(read, credentials(signed(json.dumps(json.loads(claims), ensure_ascii=False).encode("utf-8", "replace"))))


def test_a_certificate_that_is_very_long(read: Read) -> None:
    """I-30: HAProxy takes no header so long that the door would not read it."""
    body = base64.b64encode(b"x" * LONGEST_CERTIFICATE).decode()
    asks(read, shown(f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----"))
    assert read.seen["no HTTP"]
