"""Everything a mail needs, as data: what is rendered depends on nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepost.core.change.rollout import RingLine
from gatepost.core.fleet.about import About
from gatepost.core.fleet.device import Form, Platform
from gatepost.core.instant import Duration, Instant
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Consequence, Text, Unseen


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What all mails on one policy revision share.

    `apps`: names as people know them. `forms`: the forms in scope, empty for all.
    `texts`: the author's text of an announcement, a correction or a withdrawal, by language (BCP 47); a withdrawal
    may be missing, ours then stands for it. `language`: the site's default. `contact`: the help desk, in one line.
    """

    id: str
    revision: int
    title: str
    reason: str
    apps: tuple[str, ...]
    consequence: Consequence
    unseen: Unseen
    texts: Mapping[NoticeKind, Mapping[str, Text]]
    contact: str
    forms: frozenset[Form] = frozenset()
    language: str = "en"
    exercise: bool = False

    def __hash__(self) -> int:
        """Of what names a revision: mappings have no hash, and whoever has equal names is compared in full."""
        return hash((self.id, self.revision))


def no_policy(contact: str, language: str, exercise: bool) -> PolicyFacts:
    """What a mail about no policy shares with the others: the site's part alone."""
    return PolicyFacts(
        "", 0, "", "", (), Consequence.REPORT, Unseen.ALLOW, {}, contact, language=language, exercise=exercise
    )


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """One device of the person. `found`: names of the apps found on it; empty: we cannot see (never "you have").

    `name`: what tells two phones apart, such as the inventory's id; "" if it is not worth saying.
    `open`: the policy asks something of it. `blockable`: the policy can block it; a shared one it may only ask for.
    """

    platform: Platform
    form: Form
    found: tuple[str, ...] = ()
    name: str = ""
    shared: bool = False
    open: bool = True
    blockable: bool = True


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What an approver, or the author of a proposal, is told.

    `deadline`: as the policy writes it. `role`: the one that this approver is asked in, `approver`: their
    address; "" in a result.
    `people`, `devices`: the predicted impact, counts
    by column (hit, clear, exempt, cannot_tell, unmanaged, cannot_be_told); a hidden small cell is None.
    `required`, `given`: approvals by role; `any_role`: one yes in any of them is enough.
    `checkpoint`: the ledger's signed note, line for line (I-32).
    `declined_by`: the name of who declined; "" in a result that says approved. `warnings`: sentences of the preview.
    `rings`: of a policy that has any, with the people concerned in each.
    `about`: what was known of the apps and their owners. `apps`: their names by id. `not_asked`: owners whom nobody is
    recorded to have asked, as a text; "" for none. `named`: every app that is frozen, with what brought it in.
    """

    proposal: str
    author: str
    deadline: str
    people: Mapping[str, int | None]
    devices: Mapping[str, int | None]
    required: Mapping[str, int]
    given: Mapping[str, int] = field(default_factory=dict)
    role: str = ""
    approver: str = ""
    checkpoint: str = ""
    declined_by: str = ""
    warnings: tuple[str, ...] = ()
    rings: tuple[RingLine, ...] = ()
    about: About = field(default_factory=About)
    named: tuple[str, ...] = ()
    apps: Mapping[str, str] = field(default_factory=dict)
    not_asked: str = ""
    any_role: bool = False


@dataclass(frozen=True, slots=True)
class Acted:
    """What somebody did that a mail about no policy tells. `by`: their name. `about`: a password's public part, or a
    door's name."""

    by: str
    at: Instant
    about: str


class SoughtApp(NamedTuple):
    """An app that is asked to be looked for, with its identifiers per platform."""

    name: str
    identifiers: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ActivationFacts:
    """What those are told who may agree that apps are looked for, or whoever asked for it.

    `role`: the one in which this approver is asked, "" in a result. `unmatched`: apps of a list that no identifier is
    known of. `touches`: what having one of them may tell (core/fleet/sensitive.py), `because`: why all the same.
    `declined_by`: a name, "" if nobody here has it any more. `checkpoint`: as in ApprovalFacts.
    """

    proposal: str
    author: str
    role: str
    approver: str
    apps: tuple[SoughtApp, ...]
    purpose: str
    until: Instant
    unmatched: tuple[str, ...] = ()
    who_may_see: str = ""
    touches: tuple[str, ...] = ()
    because: str = ""
    checkpoint: str = ""
    declined: bool = False
    declined_by: str = ""


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """A role or a key that was given or taken away, or an administrator who left. `act`: what (Act, or
    administrator_left). `person`: whose. `name`: the role, or the key's fingerprint. `confirmed_by`: names. `waits`: it
    does not count yet."""

    act: str
    person: str
    name: str
    confirmed_by: tuple[str, ...] = ()
    waits: bool = False


@dataclass(frozen=True, slots=True)
class RailsFacts:
    """[rails] says something else. `at`: when that was noticed. `settings`: the path of each that differs, what stood
    there and what stands there, as the file writes it; "" for nothing."""

    at: Instant
    settings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class LooksFacts:
    """Somebody's looks at named people, of one sort, in a digest. `by`: their name. `what`: as the ledger's event names
    it. `policy`: the one that they were about, "" if none. `people`: how many different ones."""

    by: str
    what: str
    policy: str
    times: int
    people: int
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """One mail to one person.

    `deadline`: the instant that the door uses for this person, None where it is `immediately`.
    `notice`: the least time between sending and block where it can end later than `deadline`, else None (I-10). In an
    announcement or an update it counts from that mail, in every later mail from the first: a reminder that counted
    from itself would promise more than the door gives.
    `grace`: what follows telling where `deadline` is None.
    `still_blocking`: titles of the other policies that block this person now.
    `thread`: the subject of the person's first mail on this policy, exactly as sent; "" if this is the first.
    `until`: the end of a waiver, from which the rule counts again; `revoked`: that waiver was taken back; `declined`:
    one that was asked for was not granted. In a reminder by when something is asked of the one device named, which is
    due only now; `statement_ends`: or will be, from then.
    `goes_on`: what is over for this person stays for others.
    `of_device`: that waiver is for the one device named. `exempt_until`: while nothing is asked because of a waiver.
    `past`: the person's own deadline, notice and grace are over, so that what is asked is asked at once.
    `nothing_open`: no device of theirs has anything to do. `moved_from`: their deadline before the policy was relaxed.
    `still_blocked`: their other devices that some policy blocks now. `note`: free text by who acted.
    `link`: where this mail leads, "" for nowhere: the person's own page; or to sign in, good until `until`.
    `code`: to be typed on the person's own page until `until`.
    """

    policy: PolicyFacts
    name: str
    locale: str
    time_zone: str
    deadline: Instant | None
    notice: Duration | None = None
    grace: Duration = 0
    devices: tuple[DeviceFacts, ...] = ()
    still_blocking: tuple[str, ...] = ()
    thread: str = ""
    until: Instant | None = None
    statement_ends: Instant | None = None
    revoked: bool = False
    declined: bool = False
    goes_on: bool = False
    of_device: bool = False
    exempt_until: Instant | None = None
    past: bool = False
    nothing_open: bool = False
    moved_from: Instant | None = None
    still_blocked: tuple[DeviceFacts, ...] = ()
    note: str = ""
    approval: ApprovalFacts | None = None
    acted: Acted | None = None
    activation: ActivationFacts | None = None
    looks: tuple[LooksFacts, ...] = ()
    link: str = ""
    access: AccessFacts | None = None
    rails: RailsFacts | None = None
    code: str = ""
