"""An invented company as the two files that a site imports: the same 20,000 people and their devices every time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.documents.deadline import instant_text

DOMAIN: Final = "larkspur.example"
NAME: Final = "Larkspur Trading"
PEOPLE: Final = 20_000
ACCOUNT: Final = "@larkspurtrading"
"""Its own account on the app."""

APP_IDS: Final = {
    "ios": ("com.zhiliaoapp.musically",),
    "ipados": ("com.zhiliaoapp.musically",),
    "android": ("com.zhiliaoapp.musically", "com.ss.android.ugc.trill"),
}
"""Identifiers of TikTok, as device managers report them."""


@dataclass(frozen=True, slots=True)
class Someone:
    """A person of the play. `phone` and `laptop`: inventory ids; the ActiveSync id is the same in capitals."""

    email: str
    name: str
    country: str
    zone: str
    groups: str
    phone: str = ""
    laptop: str = ""


def eas_id(device: str) -> str:
    """The id by which a mail door recognises one of the company's devices."""
    return device.replace("-", "").upper()


def _played(name: str, country: str, zone: str, groups: str = "", device: str = "") -> Someone:
    email = name.lower().replace(" ", ".") + "@" + DOMAIN
    return Someone(
        email, name, country, zone, groups, f"phone-{device}" if device else "", f"laptop-{device}" if device else ""
    )


_SEATTLE: Final = "America/Los_Angeles"
AUTHOR: Final = _played("Morgan Ellery", "US", _SEATTLE, "it-security")
SECURITY: Final = _played("Priya Sandoval", "US", "America/New_York", "it-security")
LEGAL: Final = _played("Tomas Brandauer", "IE", "Europe/Dublin", "legal")
EXECUTIVE: Final = _played("Dana Whitlock", "US", _SEATTLE, "executives", "s0001")
COUNCIL: Final = _played("Greta Hollmann", "DE", "Europe/Berlin", "works-council")
OPERATOR: Final = _played("Sam Okafor", "US", _SEATTLE, "mail-operations")
REMOVES: Final = _played("Casey Lindgren", "US", _SEATTLE, "books", "s0002")
WAITS: Final = _played("Jordan Reyes", "US", _SEATTLE, "payments", "s0003")
INDIA: Final = _played("Anika Deshpande", "IN", "Asia/Kolkata", "payments", "k0001")
KEEPER: Final = _played("Riley Marchetti", "US", _SEATTLE, "social-media", "s0004")
STORES: Final = _played("Robin Castellane", "US", "America/Chicago", "stores", "s0005")

STAFF: Final = (AUTHOR, SECURITY, LEGAL, COUNCIL, OPERATOR)
CAST: Final = (EXECUTIVE, REMOVES, WAITS, INDIA, KEEPER, STORES)
"""Those with a phone that has the app on it, and with a laptop."""

_PLACES: Final = (  # country, zone, language, share of the people in thousandths
    ("US", "America/Los_Angeles", "en-US", 235),
    ("US", "America/New_York", "en-US", 165),
    ("US", "America/Chicago", "en-US", 105),
    ("US", "America/Denver", "en-US", 45),
    ("IN", "Asia/Kolkata", "en-IN", 165),
    ("DE", "Europe/Berlin", "de-DE", 90),
    ("GB", "Europe/London", "en-GB", 60),
    ("IE", "Europe/Dublin", "en-IE", 40),
    ("JP", "Asia/Tokyo", "en", 35),
    ("PL", "Europe/Warsaw", "en", 28),
    ("BR", "America/Sao_Paulo", "en", 20),
    ("AU", "Australia/Sydney", "en-AU", 11),
    ("LU", "Europe/Luxembourg", "de-LU", 1),
)


def _names(text: str) -> list[str]:
    return text.split()


_GIVEN: Final = _names(
    "Ada Amir Anouk Asha Bea Bruno Carla Chen Dara Devi Edda Elif Emre Esra Farid Fenna Gita Goran Hana Henk Ida "
    "Ilan Imke"
    " Ines Jamal Jana Joana Kai Karim Kenji Lara Leif Lena Mads Maja Marek Mei Mika Nadia Nils Noor Olga Omar Paula "
    "Pavel"
    " Ravi Rosa Sana Sofie Tariq Tess Uma Viktor Wanda Yara Yuki Zoe"
)
_FAMILY: Final = _names(
    "Abara Aldercott Banhardt Bellweather Birkenfeld Castlereed Chandrika Corvane Dahlquist Deverin Eastmere "
    "Falkenrath"
    " Farrowby Gallowin Gupthari Hartlebury Hollenstein Ibarrola Jindalo Karlowitz Kestrelby Lindqvar Lorimond "
    "Maheswar"
    " Marlowen Nakagiri Norvane Oakhurstle Ostrander Pemberlow Petrovane Quillard Ravensholt Rosenau Sahasran "
    "Silverthorn"
    " Takemori Thornbury Ullswick Valtieri Venkatar Wexcombe Whitmoor Yamashiro Zellerman"
)
_GROUPS: Final = ("books", "payments", "warehouses", "stores", "logistics", "cloud", "devices", "people-and-culture")
_OTHER_APPS: Final = ("example.notes", "example.weather", "example.maps", "example.bank", "example.podcasts")


