"""A device known by its client certificate, at ActiveSync and at web applications."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.doors.activesync import Unidentified
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from gatepost.doors.credentials import LONGEST_CERTIFICATE, fingerprint
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.report import Sighting
from gatepost.doors.request import TARGET, WEB, Headers, Sources
from gatepost.doors.sightings import Sightings
from tests.doors.asking import ALICE, BLOCKED, BOB, CLEAN, EVERY, MILD, NEW, STRICT, check_of, opened, reason, sent
from tests.doors.site import plain
from tests.doors.test_check import ask


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    copy = opened(tmp_path / "door")
    yield copy
    copy.close()


def test_a_certificate_recognises_its_device(copy: Copy) -> None:
    """A verified certificate's device is recognised without any id, with its own, and with one that nobody knows."""
    check = check_of(copy)
    for uri in (plain("CLEAN1"), plain("NOBODY"), plain("clean1")):
        assert reason(check, sent(uri, x_gatepost_certificate=CLEAN.encode())) == (204, "clear")
        assert reason(check, sent(uri, x_gatepost_certificate=CLEAN.upper().encode())) == (204, "clear")
    for uri in (plain("TIKTOK1"), plain("NOBODY")):
        assert reason(check, sent(uri, x_gatepost_certificate=BLOCKED.encode())) == (403, "blocked")


def test_a_certificate_that_contradicts_the_claim_is_a_mismatch(copy: Copy) -> None:
    """Another device's id, or another person's credentials, beside a certificate: mismatch, answered as unidentified;
    never milder than what the certificate's own device, or the claimed one, would get."""
    for rules, status in ((STRICT, 403), (MILD, 204)):
        check = check_of(copy, rules)
        assert reason(check, sent(plain("BOB1"), x_gatepost_certificate=CLEAN.encode())) == (status, "mismatch")
        assert reason(check, sent(plain("CLEAN1"), BOB, x_gatepost_certificate=CLEAN.encode())) == (status, "mismatch")
    strict, mild = check_of(copy), check_of(copy, MILD)
    assert reason(strict, sent(plain("WARNED1"), x_gatepost_certificate=CLEAN.encode())) == (403, "mismatch")
    assert reason(mild, sent(plain("WARNED1"), x_gatepost_certificate=CLEAN.encode())) == (204, "warned")
    assert reason(mild, sent(plain("CLEAN1"), x_gatepost_certificate=BLOCKED.encode())) == (403, "blocked")
    assert reason(mild, sent(plain("TIKTOK1"), x_gatepost_certificate=CLEAN.encode())) == (403, "blocked")


def test_a_certificate_in_no_inventory_is_an_unknown_device(copy: Copy) -> None:
    """`on_unknown` answers it, and it makes no claimed device's answer milder."""
    strict, mild = check_of(copy), check_of(copy, MILD)
    assert reason(strict, sent(plain("CLEAN1"), x_gatepost_certificate=NEW.encode())) == (403, "unknown")
    assert reason(mild, sent(plain("CLEAN1"), x_gatepost_certificate=NEW.encode())) == (204, "unknown")
    assert reason(mild, sent(plain("TIKTOK1"), x_gatepost_certificate=NEW.encode())) == (403, "blocked")


def test_a_certificate_names_its_owner_where_it_is_listed(copy: Copy) -> None:
    """Without other credentials the user is whoever the certificate's device belongs to; not listed, nobody is."""
    owner = sent(authorization=b"", x_gatepost_certificate=CLEAN.encode())
    assert reason(check_of(copy), owner) == (204, "clear")
    assert reason(check_of(copy), sent(plain("TIKTOK1"), b"", x_gatepost_certificate=BLOCKED.encode())) == (
        403,
        "blocked",
    )
    assert reason(check_of(copy), sent(plain("CLEAN1"), b"", x_gatepost_certificate=NEW.encode())) == (403, "unknown")
    unlisted = Sources(users=("basic",), certificates=True)
    assert reason(check_of(copy, sources=unlisted), owner) == (204, "passed-on")


def test_without_certificates_the_header_is_not_seen(copy: Copy) -> None:
    """A door that takes no certificates is not moved by a client's own header, whatever stands in it."""
    check = check_of(copy, sources=Sources())
    for value in (CLEAN.encode(), BLOCKED.encode(), b"garbage"):
        assert reason(check, sent(plain("CLEAN1"), x_gatepost_certificate=value)) == (204, "clear")
        assert reason(check, sent(plain("TIKTOK1"), x_gatepost_certificate=value)) == (403, "blocked")
    assert reason(check_of(copy), sent(x_gatepost_certificate=b"garbage")) == (403, "unidentified")
    twice = [*sent(x_gatepost_certificate=CLEAN.encode()), (b"x-gatepost-certificate", BLOCKED.encode())]
    assert reason(check_of(copy), twice) == (403, "unidentified")


def pem(der: bytes) -> str:
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


