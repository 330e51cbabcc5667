"""What can be set, section by section: name, kind, default, and the comment that init writes above it.

The order here is the order in the file. A setting without a default must stand in the file: what the door does about
what it cannot know is the site's own decision, and silence is refused (I-7).
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import Field

from gatepost.config.kinds import (
    Address,
    Count,
    HeaderName,
    Line,
    Listen,
    Locale,
    MailAddress,
    OptionalListen,
    OptionalPath,
    Percent,
    Port,
    SectionName,
    SitePath,
    Span,
    Term,
    Url,
    Zone,
)
from gatepost.config.section import Section
from gatepost.config.sign_in import SignIn
from gatepost.config.telling import Metrics, Webhook
from gatepost.core.instant import DAY, HOUR, MINUTE, SECOND

FIRST_DOOR: Final = "mail"
"""The door that init writes."""


class Site(Section):
    """Who we are."""

    name: Line = Field("Our organisation", description="The organisation's name, as mails show it.")
    id: Line = Field(description="Random, written once by init: a door refuses another site's copy. Never change it.")
    exercise: bool = Field(
        False,
        description="true: an exercise. Mail goes to this machine only, everything is marked, the clock can be set.",
    )
    default_time_zone: Zone = Field("UTC", description="For people whose time zone is not known: an IANA name.")
    default_locale: Locale = Field("en", description="For people whose language is not known: a BCP 47 tag.")
    contact: Line = Field("your help desk", description="Whom to ask: this line stands in every mail.")


class Database(Section):
    """The system of record."""

    path: SitePath = Field(
        "gatepost.db", description="The SQLite file, relative to this directory.", validate_default=True
    )


class Door(Section):
    """What every door does about what it cannot know, and when one may begin to refuse."""

    on_unknown: Literal["allow", "block"] = Field(
        description="A device that is in no inventory. With allow, a blocked phone that changes its id gets in; with"
        " block, everybody whose phone is in no inventory is shut out."
    )
    on_unidentified: Literal["allow", "block"] = Field(
        description="A request that names no device, contradicts itself, or names a device of somebody else."
    )
    on_no_copy: Literal["undecided", "allow", "block"] = Field(
        description="The door has no copy, or an expired one, or does not answer its mail server. undecided: 503, and"
        " phones try again later."
    )
    copy_expires_after: Span = Field(
        7 * DAY, description="How long a door goes on with its last good copy when Gatepost is away."
    )
    observe_for: Span = Field(
        14 * DAY, description="How long a door observes before it may refuse, unless an operator says why not."
    )
    unmanaged_limit_percent: Percent = Field(
        25,
        description="Above this share of unmanaged among the devices seen, a door may not begin to refuse. In percent.",
    )
    plain_refusal_types: tuple[Line, ...] = Field(
        (),
        description="ActiveSync device types that are refused by HTTP 403 also where Status 129 exists.",
        strict=False,
    )
    shared_types: tuple[Line, ...] = Field(
        ("Outlook",),
        description="ActiveSync device types of cloud caches, whose one id stands for many phones: unidentified.",
        strict=False,
    )
    on_browser: Literal["allow", "block"] = Field(
        "allow",
        description="At a web application: a browser without a certificate that the inventory knows. One that says it"
        " is on a phone or a tablet is unidentified; a browser can say what it likes.",
    )


class DoorProcess(Section):
    """One door: a process of its own beside a mail server. Its name is in lists and in the ledger."""

    listen: Listen = Field(Address("127.0.0.1", 8181), description="HOST:PORT of the check.")
    table: SitePath = Field(
        "door", description="The door's own copy of what it needs: a directory of its own.", validate_default=True
    )
    users: tuple[Literal["basic", "certificate", "header", "bearer"], ...] = Field(
        ("basic",),
        description="Whence the user's name comes, the first that a request has: basic (credentials), certificate,"
        " header (set by the proxy), bearer (a token's claim, to look up only: the mail server verifies it).",
        strict=False,
    )
    user_header: HeaderName = Field(
        "X-Remote-User", description="With header among users: the one that the proxy sets."
    )
    bearer_claim: Line = Field(
        "preferred_username", description="With bearer among users: the claim that holds the login."
    )
    certificates: bool = Field(
        False, description="The proxy verifies client certificates and passes them; a device is known by its own first."
    )
    front: Listen = Field(
        Address("127.0.0.1", 8443), description="HOST:PORT where the mail server's proxy listens for phones."
    )
    backend: Listen = Field(
        Address("127.0.0.1", 20000), description="HOST:PORT of the mail server's ActiveSync behind that proxy."
    )
    backend_path: Line = Field(
        "/Microsoft-Server-ActiveSync", description="Its path there. SOGo: /SOGo/Microsoft-Server-ActiveSync."
    )
    web_path: str = Field(
        "",
        description="Path of a web application there, such as /SOGo: nginx and Caddy ask this door too. Empty: none.",
    )
    tls_certificate: OptionalPath = Field(
        None, description="The proxy's certificate with its chain, PEM, for `door config`. Empty: no TLS there."
    )
    tls_key: OptionalPath = Field(None, description="The key of that certificate, PEM.")
    client_ca: OptionalPath = Field(
        None, description="With certificates: the authority, PEM, by which the proxy verifies them."
    )
    haproxy_socket: OptionalPath = Field(
        None, description="HAProxy's stats socket (level admin): this door keeps HAProxy's maps and ends its sessions."
    )
    haproxy_files: OptionalPath = Field(
        None, description="The directory of HAProxy's maps, which this door writes and HAProxy reads when it starts."
    )
    doveadm: Url = Field(
        "",
        description="URL of Dovecot's doveadm HTTP API, such as http://127.0.0.1:8080: this door ends IMAP sessions.",
    )
    doveadm_key_file: OptionalPath = Field(None, description="A file with doveadm's API key on its first line.")
    dovecot_script: SitePath = Field(
        "/etc/dovecot/gatepost.lua",
        description="Where Dovecot finds gatepost.lua, which `door config dovecot` writes.",
        validate_default=True,
    )
    sasl: Listen = Field(
        Address("127.0.0.1", 12345), description="HOST:PORT where Dovecot answers Postfix's questions about logins."
    )
    submission: Listen = Field(
        Address("127.0.0.1", 587), description="HOST:PORT where Postfix takes mail that phones send."
    )
    url: Url = Field(
        "", description="Where programs that ask by AuthZEN reach this door. Empty: http and the address of the check."
    )
    metrics: OptionalListen = Field(
        None, description="HOST:PORT of this door's figures for Prometheus, at /metrics, to whoever asks. Empty: none."
    )


class Web(Section):
    """The APIs and the pages: a process that `gatepost serve` runs where a token, a url, sign_in or api asks for it."""

    listen: Listen = Field(Address("127.0.0.1", 8180), description="HOST:PORT. Put a proxy with TLS before it.")
    url: Url = Field(
        "",
        description="Where others reach it, such as https://gatepost.example. Empty: http and the address above,"
        " and no mail has a link. Links need https, except in an exercise.",
    )
    link_expires: Span = Field(
        30 * DAY, description="How long a mail's link to the reader's own page opens it; a newer mail has a newer link."
    )
    token_file: OptionalPath = Field(
        None,
        description="A file with the API's token on its first line, at least 32 characters, for its owner alone to"
        " read. Empty: nobody may ask.",
    )
    token_purpose: str = Field(
        "", description="Why whoever has the token looks at named people; recorded with each search. Empty: no search."
    )
    sign_in: Literal["off", "mail", "provider"] = Field(
        "off",
        description="How people who hold a role sign in to the pages. mail: by a link to their address. provider: at"
        " the OpenID provider of [sign_in], and by no link. The url must begin with https, except in an exercise on"
        " this machine. off: there are no pages.",
    )
    session_idle: Span = Field(HOUR, ge=MINUTE, description="Whoever does nothing for so long is signed out.")
    session_longest: Span = Field(12 * HOUR, ge=MINUTE, description="Everybody is signed out after so long.")
    fresh_for: Span = Field(
        10 * MINUTE, description="So long after signing in a passkey can be registered; later one signs in again."
    )
    api: bool = Field(
        False,
        description="Whether programs may act for people who made a token (`gatepost token add`), at /api/v1 below the"
        " url, which must begin with https, except in an exercise on this machine.",
    )


class Smtp(Section):
    """The mail server that notices are handed to."""

    host: Line = Field("127.0.0.1", description="Its name or address. In an exercise: this machine only.")
    port: Port = Field(25, description="25, 587 (submission) or 465 (tls).")
    tls: Literal["auto", "starttls", "tls", "none"] = Field(
        "auto", description="auto: TLS as the server offers it, and clear text only to this machine. none: never TLS."
    )
    username: str = Field("", description="Empty: no sign-in.")
    password_file: OptionalPath = Field(
        None, description="A file with the password on its first line, relative to this directory. Empty: none."
    )
    sender: MailAddress = Field("gatepost@localhost", alias="from", description="The address that notices come from.")
    connections: int = Field(4, ge=1, le=64, description="How many connections at once.")
    timeout: Span = Field(60 * SECOND, description="How long to wait for an answer of the mail server.")
    rate_per_hour: Count = Field(0, description="The provider's limit, in messages an hour. 0: none.")
    rate_per_day: Count = Field(0, description="The provider's limit, in messages a day. 0: none.")


class Rails(Section):
    """What no policy may do without more people saying yes."""

    minimum_notice: Span = Field(24 * HOUR, description="The least time between being told and being blocked.")
    short_notice_roles: tuple[Line, ...] = Field(
        ("executive",), description="Approver roles that a shorter notice needs besides.", strict=False
    )
    large_impact_percent: Percent = Field(
        25, description="Above this share of all devices the roles below are needed besides. In percent; 0: no rail."
    )
    large_impact_people: Count = Field(0, description="The same as a number of people. 0: no such rail.")
    large_impact_roles: tuple[Line, ...] = Field(
        ("executive",), description="Approver roles that a large impact needs besides.", strict=False
    )
    cap_people_per_hour: int = Field(
        50, ge=1, description="At most so many people are newly blocked in an hour whom no approval foresaw."
    )
    activation_roles: tuple[Line, ...] = Field(
        ("privacy",),
        min_length=1,
        description="Approver roles that each have to agree before an app is looked for: who stands for the privacy of"
        " those whose phones are looked at, such as a works council.",
        strict=False,
    )
    approvals_expire_after: Span = Field(14 * DAY, description="How long an approval is good for.")
    correction_within: Span = Field(
        4 * HOUR, description="Nothing is announced that could not be corrected for everybody within this time."
    )
    announcement_rate_per_minute: Count = Field(
        600, description="Announcements a minute; corrections are never slowed down. 0: as fast as possible."
    )
    first_batch: Count = Field(50, description="So many announcements go first, so that a mistake is seen early.")
    first_batch_wait: Span = Field(10 * MINUTE, description="How long the others wait after the first batch.")
    executive_groups: tuple[Line, ...] = Field(
        ("executives",), description="Groups whose members count as executives in a preview's warnings.", strict=False
    )
    previews_remembered: Span = Field(
        30 * DAY,
        description="For so long a preview is refused whose people differ from those of another by one to four:"
        " together they would tell on these.",
    )
    vendor_asked: Literal["ignore", "warn", "require"] = Field(
        "warn",
        description="Where nobody is recorded to have asked an app's owner: ignore, warn, or require it to announce.",
    )
    necessity_required: bool = Field(
        False, description="Refuse to propose a policy that does not say why it is needed."
    )
    press_required: bool = Field(False, description="Refuse to propose a policy without a line fit to print.")


class Fleet(Section):
    """What reports about devices are worth."""

    stale_after: Span = Field(14 * DAY, description="An absent older than this is not believed any more.")
    report_ahead: Span = Field(5 * MINUTE, description="A report dated further ahead than this is refused.")
    complete_limit_percent: Percent = Field(
        5, description="A complete import that would retire more than this share is refused. In percent."
    )


class Waivers(Section):
    """Exemptions."""

    longest: Span = Field(30 * DAY, description="The longest waiver that can be granted.")
    roles: tuple[Line, ...] = Field(
        (),
        description="Approver roles that alone grant waivers, by their own signature, such as agency-head: nobody can"
        " delegate it. Empty: operators and all approvers.",
        strict=False,
    )


class Attestations(Section):
    """Owners' own statements."""

    longest: Span = Field(30 * DAY, description="The longest time that a statement counts.")