@dataclass(frozen=True, slots=True)
class Company:
    """CSV, as `people import` and `devices import` take it."""

    people: bytes
    devices: bytes


def company(at: Instant) -> Company:
    """The company as its device managers last reported it before an instant."""
    draw = random.Random(20200710)  # noqa: S311 # an invented company has to be the same every time, not secret
    people = list(_everybody(draw))
    rows = ["email,name,kind,country,time_zone,locale,groups,id,logins"]
    rows += [
        f"{one.email},{one.name},{kind},{one.country},{one.zone},{locale},{one.groups},{id_},{login}"
        for id_, login, one, kind, locale in people
    ]
    header = "id,owner,form,platform,ownership,visibility,eas_device_id,reported_at,apps"
    devices = [header, *_devices(draw, people, at)]
    return Company(_csv(rows), _csv(devices))


def _csv(rows: list[str]) -> bytes:
    return ("\n".join(rows) + "\n").encode()


_Row = tuple[str, str, Someone, str, str]
"""Id, login, the person, kind and locale."""


def _everybody(draw: random.Random) -> Iterator[_Row]:
    locales = {zone: locale for _, zone, locale, _ in _PLACES}
    for one in (*STAFF, *CAST):
        yield one.email, one.email, one, "employee", locales[one.zone]
    places = draw.choices(_PLACES, [share for *_, share in _PLACES], k=PEOPLE - len(STAFF) - len(CAST))
    for number, (country, zone, locale, _) in enumerate(places, 1):
        id_ = f"w{number:05}"
        name = f"{draw.choice(_GIVEN)} {draw.choice(_FAMILY)}"
        # Some work in warehouses and have no mailbox of their own: they cannot be told by mail.
        email = "" if number % 61 == 0 else f"{name.lower().replace(' ', '.')}.{number}@{DOMAIN}"
        kind = "contractor" if draw.random() < 0.12 else "employee"
        yield id_, email or id_, Someone(email, name, country, zone, _group(number, draw)), kind, locale


def _group(number: int, draw: random.Random) -> str:
    if number <= 39:
        return "executives"
    if number <= 62:
        return "social-media"
    return draw.choice(_GROUPS)


def _devices(draw: random.Random, people: list[_Row], at: Instant) -> Iterator[str]:
    for id_, _, one, kind, _ in people:
        if one.phone:
            yield _device(draw, at, one.phone, id_, "phone", "android", "company", "full", has_app=True)
            yield _device(draw, at, one.laptop, id_, "laptop", "windows", "company", "full", has_app=False)
        elif kind == "employee" or draw.random() < 0.6:
            yield from _some(draw, at, id_, one)


def _some(draw: random.Random, at: Instant, owner: str, one: Someone) -> Iterator[str]:
    """The devices of one person: usually a phone, often a laptop, sometimes a tablet."""
    name = owner.partition("@")[0].replace(".", "-")
    keeper = one.groups == "social-media"
    if keeper or draw.random() < 0.84:
        platform = "ios" if draw.random() < (0.25 if one.country == "IN" else 0.55) else "android"
        company_owned = keeper or draw.random() < 0.62
        ownership = "company" if company_owned else "personal"
        seen = "full" if company_owned else _seen(draw)
        likes = 0.8 if keeper else 0.18 if one.groups == "executives" else 0.135
        yield _device(draw, at, f"phone-{name}", owner, "phone", platform, ownership, seen, draw.random() < likes)
    if draw.random() < 0.49:
        platform = "macos" if draw.random() < 0.3 else "windows"
        yield _device(draw, at, f"laptop-{name}", owner, "laptop", platform, "company", "full", has_app=False)
    if draw.random() < 0.13:
        platform = "ipados" if draw.random() < 0.7 else "android"
        yield _device(draw, at, f"tablet-{name}", owner, "tablet", platform, "company", "full", draw.random() < 0.1)


def _seen(draw: random.Random) -> str:
    """What a device manager can see on a personal phone: hardly ever the personal apps."""
    return draw.choices(("full", "managed-only", "none"), (40, 45, 15))[0]


def _device(
    draw: random.Random,
    at: Instant,
    id_: str,
    owner: str,
    form: str,
    platform: str,
    ownership: str,
    visibility: str,
    has_app: bool,
) -> str:
    apps: list[str] = []
    if visibility == "full":
        apps = draw.sample(_OTHER_APPS, 2) + ([draw.choice(APP_IDS[platform])] if has_app else [])
    reported = "" if visibility == "none" else instant_text(at - draw.randrange(HOUR, 2 * DAY, 1000))
    cells = (id_, owner, form, platform, ownership, visibility, eas_id(id_), reported, ";".join(apps))
    return ",".join(cells)