@given(st.binary(min_size=1, max_size=400))
def test_every_spelling_of_a_certificate_has_one_fingerprint(der: bytes) -> None:
    """nginx percent-encodes a certificate, others send its fingerprint, or fold its lines: one device."""
    expected = hashlib.sha256(der).hexdigest()
    text = pem(der)
    spellings = [expected, expected.upper(), text, quote(text, safe=""), quote(text), text.replace("\n", " ")]
    assert {fingerprint(spelling.encode()) for spelling in spellings} == {expected}


def test_no_certificate_is_none() -> None:
    """An empty header, and the SHA-256 of nothing, which Caddy sends for a client without a certificate."""
    assert fingerprint(b"") == ""
    assert fingerprint(hashlib.sha256().hexdigest().encode()) == ""


@pytest.mark.parametrize(
    "value",
    [
        b"0" * 63,
        b"0" * 65,
        b"g" * 64,
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA=AAA\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        (pem(b"one") + pem(b"two")).encode(),
        b"x" * (LONGEST_CERTIFICATE + 1),
        pem(b"x" * LONGEST_CERTIFICATE).encode(),
        b"\xff\x00",
    ],
)
def test_a_certificate_that_cannot_be_read_is_unidentified(value: bytes) -> None:
    """I-30: two certificates, none, a cut one, one without end: nobody's."""
    assert isinstance(fingerprint(value), Unidentified)


def test_a_mismatch_is_recorded(copy: Copy) -> None:
    """The site hears with whose certificate somebody came, as whom, and that the two do not fit."""
    judge = Judge(copy, STRICT, "mail")
    sightings = Sightings(judge)
    check = Check(judge, sightings.note, EVERY)
    check.answer(sent(plain("BOB1"), x_gatepost_certificate=CLEAN.encode(), user_agent=b"iOS/18"))
    check.answer(sent(b"/x?Cmd=Sync&User=a&DeviceId=CACHE1&DeviceType=Outlook"))
    mismatch, shared = sightings.owed()
    assert mismatch._replace(first=0, last=0) == Sighting(
        "alice@example.com", "certificate", CLEAN, "iPhone", "iOS/18", 0, 0, "mismatch", "block"
    )
    assert (shared.kind, shared.identity, shared.device_type, shared.reason) == ("", "", "Outlook", "shared")


# --- web applications

DESKTOP = b"Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
PHONE = b"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/138.0 Mobile Safari/537.36"


def web(authorization: bytes = b"", agent: bytes = DESKTOP, **more: bytes) -> Headers:
    return sent(b"/SOGo/so/alice/Mail", authorization, b"GET", user_agent=agent, **more)


def test_a_browser_without_a_certificate(copy: Copy) -> None:
    """`on_browser` answers it; one that says it is on a phone or tablet, or says nothing, is unidentified: never
    identified. Who asks for the desktop's pages gets by, which the page says."""
    forbidding = DoorRules("block", "allow", mode="enforce", on_browser="block")
    for rules, browser, unidentified in ((STRICT, 204, 403), (forbidding, 403, 204)):
        check = check_of(copy, rules)
        assert reason(check, web(), "/check-web") == (browser, "browser")
        assert reason(check, web(ALICE), "/check-web") == (browser, "browser")
        for phone in (
            web(agent=PHONE),
            web(agent=b""),
            web(agent=b"DAVx5/4.4 (2025/01/01; okhttp) Android/15"),
            web(agent=b"iOS/18.1 (22B83) dataaccessd/1.0"),
            web(agent=b"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1 Version/12.1 Safari/604.1"),
            web(sec_ch_ua_mobile=b"?1"),
        ):
            assert reason(check, phone, "/check-web") == (unidentified, "unidentified")


def test_a_web_application_knows_a_device_by_its_certificate(copy: Copy) -> None:
    """Whatever browser it is: the certificate's device is let in or refused; it must be the user's, if one is named."""
    check = check_of(copy)
    for agent in (DESKTOP, PHONE, b""):
        assert reason(check, web(agent=agent, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (204, "clear")
        assert reason(check, web(agent=agent, x_gatepost_certificate=BLOCKED.encode()), "/check-web") == (
            403,
            "blocked",
        )
        assert reason(check, web(agent=agent, x_gatepost_certificate=NEW.encode()), "/check-web") == (403, "unknown")
    assert reason(check, web(BOB, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (403, "mismatch")
    assert reason(check, web(ALICE, x_gatepost_certificate=CLEAN.encode()), "/check-web") == (204, "clear")
    told = ask(check, web(x_gatepost_certificate=BLOCKED.encode()), "/check-web")[1]
    assert (told["command"], told["generation"]) == ("other", "12")


def test_no_client_makes_a_request_one_to_a_web_application(copy: Copy) -> None:
    """Which kind it is says the question's path, that only the proxy writes."""
    check = check_of(copy, MILD)
    assert reason(check, [*sent(plain("TIKTOK1")), (b"web", b""), (b"x-gatepost-kind", b"web")]) == (403, "blocked")
    assert WEB[0].startswith(b":")
    assert TARGET.startswith(b":"), "no name of a header (RFC 9110, 5.1), so no client can send it"
