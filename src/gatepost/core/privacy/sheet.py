"""What a privacy sheet is made from: how this site is set and what its database holds, at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.instant import Duration, Instant
from gatepost.core.privacy.held import Held
from gatepost.core.privacy.shown import Shown


@dataclass(frozen=True, slots=True)
class HeldNow:
    """`rows`: how many there are in its first table; None where nobody counts, as in files."""

    held: Held
    rows: int | None


@dataclass(frozen=True, slots=True)
class AppNow:
    """An app that is looked for. `until`: the first instant at which it no longer is."""

    id: str
    name: str
    purpose: str
    until: Instant


@dataclass(frozen=True, slots=True)
class PolicyNow:
    """A policy that is announced or in force. `people`: how many are in its audience; `unseen`, `consequence`, `stage`:
    their words."""

    policy: str
    revision: int
    title: str
    reason: str
    necessity: str
    stage: str
    paused: bool
    consequence: str
    unseen: str
    tell_first: bool
    people: int


@dataclass(frozen=True, slots=True)
class DoorNow:
    """A door of the settings. `stance`: open, enforce or observe; "" while it never reported.

    `web_path`: of the web application that it guards, "" if none. `haproxy`, `imap`: whether it keeps HAProxy's maps,
    and ends IMAP sessions. `maps`: the folder of these maps, "" if none.
    """

    name: str
    stance: str
    listen: str
    copy: str
    web_path: str
    haproxy: bool
    imap: bool
    maps: str


@dataclass(frozen=True, slots=True)
class MailNow:
    """Where notices are handed over. `here`: it is this machine. `tls`: as the setting is written."""

    host: str
    port: int
    here: bool
    tls: str
    sender: str


@dataclass(frozen=True, slots=True)
class ApiNow:
    """The APIs for programs. `open`: there is the site's token. `searches`: why its holder may search for people, "" if
    not. `acts`: programs may act for people."""

    open: bool
    listen: str
    searches: str
    acts: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """All of it. `people`: who work here; `left`: who have left and are still held. `unmanaged`: of the devices.

    `strangers`: logins of nobody that doors saw. `language`: the site's own (BCP 47). `roles`: each role and how many
    hold it. `languages`: of our own sentences. `retention`: by the setting's name, 0 for what is never erased.
    """

    made_at: Instant
    site: str
    contact: str
    exercise: bool
    machine: str
    directory: str
    database: str
    time_zone: str
    language: str
    entries: int
    people: int
    left: int
    devices: int
    unmanaged: int
    strangers: int
    held: tuple[HeldNow, ...]
    retention: Mapping[str, Duration]
    roles: Mapping[str, int]
    shown: tuple[Shown, ...]
    apps: tuple[AppNow, ...]
    policies: tuple[PolicyNow, ...]
    doors: tuple[DoorNow, ...]
    observed: Duration
    on_unknown: str
    on_unidentified: str
    on_no_copy: str
    on_browser: str
    copy_expires_after: Duration
    mail: MailNow
    api: ApiNow
    languages: tuple[str, ...]
    stale_after: Duration
    minimum_notice: Duration
    short_notice_roles: tuple[str, ...]
    cap_people_per_hour: int
    correction_within: Duration
    waivers_longest: Duration
    attestations_longest: Duration
    necessity_required: bool

    @property
    def web_doors(self) -> bool:
        """A door guards a web application."""
        return any(door.web_path for door in self.doors)

    @property
    def refusing(self) -> bool:
        """A door refuses what policies block; the others observe, stand open or never reported."""
        return any(door.stance == "enforce" for door in self.doors)

    @property
    def blocking(self) -> bool:
        """A policy stands that keeps devices from mail, now or at its deadline."""
        return any(policy.consequence == "block" and not policy.paused for policy in self.policies)

    @property
    def untold(self) -> tuple[str, ...]:
        """Titles of policies that may block before somebody was told."""
        return tuple(policy.title for policy in self.policies if not policy.tell_first)
