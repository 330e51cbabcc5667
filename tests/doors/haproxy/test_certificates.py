"""Devices that a real HAProxy knows by the client certificates that it verified."""

import contextlib
import hashlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.check import Check
from gatepost.doors.fronts import FrontUnfit, files
from gatepost.doors.haproxy.seen import Seen
from gatepost.doors.judge import DoorRules
from gatepost.doors.request import Sources
from gatepost.doors.sessions.haproxy import HaproxySessions
from gatepost.doors.sightings import Sightings
from tests.doors.asking import certified, sent
from tests.doors.haproxy.gate import Gate, a_gate, a_mail_server, until
from tests.doors.site import Entry, basic, device, plain
from tests.servers import haproxy
from tests.servers.certificates import Authority, Certificate
from tests.servers.front import a_front
from tests.servers.long_polls import LongPolls

pytestmark = pytest.mark.needs("haproxy")

ALICE, BOB = "alice@example.com", "bob@example.com"
RULES = DoorRules("block", "block", mode="enforce")
BLOCKED = (200, REFUSAL_129["Sync"])
USERS = ("basic", "certificate")


@dataclass(frozen=True)
class Phones:
    """Who has a certificate of the authority that HAProxy trusts, and one of another's. `own`: HAProxy's."""

    authority: Authority
    own: Certificate
    made: dict[str, Certificate]

    def fingerprint(self, name: str) -> str:
        pem = self.made[name].file.read_text()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def inventory(self) -> tuple[Entry, ...]:
        return (
            certified(self.fingerprint("clean"), "CLEAN1", ALICE),
            certified(self.fingerprint("blocked"), "TIKTOK1", ALICE, rule=1),
            device("BOB1", BOB),
        )

    def settings(self) -> dict[str, Any]:
        own = {"tls_certificate": self.own.file, "tls_key": self.own.key, "client_ca": self.authority.file}
        return own | {"users": USERS, "certificates": True}

    def context(self, name: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.file)
        if name:
            context.load_cert_chain(self.made[name].file, self.made[name].key)
        return context


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Phones:
    home = tmp_path_factory.mktemp("authority")
    authority, other = Authority(home / "ours"), Authority(home / "another")
    made = {name: authority.certificate(name) for name in ("clean", "blocked", "stranger")}
    return Phones(authority, authority.certificate("server"), made | {"forged": other.certificate("clean")})


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, phones: Phones) -> Iterator[Gate]:
    with a_mail_server() as port:
        gate = a_gate(
            tmp_path_factory.mktemp("ha"), *phones.inventory(), backend=port, rules=RULES, **phones.settings()
        )
        with gate.running():
            yield gate


