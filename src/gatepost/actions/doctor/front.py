"""Is the door before the mail server at all, and does its proxy do what the door says?

A made-up login asks for mail through the proxy; the door refuses it for the doctor (doors/probe), so that nothing of it
reaches the mail server unless the door is not before it: there it would be one failed login of a user who is not.
"""

import base64
import http.client
import secrets
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from gatepost.actions.doctor.finding import Finding, fail, ok, skipped
from gatepost.actions.glass import stance_of
from gatepost.actions.site import Site
from gatepost.clock import boot_elapsed, pause
from gatepost.config.kinds import Address
from gatepost.config.settings import DoorProcess
from gatepost.doors import probe
from gatepost.doors.activesync import REFUSAL_129

PATH: Final = "/Microsoft-Server-ActiveSync"
TIMEOUT: Final = 5.0
"""Seconds: a proxy waits at most 2 for its door."""

TAKEN_WITHIN: Final = 2000
"""Milliseconds until a door that runs has seen what the doctor asks of it."""

TOLD_WITHIN: Final = 1000
"""Milliseconds until HAProxy has told a door whom it saw."""

_LONGEST_BODY: Final = 65_536


class Answer(NamedTuple):
    """What a proxy said: `status` 0 if it said nothing that is HTTP, `found` then says what happened."""

    status: int
    retry_after: str
    body: bytes
    found: str

    @property
    def refuses(self) -> bool:
        """As a phone understands it: Status 129 in a body, or HTTP 403."""
        return self.status == 403 or (self.status == 200 and self.body in REFUSAL_129.values())


class _Forms(NamedTuple):
    """How the same made-up phone asks: plainly, in base64, and without naming a device."""

    plain: str
    base64: str
    nameless: str


def examine(site: Site, name: str, process: DoorProcess) -> Iterator[Finding]:
    login = f"gatepost-doctor-{secrets.token_hex(8)}"
    authorization = "Basic " + base64.b64encode(f"{login}:{secrets.token_hex(8)}".encode()).decode("ascii")
    forms = _forms(login)
    try:
        with _asking(process, authorization, "block") as taken:
            if not taken:
                yield skipped("asked", "the door did not take up the doctor's request", "See its log.", door=name)
                return
            if process.haproxy_files:
                yield from _by_maps(site, name, process, authorization, forms)
                return
            yield _asked("asked", name, process, authorization, forms.plain, "unknown")
            yield _asked("base64", name, process, authorization, forms.base64, "unknown")
            yield _asked("no-device", name, process, authorization, forms.nameless, "unidentified")
        with _asking(process, authorization, "undecided"):
            yield _cannot_decide(site, name, process, authorization, forms)
    except OSError as error:
        todo = "Run the doctor on the door's machine, as the user of the door or as root."
        yield skipped("asked", f"nothing can be asked of the door: {error}", todo, door=name)


@contextmanager
def _asking(process: DoorProcess, authorization: str, answer: probe.Refused) -> Iterator[bool]:
    """Have the door refuse this header for a moment. Whether the running door does."""
    name = probe.ask(process.table, authorization.encode(), answer)
    try:
        started = boot_elapsed()
        while not (taken := stance_of(process.listen).get("probe") == name) and boot_elapsed() - started < TAKEN_WITHIN:
            pause(0.02)
        yield taken
    finally:
        probe.forget(process.table)


def _by_maps(site: Site, name: str, process: DoorProcess, authorization: str, forms: _Forms) -> Iterator[Finding]:
    """HAProxy decides by itself and tells the door whom it saw."""
    declared = {"unknown": site.settings.door.on_unknown, "unidentified": site.settings.door.on_unidentified}
    for check, uri, reason in (
        ("asked", forms.plain, "unknown"),
        ("base64", forms.base64, "unknown"),
        ("no-device", forms.nameless, "unidentified"),
    ):
        answer, seen = _seen_by_maps(process, authorization, uri)
        if not answer.status:
            todo = "Start HAProxy, or put its address into `front`."
            yield fail(check, f"nothing answers at {process.front}: {answer.found}", todo, door=name)
            continue
        if not seen:
            todo = f"Take what `gatepost door config haproxy` writes for {name}."
            found = f"what answers at {process.front} ({answer.status}) does not tell the door whom it saw"
            yield fail(check, found, f"Mail passes by this door. {todo}", door=name)
            continue
        if seen != reason:
            todo = "Look at the door's own problem; if it has none, at HAProxy's configuration."
            yield fail(check, f"HAProxy takes {_WHAT[check]} for {seen}, which is {reason}", todo, door=name)
            continue
        refuses = declared[reason] == "block" and stance_of(process.listen).get("stance") == "enforce"
        if refuses != answer.refuses:
            todo = "Look at the door's problem: HAProxy's maps are not what the door says."
            yield fail(check, f"HAProxy answers {answer.status} to what is {seen}", todo, door=name)
            continue
        yield ok(check, f"HAProxy takes {_WHAT[check]} for {seen}, and does as declared", door=name)
    yield skipped("cannot-decide", "HAProxy asks nobody; what it does without the door stands in its file", door=name)


