"""What can be written in the ledger. One frozen class per kind of change; the class's name is the event's name.

Fields are strings, whole numbers, booleans, and tuples or mappings of them, so that an event is canonical JSON and
back without rules of its own. People and devices are named by pseudonym (`ref`) only. Free text stands outside, in the
`texts` table; here stands its salted hash (`*_hash`), so that erasing the text leaves every proof whole. App lists
never stand here. Instants are milliseconds since 1970-01-01T00:00Z.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


# --- the site


@dataclass(frozen=True, slots=True)
class SiteCreated(Event):
    site: str
    exercise: bool
    verifier_key: str


@dataclass(frozen=True, slots=True)
class ClockSet(Event):
    """Exercises only."""

    offset: int


@dataclass(frozen=True, slots=True)
class TablesRebuilt(Event):
    """The tables were written anew from the `entries` before this one. `differing`: those that said otherwise."""

    entries: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackupMade(Event):
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class RestoreAcknowledged(Event):
    """The newest checkpoint known outside was shown, and the restored ledger holds it."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class RailsChanged(Event):
    """The site's file says other things under [rails] than were recorded. By `system`: a file says not who edited it.

    `before`, `after`: the settings that differ, by their path, as the file writes them; "" where there was none.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]


# --- who may do what


@dataclass(frozen=True, slots=True)
class RoleGranted(Event):
    person: str
    role: str


@dataclass(frozen=True, slots=True)
class RoleRevoked(Event):
    person: str
    role: str


@dataclass(frozen=True, slots=True)
class KeyAdded(Event):
    """`public_key`: one line in OpenSSH format without its comment. `fingerprint`: SHA256:..."""

    person: str
    fingerprint: str
    public_key: str


@dataclass(frozen=True, slots=True)
class KeyRevoked(Event):
    person: str
    fingerprint: str


# --- inventory (table-first: counts and digests only)


@dataclass(frozen=True, slots=True)
class PeopleImported(Event):
    digest: str
    added: int
    changed: int
    unchanged: int
    retired: int
    rejected: int


@dataclass(frozen=True, slots=True)
class DevicesImported(Event):
    digest: str
    added: int
    changed: int
    unchanged: int
    retired: int
    rejected: int


# --- catalogue


@dataclass(frozen=True, slots=True)
class CatalogueChanged(Event):
    revision: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    digest: str


# --- a policy's life


@dataclass(frozen=True, slots=True)
class NamesLooked(Event):
    """Somebody looked at named people (I-34). `what` they were shown, and `about` which one of these:

    names (a policy's id), mails (a policy's id), phone (a device's pseudonym), looks (nothing), waivers (nothing),
    search (the hash of what a program asked), export (nothing).
    """

    what: str
    about: str
    people: tuple[str, ...]
    purpose_hash: str


@dataclass(frozen=True, slots=True)
class PolicyProposed(Event):
    """`proposal`: lower-case hex SHA-256 of the frozen bytes. `approvals`: roles asked and how many of each."""

    policy: str
    revision: int
    proposal: str
    approvals: Mapping[str, int]
    expires: int


@dataclass(frozen=True, slots=True)
class PolicyWithdrawn(Event):
    policy: str
    revision: int
    reason_hash: str


@dataclass(frozen=True, slots=True)
class PolicyApproved(Event):
    """`signature`: armoured SSH signature (namespace gatepost) over the proposal's hash; "" in an exercise by --as."""

    policy: str
    revision: int
    proposal: str
    role: str
    fingerprint: str
    signature: str


@dataclass(frozen=True, slots=True)
class PolicyDeclined(Event):
    policy: str
    revision: int
    proposal: str
    role: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class QuorumReached(Event):
    policy: str
    revision: int
    proposal: str


@dataclass(frozen=True, slots=True)
class PolicyAnnounced(Event):
    """`rule`: the number by which doors know this revision. `audience`: digest of the sorted pseudonyms, and how many.

    `retires`: the revision that this one replaces, 0 if none.
    """

    policy: str
    revision: int
    proposal: str
    rule: int
    audience: str
    people: int
    retires: int


@dataclass(frozen=True, slots=True)
class PolicyRelaxed(Event):
    """A live revision (`relaxes`) gave its audience, and its number at doors, to one that makes nothing stricter."""

    policy: str
    revision: int
    proposal: str
    rule: int
    relaxes: int


@dataclass(frozen=True, slots=True)
class PolicyInForce(Event):
    policy: str
    revision: int


@dataclass(frozen=True, slots=True)
class QuorumLost(Event):
    policy: str
    revision: int


@dataclass(frozen=True, slots=True)
class QuorumRegained(Event):
    policy: str
    revision: int


@dataclass(frozen=True, slots=True)
class PolicyRetracted(Event):
    """`because`: error or withdrawn. `refers_to`: the question to an app's owner that it goes back to, "" for none."""

    policy: str
    revision: int
    because: str
    reason_hash: str
    refers_to: str


@dataclass(frozen=True, slots=True)
class PolicyEnded(Event):
    policy: str
    revision: int
    reason_hash: str


# --- people and a policy


@dataclass(frozen=True, slots=True)
class WaiverGranted(Event):
    """`subject`: a person's or a device's pseudonym; `of`: person or device.

    `role`: the approver role in which it was granted, "" where the site names none for waivers. `signature`: armoured
    SSH signature (namespace gatepost) by the key `fingerprint`, "" where none was asked, over the SHA-256, in hex, of
    the fields before these as canonical JSON.
    """

    waiver: str
    policy: str
    of: str
    subject: str
    until: int
    reason_hash: str
    role: str
    fingerprint: str
    signature: str


@dataclass(frozen=True, slots=True)
class WaiverRevoked(Event):
    """`until`: when it is over; whoever has it is told before, and has the policy's notice."""

    waiver: str
    until: int
    reason_hash: str


@dataclass(frozen=True, slots=True)
class WaiverEnded(Event):
    waiver: str


@dataclass(frozen=True, slots=True)
class AttestationGiven(Event):
    attestation: str
    device: str
    app: str
    until: int


@dataclass(frozen=True, slots=True)
class AttestationVoided(Event):
    """`because`: present (the app was seen after all), ended, or replaced."""

    attestation: str
    because: str


@dataclass(frozen=True, slots=True)
class PersonTold(Event):
    policy: str
    revision: int
    person: str
    how_hash: str


@dataclass(frozen=True, slots=True)
class CheckedOut(Event):
    """An operator confirmed that a device was wiped or handed back: what was present on it ends."""

    device: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class BlocksFrozen(Event):
    """More unforeseen people wait than the cap allows: nobody more is admitted until somebody releases them."""

    waiting: int


@dataclass(frozen=True, slots=True)
class BlocksReleased(Event):
    waiting: int


@dataclass(frozen=True, slots=True)
class NoticesSettled(Event):
    """A batch that left the outbox: notice id to its final state."""

    policy: str
    revision: int
    kind: str
    states: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NoticeBounced(Event):
    """A mail that had been accepted came back. `status`: RFC 3463, such as 5.1.1."""

    policy: str
    revision: int
    notice: str
    status: str


@dataclass(frozen=True, slots=True)
class OutcomesChanged(Event):
    """Devices whose verdict changed: pseudonym to allow, warn or block."""

    outcomes: Mapping[str, str] = field(default_factory=dict)
