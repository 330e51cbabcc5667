"""The stage: an exercise site in a directory, its door and worker as processes of the real program, a mail sink."""

import base64
import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlencode

from sqlalchemy import event

from gatepost.actions import exercise, passing, views
from gatepost.actions.site import Site
from gatepost.clock import boot_elapsed, pause
from gatepost.core.instant import Duration, Instant
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.demo.company import DOMAIN, NAME, Someone, eas_id
from gatepost.documents.deadline import parse_instant
from gatepost.notify.sink import Sink
from gatepost.wiring import init_site

T = TypeVar("T")

ADMIN: Final = f"admin@{DOMAIN}"
MORNING: Final = parse_instant("2020-07-10T15:30:00Z")
"""When the site is made: half past eight in Seattle."""

NINE: Final = parse_instant("2020-07-10T16:00:00Z")
"""When the memo is sent: nine in Seattle."""

PATIENCE: Final = 60_000
"""Milliseconds after which the stage waits no longer; a noisy machine takes a fifth of that."""

UNFINISHED: Final = ("queued", "sending")


class Unmet(Exception):
    """A step did not do what it says; the text says what happened instead."""


class Answer(NamedTuple):
    """What the door said to one request."""

    status: int
    reason: str


@dataclass(slots=True)
class Stage:
    """An exercise site that is up. `door`: host and port of its check."""

    site: Site
    sink: Sink
    door: tuple[str, int]
    log: Path
    process: subprocess.Popen[str]

    def await_ready(self) -> None:
        """Wait until door and worker say that they are up."""
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line.startswith("ready"):
            raise Unmet(f"The site's door and worker did not start: {self.log.read_text(encoding='utf-8')[-500:]}")

    def move_clock(self, at: Instant) -> None:
        """Set the site's clock, do all that has come due by then, and wait until its mail is out."""
        must(exercise.set_clock(self.site, None, at))
        while passing.pass_time(self.site):
            pass

    def knock(self, one: Someone, device: str) -> Answer:
        """What a proxy is told when this person's device asks for mail: a real request over a socket."""
        with closing(http.client.HTTPConnection(*self.door, timeout=5)) as client:
            return ask(client, one, device)

    def mail_is_out(self, policy: str) -> dict[str, int]:
        """Wait until nothing of a policy is waiting to be sent. How many notices of each kind are in each state."""

        def counted() -> dict[str, int] | None:
            shown = must(views.show_policy(self.site, policy))["notices"]
            counts = {str(key): int(count) for key, count in dict(shown).items()}  # type: ignore[call-overload]
            return None if any(key.endswith(UNFINISHED) for key in counts) else counts

        return wait_for(counted, f"The mails about {policy} did not all leave in time.")


def must(answer: T | Refusal | tuple[Problem, ...]) -> T:
    """The answer of an action that the play expects to succeed."""
    if isinstance(answer, Refusal):
        raise Unmet(f"Refused ({answer.code.value}): {answer.text}")
    if isinstance(answer, tuple) and answer and isinstance(answer[0], Problem):
        raise Unmet("; ".join(str(problem) for problem in answer))
    return answer  # type: ignore[return-value] # a tuple of problems was ruled out


def wait_for(found: Callable[[], T | None], otherwise: str) -> T:
    """Ask until there is an answer."""
    began = boot_elapsed()
    while (answer := found()) is None:
        if boot_elapsed() - began > PATIENCE:
            raise Unmet(otherwise)
        pause(0.15)
    return answer


def ask(client: http.client.HTTPConnection, one: Someone, device: str) -> Answer:
    """One `GET /check`, as nginx sends it for an ActiveSync request of this device."""
    query = urlencode({"Cmd": "Sync", "User": one.email, "DeviceId": eas_id(device), "DeviceType": "Phone"})
    token = base64.b64encode(f"{one.email}:secret".encode()).decode()
    headers = {
        "X-Original-Method": "POST",
        "X-Original-URI": f"/Microsoft-Server-ActiveSync?{query}",
        "Authorization": f"Basic {token}",
        "MS-ASProtocolVersion": "14.1",
    }
    client.request("GET", "/check", headers=headers)
    response = client.getresponse()
    response.read()
    return Answer(response.status, response.headers.get("X-Gatepost-Reason", ""))


@contextmanager
def commits_of(site: Site) -> Iterator[list[Duration]]:
    """When each commit of this process began (boot time), while the `with` lasts."""
    begun: list[Duration] = []

    def note(_connection: object) -> None:
        begun.append(boot_elapsed())

    event.listen(site.store.engine, "commit", note)
    try:
        yield begun
    finally:
        event.remove(site.store.engine, "commit", note)


def time_until(stage: Stage, one: Someone, device: str, reason: str, since: Duration) -> Duration:
    """Milliseconds from `since` (boot time) until the door gives this reason to this device."""
    with closing(http.client.HTTPConnection(*stage.door, timeout=5)) as client:
        while ask(client, one, device).reason != reason:
            if boot_elapsed() - since > PATIENCE:
                raise Unmet(f"The door did not answer {reason} in time.")
            pause(0.001)
    return boot_elapsed() - since


@contextmanager
def raised(directory: Path) -> Iterator[Stage]:
    """A site in an empty directory, with its processes starting; everything is ended at the end."""
    door = ("127.0.0.1", _free_port())
    with Sink() as sink:
        changes: dict[str, object] = {
            "site.name": NAME,
            "site.default_time_zone": "America/Los_Angeles",
            "site.contact": f"The help desk, help@{DOMAIN}",
            "doors.mail.listen": f"{door[0]}:{door[1]}",
            "smtp.port": sink.port,
            "smtp.from": f"mobile-security@{DOMAIN}",
            "rails.short_notice_roles": ["works-council"],
        }
        site = must(init_site(directory, exercise=True, admin=ADMIN, changes=changes))
        must(exercise.set_clock(site, None, MORNING))
        with _running(site) as (process, log):
            yield Stage(site, sink, door, log, process)
        site.store.close()


@contextmanager
def _running(site: Site) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """`gatepost serve`: the real door and the real worker."""
    log = site.directory / "serve.log"
    command = [sys.executable, "-m", "gatepost", "serve", "--site", str(site.directory)]
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 # our own program, with arguments of our own
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        try:
            yield process, log
        finally:
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