def _seen_by_maps(process: DoorProcess, authorization: str, uri: str) -> tuple[Answer, str]:
    """Its answer, and the reason that it told the door, "" if it told none."""
    before = len(stance_of(process.listen).get("probed", ()))
    answer = _through(process, authorization, uri)
    started = boot_elapsed()
    while not (seen := stance_of(process.listen).get("probed", ())[before:]) and boot_elapsed() - started < TOLD_WITHIN:
        pause(0.02)
    return answer, str(seen[0]) if seen else ""


def _asked(check: str, name: str, process: DoorProcess, authorization: str, uri: str, reason: str) -> Finding:
    """One request through the proxy: does the door hear of it as it was sent, and is its refusal obeyed?"""
    before = len(stance_of(process.listen).get("probed", ()))
    answer = _through(process, authorization, uri)
    seen = stance_of(process.listen).get("probed", ())[before:]
    if not answer.status:
        todo = "Start the mail server's proxy, or put its address into `front`."
        return fail(check, f"nothing answers at {process.front}: {answer.found}", todo, door=name)
    config = f"Take what `gatepost door config` writes for {name}."
    if not seen:
        found = f"the proxy at {process.front} answered {answer.status} without asking the door"
        return fail(check, found, f"Mail passes by this door. {config}", door=name)
    if not answer.refuses:
        found = f"the door refused, and the proxy answered {answer.status} all the same"
        return fail(check, found, f"A block has no effect. {config}", door=name)
    if seen[0] in ("unknown", "unidentified") and seen[0] != reason and "basic" in process.users:
        found = f"the door took the request for {seen[0]}, which is {reason}"
        return fail(check, found, f"The proxy changes the request's target. {config}", door=name)
    return ok(check, f"{_WHAT[check]} comes to the door, and the proxy obeys its refusal", door=name)


_WHAT: Final = {
    "asked": "a request for mail",
    "base64": "the base64 form of a query",
    "no-device": "a request that names no device",
}


def _cannot_decide(site: Site, name: str, process: DoorProcess, authorization: str, forms: _Forms) -> Finding:
    """nginx makes a 500 of what it does not know, and several phones throw the mailbox away at that."""
    answer, declared = _through(process, authorization, forms.plain), site.settings.door.on_no_copy
    match declared:
        case "undecided":
            good = answer.status == 503 and answer.retry_after != ""
        case "block":
            good = answer.refuses
        case "allow":
            good = answer.status not in (0, 403, 500, 503)
    found = f"where the door cannot decide the proxy answers {answer.status or answer.found}"
    if not good:
        todo = f"on_no_copy is {declared}: take what `gatepost door config` writes for {name}, and reload the proxy."
        return fail("cannot-decide", found, todo, door=name)
    return ok("cannot-decide", f"{found}, as on_no_copy = {declared} says", door=name)


def _through(process: DoorProcess, authorization: str, uri: str) -> Answer:
    """A request as a phone makes it."""
    headers = {"Authorization": authorization, "MS-ASProtocolVersion": "14.1", "User-Agent": "gatepost-doctor"}
    return _request(process.front, "POST", uri, headers, tls=process.tls_certificate is not None)


def _request(at: Address, method: str, uri: str, headers: dict[str, str], *, tls: bool = False) -> Answer:
    """The answer, whatever happens. Certificates are not checked: it is the proxy that is asked, under no name."""
    connection = http.client.HTTPConnection(at.host, at.port, timeout=TIMEOUT)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(at.host, at.port, timeout=TIMEOUT, context=context)
    with closing(connection):
        try:
            connection.request(method, uri, headers=headers | ({"Content-Length": "0"} if method == "POST" else {}))
            answer = connection.getresponse()
            body = answer.read(_LONGEST_BODY)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, "", b"", str(error) or repr(error))
        return Answer(answer.status, answer.headers.get("Retry-After", ""), body, "")


def _forms(login: str) -> _Forms:
    """A device id that nobody ever had. The base64 form is MS-ASHTTP 2.2.1.1.1.1, of protocol 14.1 and a Ping."""
    device, kind, ping = secrets.token_hex(8), "GatepostDoctor", 18
    fields = b"".join(bytes([len(field)]) + field for field in (device.encode(), b"", kind.encode()))
    token = base64.b64encode(bytes([141, ping, 9, 4]) + fields).decode("ascii")
    nameless = f"{PATH}?Cmd=Ping&User={login}"
    return _Forms(f"{nameless}&DeviceId={device}&DeviceType={kind}", f"{PATH}?{token}", nameless)
