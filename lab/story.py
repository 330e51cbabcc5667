"""The lab's story: a real ActiveSync client that is let in, warned, refused and let in again, told as it happens."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from lab.servers import PASSWORD, Lab
from lab.site import PHONES
from tests.journeys.company import AUTHOR, OPERATOR, POLICY
from tests.journeys.story import Story
from tests.servers.phone import Phone, Refused
from tests.servers.sogo import deliver

PATIENCE: Final = 30
"""Seconds for a phone to see what was done."""

_CLEAN: Final = {
    "id": "hanna-phone",
    "owner": PHONES["hanna"][0],
    "form": "phone",
    "platform": "ios",
    "ownership": "company",
    "visibility": "full",
    "eas_device_id": PHONES["hanna"][1],
    "reported_at": "2020-07-11T20:00:00Z",
    "apps": [],
}
"""What a device manager says of Hanna's phone once TikTok is gone."""

Looked = list[str] | str
"""The subjects that are new, or how the phone was refused."""


def tell(lab: Lab) -> None:
    """All of it, each command with what the phones then get."""
    with ExitStack() as ends:
        company = _Company(lab, ends)
        print("Three phones ask SOGo for mail through nginx and through HAProxy. Hanna's and Ellis's carry TikTok.\n")
        company.until("cleo", lambda looked: looked == [])  # every door has the site's decisions
        company.mail("Welcome")
        company.all_look()
        company.command(f"policy announce {POLICY} --as {AUTHOR}")
        company.told("hanna@example.com", "E2")
        company.mail("Lunch?")
        company.all_look()
        company.command("clock set 2020-07-12")
        company.until("hanna", lambda looked: isinstance(looked, str))
        company.mail("Meeting")
        company.all_look()
        company.command("devices report hanna-phone.json", json.dumps(_CLEAN))
        company.shows("hanna", company.until("hanna", lambda looked: looked == ["Meeting"]))
        company.all_look("ellis")
        company.command(f"policy retract {POLICY} --because error --reason hasty --as {OPERATOR}")
        company.mail("Thanks")
        company.all_look()


class _Company:
    """The site by its commands, the phones by their client."""

    def __init__(self, lab: Lab, ends: ExitStack) -> None:
        self._lab = lab
        self._site = Story(Path(lab.site), Path(lab.site).parent)
        ports = list(lab.fronts.values())
        self._phones = {
            name: ends.enter_context(Phone(ports[0], Path(lab.authority), login, PASSWORD, device))
            for name, (login, device) in PHONES.items()
        }
        self._ports = ports

    def command(self, line: str, file: str = "") -> None:
        """Say what is typed and do it. `file`: the text of the file that the line ends in."""
        print(f"\n$ gatepost {line}")
        if file:
            head, _, name = line.rpartition(" ")
            line = f"{head} {self._site.file(name, file)}"
        self._site.say(line)

    def mail(self, subject: str) -> None:
        """To everybody."""
        print(f"Mail comes for everybody: {subject}")
        for login, _ in PHONES.values():
            deliver(Path(self._lab.mailboxes), login, subject)

    def told(self, *people: str) -> None:
        """Wait until the mail server has taken the announcement to exactly these."""
        self._site.accepted("announcement", *people)
        print("Hanna and Ellis are told by mail, and have until Friday night.")

    def all_look(self, *names: str) -> None:
        for name in names or self._phones:
            self.shows(name, self._look(name))

    def shows(self, name: str, looked: Looked) -> None:
        what = f"refused, {looked}" if isinstance(looked, str) else f"gets {', '.join(looked)}"
        print(f"  {name.title() + chr(39) + 's phone':<14} {what}")

    def until(self, name: str, enough: Callable[[Looked], bool]) -> Looked:
        """Let a phone look again and again, until what it sees is enough. TimeoutError."""
        end = time.monotonic() + PATIENCE
        while not enough(looked := self._look(name)):
            if time.monotonic() > end:
                raise TimeoutError(f"{name}'s phone still sees {looked}")
        return looked

    def _look(self, name: str) -> Looked:
        """Through every front, which must not differ: what is new by the first is no longer new by the second."""
        looked = [_sync(self._phones[name].through(port)) for port in self._ports]
        if len({isinstance(one, str) for one in looked}) > 1:
            return "by one front only: " + ", ".join(map(str, looked))
        return looked[0]


def _sync(phone: Phone) -> Looked:
    try:
        return sorted(phone.sync())
    except Refused as refused:
        return refused.how