class Retention(Section):
    """How long what names a person is kept, if nothing that lives needs it; then the worker erases it."""

    people_left: Term = Field(
        90 * DAY,
        description="Somebody who left, with their devices and all below: for questions about their last weeks. What a"
        " live policy told them keeps them until it is over: a correction may be owed to them.",
    )
    devices_retired: Term = Field(
        90 * DAY, description="A device that was checked out: in case that it was a mistake, or comes back."
    )
    passwords_revoked: Term = Field(
        90 * DAY, description="Label and last use of a revoked device password: sessions that it opened are long over."
    )
    sightings: Term = Field(
        90 * DAY, description="Who opened mail with what, after the last time: a quarter shows rarely used phones."
    )
    notices: Term = Field(
        180 * DAY,
        description="Mails of a policy and the mail server's answers, after it is over: for whoever disputes having"
        " been told. Never before it is over: a correction answers each person's own mail.",
    )
    audience: Term = Field(
        180 * DAY,
        description="Whom a policy concerned and when they were told, after it is over: for the same disputes.",
    )
    attestations: Term = Field(
        180 * DAY, description="An owner's statement, after its end; never while a live policy asks about the app."
    )
    waivers: Span = Field(
        365 * DAY,
        description="A waiver and its reason, after its end: regulators ask for a year of them. 0: never erased.",
    )
    reasons: Span = Field(
        3 * 365 * DAY,
        description="Other free text, such as why a policy was retracted or for what somebody looked at names, once"
        " nothing in force refers to it: complaints come late. 0: never erased.",
    )
    backups: Term = Field(
        30 * DAY,
        description="A file that `gatepost backup` wrote, if it is still where it was written: it holds everybody,"
        " erased or not.",
    )
    exports: Term = Field(
        30 * DAY, description="Files that `gatepost people export` wrote, if still where they were written."
    )


class Ledger(Section):
    """The tamper-evident record."""

    origin: Line = Field(
        description="The first line of every checkpoint: names this ledger in the world. Never change it."
    )


class Settings(Section):
    """A site's settings. Durations are in milliseconds, paths absolute if the site's directory is."""

    site: Site
    database: Database
    door: Door
    doors: dict[SectionName, DoorProcess]
    web: Web
    sign_in: SignIn
    metrics: Metrics
    webhooks: dict[SectionName, Webhook]
    smtp: Smtp
    rails: Rails
    fleet: Fleet
    waivers: Waivers
    attestations: Attestations
    retention: Retention
    ledger: Ledger

    @property
    def first_door(self) -> str:
        """The door that commands mean which name none: the only one, or the first in the file."""
        return next(iter(self.doors))


def sections() -> Iterator[tuple[str, type[Section]]]:
    """Every section that init writes, by the name that stands between the brackets, in the file's order."""
    for name, field in Settings.model_fields.items():
        if name == "webhooks":
            continue  # a site has none until somebody says where they are
        kind: Any = field.annotation
        yield (f"doors.{FIRST_DOOR}", DoorProcess) if name == "doors" else (name, kind)
