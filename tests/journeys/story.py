"""One site, and what is done with it from outside: commands answered in JSON, phones that ask its door."""

import base64
import http.client
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.journeys.company import APPROVERS, AUTHOR, POLICY, PRIVACY
from tests.journeys.program import eventually, run

Document = Any
"""A parsed JSON document."""


class Answer(NamedTuple):
    """What the door says to a proxy. `reason`: its header X-Gatepost-Reason."""

    status: int
    reason: str


@dataclass(frozen=True)
class Story:
    """`site`: its directory. `folder`: where the story's own files are written."""

    site: Path
    folder: Path

    def say(self, line: str, *more: object, by: str = "", exit: int = 0, stdin: str = "") -> Document:
        """Give a command with --json (`line` is split at blanks, `more` is not); its document."""
        actor = ["--as", by] if by else []
        return run(*line.split(), *more, *actor, "--json", site=self.site, exit=exit, stdin=stdin).json

    def refused(self, line: str, *more: object, by: str = "") -> str:
        """Give a command that has to be refused; the refusal's code."""
        document = self.say(line, *more, by=by, exit=3)
        assert set(document) == {"refused", "text"}
        return str(document["refused"])

    def file(self, name: str, text: str) -> Path:
        """A file with this text."""
        path = self.folder / name
        path.write_text(text)
        return path

    def look_for(self, name: str, until: str, *more: object, sign: Path | None = None) -> Document:
        """Ask that an app or a list be looked for, and have it approved; what was asked."""
        asked = self.say(f"apps activate {name} --until {until} --purpose", "the policy on it", *more, by=AUTHOR)
        signed = ["--sign", sign] if sign else []
        assert self.say(f"apps approve {name}", *signed, by=PRIVACY)["active"]
        return asked

    def propose(self, text: str) -> Document:
        return self.say("policy propose", self.file("policy.yaml", text), by=AUTHOR)

    def approve(self, policy: str = POLICY, *roles: str) -> None:
        """Everybody who is asked says yes."""
        for role in roles or APPROVERS:
            self.say(f"policy approve {policy} --role {role}", by=APPROVERS[role])

    def announce(self, policy: str = POLICY) -> Document:
        return self.say(f"policy announce {policy}", by=AUTHOR)

    def report(self, device: str, owner: str, at: str, *apps: str, **other: str) -> Document:
        """One phone's report, as `devices report -` takes it. The device's ActiveSync id is its id without hyphens."""
        row = {"id": device, "owner": owner, "form": "phone", "platform": "android", "ownership": "company"}
        row |= {"visibility": "full", "eas_device_id": device.replace("-", "").upper() + "1", "reported_at": at}
        return self.say("devices report -", stdin=json.dumps(row | {"apps": list(apps)} | other))

    def stage(self, policy: str = POLICY) -> str:
        return str(self.say(f"policy show {policy}")["stage"])

    def verdict(self, user: str, device: str, *more: str) -> str:
        """`decide`'s verdict, which its exit code has to repeat."""
        done = run(
            "decide",
            "--user",
            user,
            "--device",
            device,
            "--purpose",
            "a test",
            *more,
            "--json",
            site=self.site,
            exit=None,
        )
        verdict = str(done.json["verdict"])
        assert done.exit == {"allow": 0, "warn": 10, "block": 11}[verdict]
        return verdict

    def later(self, user: str, device: str) -> str:
        """The verdict two days after the deadline, by the facts of now."""
        return self.verdict(user, device, "--at", "2020-07-12T12:00")

    def notices(self, kind: str, policy: str = POLICY) -> dict[str, Document]:
        """The notices of a kind by person, each person's last one."""
        return {one["person"]: one for one in self.say(f"notices show {policy} --purpose test") if one["kind"] == kind}

    def accepted(self, kind: str, *people: str, policy: str = POLICY) -> dict[str, Document]:
        """Wait until the mail server has taken exactly these people's notices of a kind."""

        def arrived() -> bool:
            found = self.notices(kind, policy)
            return found.keys() == set(people) and all(one["state"] == "accepted" for one in found.values())

        eventually(arrived, f"{kind} of {', '.join(people)} accepted", 60)
        return self.notices(kind, policy)

    @property
    def port(self) -> int:
        """The door's."""
        found = re.search(r'(?ms)^\[door\].*?^listen = "127\.0\.0\.1:(\d+)"', (self.site / "gatepost.toml").read_text())
        assert found
        return int(found[1])

    def ask(self, user: str, device: str, command: str = "Sync") -> Answer:
        """A phone asks for mail: one ActiveSync request in the plain form, as nginx shows it to the door."""
        query = f"Cmd={command}&User={user}&DeviceId={device}&DeviceType=Phone"
        return ask(self.port, f"/Microsoft-Server-ActiveSync?{query}", user)

    def waits_for(self, status: int, user: str, device: str) -> Answer:
        """Ask until the door answers so."""
        eventually(lambda: self.ask(user, device).status == status, f"the door answers {device} with {status}")
        return self.ask(user, device)

    def holds(self) -> Document:
        """Every story's end: the ledger verifies, and the tables are what it says (I-31, I-33). The report."""
        report = self.say("ledger verify")
        assert (report["ok"], report["problems"]) == (True, [])
        assert self.say("ledger rebuild --check")["differing"] == []
        return report


def ask(port: int, uri: str, user: str) -> Answer:
    """GET /check, as nginx asks it. The answer never has a body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"X-Original-URI": uri, "X-Original-Method": "POST", "Authorization": basic(user)}
    connection.request("GET", "/check", headers=headers)
    response = connection.getresponse()
    assert response.read() == b""
    connection.close()
    return Answer(response.status, response.getheader("X-Gatepost-Reason", ""))


def basic(user: str) -> str:
    """The Authorization header of a mail client (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:secret".encode()).decode()