def ask(
    gate: Gate, phones: Phones, name: str, target: bytes = plain("CLEAN1"), user: str = ALICE, **more: str
) -> tuple[int, bytes]:
    """A phone that shows this certificate ("" for none) asks for mail: status and body. `more`: headers."""
    headers = {"MS-ASProtocolVersion": "14.1"} | {key.replace("_", "-"): value for key, value in more.items()}
    headers |= {"Authorization": basic(user).decode()} if user else {}
    connection = http.client.HTTPSConnection("localhost", gate.port, timeout=10, context=phones.context(name))
    with contextlib.closing(connection):
        connection.request("POST", target.decode(), b"", headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def let_in(answer: tuple[int, bytes]) -> bool:
    return answer[0] in (200, 401) and answer[1].startswith(b"mail ")


def test_a_certificate_recognises_the_device(gate: Gate, phones: Phones) -> None:
    """Ahead of the claimed id, in both forms of the query; without credentials the user is the device's owner."""
    for claimed in ("CLEAN1", "NOBODY"):
        assert let_in(ask(gate, phones, "clean", plain(claimed)))
        assert ask(gate, phones, "blocked", plain(claimed)) == BLOCKED
    assert let_in(ask(gate, phones, "clean", user=""))
    assert ask(gate, phones, "blocked", plain("TIKTOK1"), user="") == BLOCKED
    assert ask(gate, phones, "clean", plain("BOB1")) == BLOCKED
    assert ask(gate, phones, "clean", user=BOB) == BLOCKED
    assert ask(gate, phones, "stranger") == BLOCKED
    assert let_in(ask(gate, phones, ""))
    assert ask(gate, phones, "", plain("NOBODY")) == BLOCKED


def test_it_answers_as_the_door_does(gate: Gate, phones: Phones) -> None:
    """I-1: for every certificate with every claimed device and every user, what the door's own check answers."""
    check = Check(gate.judge, sources=Sources(USERS, certificates=True))
    seen = set()
    for name in ("", "clean", "blocked", "stranger"):
        for claimed in ("CLEAN1", "TIKTOK1", "WARNED1", "BOB1", "NOBODY", "a+b"):
            for user in (ALICE, BOB, ""):
                fingerprint = phones.fingerprint(name).encode() if name else b""
                asked = sent(plain(claimed), basic(user) if user else b"", x_gatepost_certificate=fingerprint)
                event = check.answer(asked)
                assert let_in(ask(gate, phones, name, plain(claimed), user)) == (event["status"] == 204)
                seen.add(dict(event["headers"])[b"x-gatepost-reason"].decode())
    assert {"clear", "blocked", "warned", "mismatch", "unknown", "unidentified", "foreign", "passed-on"} <= seen


def test_only_a_verified_certificate_counts(gate: Gate, phones: Phones) -> None:
    """One of another authority ends the connection; a header that names one is not believed; and where somebody told
    HAProxy to let what does not verify pass, it still is no certificate."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(gate, phones, "forged")
    clean, nobody = phones.fingerprint("clean"), plain("NOBODY")
    assert ask(gate, phones, "", nobody, X_Gatepost_Certificate=clean) == BLOCKED
    assert ask(gate, phones, "blocked", nobody, X_Gatepost_Certificate=clean) == BLOCKED


def test_what_did_not_verify_is_no_certificate(tmp_path: Path, phones: Phones) -> None:
    """HAProxy may be told to let it in: it is not looked up even so, if its fingerprint is in the inventory too."""
    entry = certified(phones.fingerprint("forged"), "CLEAN1", ALICE)
    with a_mail_server() as port:
        gate = a_gate(tmp_path, entry, backend=port, rules=RULES, **phones.settings())
        config = haproxy.write(gate.front, tmp_path)
        config.write_text(config.read_text().replace("verify optional", "verify optional crt-ignore-err all"))
        with haproxy.running(config, gate.front):
            gate.settle()
            assert ask(gate, phones, "forged", plain("NOBODY")) == BLOCKED
            assert let_in(ask(gate, phones, "forged"))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_resumed_session_shows_its_certificate(gate: Gate, phones: Phones, version: ssl.TLSVersion) -> None:
    """A phone that comes back to its TLS session sends no certificate again, and is known all the same."""
    context = phones.context("blocked")
    context.maximum_version = version
    session: ssl.SSLSession | None = None
    resumed = []
    for _ in range(3):
        with (
            socket.create_connection(("127.0.0.1", gate.port), timeout=10) as bare,
            context.wrap_socket(bare, server_hostname="localhost", session=session) as line,
        ):
            head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: %b\r\n\r\n"
            line.sendall(head % (plain("NOBODY"), basic(ALICE)))
            answer = b""
            while got := line.recv(1 << 16):
                answer += got
            assert b"company mail" in answer, "blocked, in the words for an old protocol"
            resumed.append(line.session_reused)
            session = line.session
    assert any(resumed)


def test_sightings_and_open_requests_name_the_certificate(tmp_path: Path, phones: Phones) -> None:
    """I-28: what is told of a request, and of one that is held open, is the certificate, ahead of the claimed id; a
    mismatch is told as one."""
    rules = DoorRules("allow", "allow", mode="enforce")
    with LongPolls() as held:
        settings = phones.settings()
        gate = a_gate(tmp_path, *phones.inventory(), backend=held.port, rules=rules, **settings)
        sightings = Sightings(gate.judge)
        seen = Seen(tmp_path / "maps", sightings)
        listening = threading.Thread(target=seen.run)
        listening.start()
        with gate.running():
            asked = [("clean", "BOB1"), ("clean", "NOBODY")]
            waiting = [
                threading.Thread(target=ask, args=(gate, phones, name, plain(claimed, "Ping")))
                for name, claimed in asked
            ]
            for thread in waiting:
                thread.start()
            sessions = HaproxySessions(tmp_path / "haproxy.sock")
            until(lambda: len(sessions.sessions()) == 2)
            found = sorted(sessions.sessions(), key=lambda session: session.keys)
            assert {session.certificate for session in found} == {phones.fingerprint("clean")}
            assert [session.keys for session in found] == [(b"e:bob1",), (b"e:nobody",)]
            reasons = [gate.judge.reason(one.keys, one.user, one.certificate) for one in found]
            assert reasons == ["mismatch", "clear"]
            held.wait(2)
            held.release()
            for thread in waiting:
                thread.join()
            until(lambda: len(sightings.owed()) == 1)
        seen.close()
        listening.join(5)
    (told,) = sightings.owed()
    assert (told.login, told.kind, told.identity) == (ALICE, "certificate", phones.fingerprint("clean"))
    assert told.reason in ("mismatch", "clear")  # the newest of the two


@pytest.mark.parametrize(
    "lacking",
    [{"client_ca": None}, {"tls_certificate": None, "tls_key": None}, {"tls_key": None}, {"client_ca": "/a b"}],
)
def test_who_verifies_must_be_clear(phones: Phones, tmp_path: Path, lacking: dict[str, Any]) -> None:
    """HAProxy verifies, or what stands before it does: half of the settings is refused, not guessed at."""
    settings = phones.settings() | {name: value and Path(value) for name, value in lacking.items()}
    with pytest.raises(FrontUnfit):
        files("haproxy", haproxy.placed(a_front(8443, 8181, 20000, **settings), tmp_path))
