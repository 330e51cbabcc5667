"""An invented company as files, and a site of it made by the real verbs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gatepost import wiring
from gatepost.actions import access, announce, approve, exercise, import_devices, import_people, propose
from gatepost.actions.site import Site
from gatepost.core.instant import Instant
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text, parse_instant

Answer = TypeVar("Answer")

START: Final = parse_instant("2020-07-06T08:00:00Z")
REPORTED: Final = "2020-07-06T07:00:00Z"
TIKTOK: Final = "com.zhiliaoapp.musically"
AUTHOR, OPERATOR = "ann@corp.example", "op@corp.example"
APPROVERS: Final = {
    "sec@corp.example": "approver:security",
    "leg@corp.example": "approver:legal",
    "exe@corp.example": "approver:executive",
}
COUNTRIES: Final = (
    ("US", "America/New_York", "en-US"),
    ("DE", "Europe/Berlin", "de-DE"),
    ("IN", "Asia/Kolkata", "en-IN"),
    ("US", "America/Los_Angeles", "en-US"),
    ("GB", "Europe/London", "en-GB"),
)


def good(answer: "Answer | Refusal | tuple[Problem, ...]") -> Answer:
    """The answer, which must not be a refusal or a list of problems."""
    if isinstance(answer, Refusal | tuple):
        raise AssertionError(f"refused: {answer}")
    return answer


def people_file(count: int) -> bytes:
    """`people.csv` of so many people in several countries."""
    return b"".join(_people(count))


def _people(count: int) -> Iterator[bytes]:
    yield b"email,name,kind,country,time_zone,locale,groups\n"
    for number in range(count):
        country, zone, locale = COUNTRIES[number % len(COUNTRIES)]
        kind = "contractor" if number % 9 == 0 else "employee"
        groups = f"dept-{number % 40};site-{number % 12}" + (";social-media" if number % 500 == 3 else "")
        yield f"{login(number)},Ada Example {number},{kind},{country},{zone},{locale},{groups}\n".encode()


def devices_file(count: int, people: int, *, hit_of_100: int = 12, apps: int = 0) -> bytes:
    """`devices.csv` of so many devices; of a hundred phones so many have TikTok, and each lists so many other apps."""
    return b"".join(_devices(count, people, hit_of_100, apps))


def _devices(count: int, people: int, hit_of_100: int, apps: int) -> Iterator[bytes]:
    yield b"id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps\n"
    for number in range(count):
        yield (device_row(number, people, hit_of_100, apps) + "\n").encode()


def device_row(number: int, people: int, hit_of_100: int, apps: int = 0) -> str:
    """One device: an iPhone of each person first, then further devices."""
    place = number % 10
    form, platform = ("laptop", "macos") if number >= people and place < 5 else ("phone", "ios")
    # Half of the personal phones are seen only in part, as they are.
    visibility = "managed-only" if number % 100 >= hit_of_100 and place in (3, 7) else "full"
    found = [f"com.example.app{(number * 7 + step * 131) % 20_000}" for step in range(apps)]
    if number % 100 < hit_of_100 and form == "phone":
        found.append(TIKTOK)
    ownership = "company" if place % 2 else "personal"
    owner = login(number % people)
    return (
        f"dev{number},{owner},{form},{platform},{ownership},{visibility},{eas_id(number)},{REPORTED},{';'.join(found)}"
    )


def login(number: int) -> str:
    return f"u{number}@corp.example"


def eas_id(number: int) -> str:
    return f"EAS{number:09d}"


def report(number: int, at: Instant, apps: list[str]) -> bytes:
    """One report of a phone of a company whose devices are all its people's own."""
    row = {
        "id": f"dev{number}",
        "owner": login(number),
        "form": "phone",
        "platform": "ios",
        "ownership": "company" if number % 2 else "personal",
        "visibility": "full",
        "eas_device_id": eas_id(number),
        "reported_at": instant_text(at),
        "apps": apps,
    }
    return json.dumps(row).encode()


def policy_file(name: str, **changes: Any) -> bytes:
    """A policy that blocks phones with TikTok, at once and without telling first unless changed. JSON is YAML."""
    text = "Due to security risks, the app is no longer permitted on mobile devices that open company mail.\n" * 4
    policy = {
        "policy": name,
        "title": "TikTok is not permitted on mobile devices that open company mail",
        "apps": ["tiktok"],
        "devices": {"forms": ["phone", "tablet"]},
        "unseen": "allow",
        "deadline": "immediately",
        "tell_first": False,
        "grace": "0",
        "consequence": "block",
        "approvals": {"security": 1, "legal": 1, "executive": 1},
        "announcement": {"subject": "An app on mobile devices", "body": text},
        "correction": {"subject": "An app on mobile devices", "body": "The mail was sent in error."},
    }
    return json.dumps(policy | changes).encode()


@dataclass(frozen=True)
class Company:
    """A site with its people and devices, in an exercise at START."""

    site: Site

    @classmethod
    def made(cls, directory: Path, people: bytes, devices: bytes, **settings: object) -> "Company":
        """Settings by their path in the file, a double underscore for the dot."""
        changes = {name.replace("__", "."): value for name, value in settings.items()}
        site = good(wiring.init_site(directory, exercise=True, admin="root@corp.example", changes=changes))
        company = cls(site)
        company.set_clock(START)
        for person, role in {AUTHOR: "author", OPERATOR: "operator", **APPROVERS}.items():
            good(access.grant_role(site, None, person, role))
        _whole(import_people.import_people(site, None, people, "people.csv"))
        _whole(import_devices.import_devices(site, None, devices, "devices.csv"))
        return company

    def set_clock(self, at: Instant) -> None:
        good(exercise.set_clock(self.site, None, at))

    def announce(self, name: str, **changes: Any) -> announce.Announced:
        """Propose, have everybody approve who is asked, announce."""
        proposed = good(propose.propose(self.site, AUTHOR, policy_file(name, **changes), "policy.yaml"))
        for person, role in APPROVERS.items():
            good(approve.approve(self.site, person, proposed.policy, role))
        return good(announce.announce(self.site, AUTHOR, proposed.policy))

    def close(self) -> None:
        self.site.store.close()


def _whole(answer: "import_people.Imported | Refusal") -> None:
    imported = good(answer)
    if imported.rejected:
        raise AssertionError(imported.rejected[:3])
