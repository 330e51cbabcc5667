"""A small company as files, a policy about it, and its phones asking the door for mail."""

import base64
import http.client
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.journeys.program import run

POLICY = "no-tiktok"
NOON = "2020-07-06T12:00:00Z"
AFTER = "2020-07-12T12:00:00Z"
CLEAN = "2020-07-06T11:00:00Z"

PEOPLE = """email,name,kind,country,time_zone,locale,groups
hit@example.com,Hanna Hit,employee,DE,Europe/Berlin,de,sales
east@example.com,Ellis East,employee,US,America/New_York,en,sales
clear@example.com,Cleo Clear,employee,IN,Asia/Kolkata,en,
social@example.com,Sam Social,contractor,US,America/Los_Angeles,en,social-media
unseen@example.com,Uma Unseen,employee,DE,Europe/Berlin,de,sales
"""

DEVICES = f"""id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps
hit-phone,hit@example.com,phone,ios,company,full,HITPHONE1,{CLEAN},com.zhiliaoapp.musically;com.example.other
hit-laptop,hit@example.com,laptop,windows,company,full,HITLAPTOP1,{CLEAN},
east-phone,east@example.com,phone,android,company,full,EASTPHONE1,{CLEAN},com.zhiliaoapp.musically
clear-phone,clear@example.com,phone,android,company,full,CLEARPHONE1,{CLEAN},
social-phone,social@example.com,phone,ios,company,full,SOCIALPHONE1,{CLEAN},com.zhiliaoapp.musically
unseen-phone,unseen@example.com,phone,android,personal,managed-only,UNSEENPHONE1,{CLEAN},
"""

DOCUMENT = """policy: no-tiktok
title: TikTok is not permitted on mobile devices that open company mail
apps: [tiktok]
devices: {forms: [phone, tablet]}
except: {groups: [social-media]}
unseen: allow
deadline: 2020-07-10
reminders: [24h]
consequence: block
approvals: {security: 1, legal: 1, executive: 1}
announcement:
  en: {subject: An app on phones, body: Please remove TikTok.}
  de: {subject: Eine App auf Telefonen, body: Bitte TikTok entfernen.}
correction:
  en: {subject: An app on phones, body: This was sent in error.}
  de: {subject: Eine App auf Telefonen, body: Das war ein Irrtum.}
"""

APPROVERS = {"security": "sec@example.com", "legal": "law@example.com", "executive": "exec@example.com"}
AUTHOR = "author@example.com"


def move_in(site: Path, directory: Path) -> Path:
    """People, devices and roles, at noon (UTC) of Monday 6 July 2020. Gives the policy's file."""
    run("clock", "set", NOON, site=site)
    for name, text in (("people.csv", PEOPLE), ("devices.csv", DEVICES), (f"{POLICY}.yaml", DOCUMENT)):
        (directory / name).write_text(text)
    run("people", "import", directory / "people.csv", site=site)
    run("devices", "import", directory / "devices.csv", site=site)
    run("role", "grant", AUTHOR, "author", site=site)
    for role, email in APPROVERS.items():
        run("role", "grant", email, f"approver:{role}", site=site)
    return directory / f"{POLICY}.yaml"


def propose_and_approve(site: Path, file: Path) -> None:
    """Everybody says yes."""
    run("policy", "propose", file, "--as", AUTHOR, site=site)
    for role, email in APPROVERS.items():
        run("policy", "approve", POLICY, "--role", role, "--as", email, site=site)


class Answer(NamedTuple):
    """What the door says to a proxy."""

    status: int
    reason: str


@dataclass(frozen=True)
class Phone:
    """A phone's mail client as a proxy shows it to the door."""

    port: int
    user: str
    device: str

    def ask(self, command: str = "Sync") -> Answer:
        """One ActiveSync request in the plain form."""
        query = f"Cmd={command}&User={self.user}&DeviceId={self.device}&DeviceType=Phone"
        return ask(self.port, f"/Microsoft-Server-ActiveSync?{query}", self.user)


def ask(port: int, uri: str, user: str) -> Answer:
    """GET /check, as nginx asks it. The answer never has a body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    credentials = base64.b64encode(f"{user}:secret".encode()).decode()
    headers = {"X-Original-URI": uri, "X-Original-Method": "POST", "Authorization": f"Basic {credentials}"}
    connection.request("GET", "/check", headers=headers)
    response = connection.getresponse()
    assert response.read() == b""
    connection.close()
    return Answer(response.status, response.getheader("X-Gatepost-Reason", ""))
