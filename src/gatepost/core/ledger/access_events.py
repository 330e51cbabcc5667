"""What is written in the ledger when a second administrator confirms a role or a key, when an administrator leaves, and
when the provider's groups give roles.

What was given or taken away stands in events.py. Whether it waited follows from the entries before it
(core/change/two_administrators.py), so that no entry has to say so.
"""

from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class AccessConfirmed(Event):
    """An administrator's yes to a role or a key that was given or taken away by `entry`.

    `signature`: armoured SSH signature (namespace gatepost) by the key `fingerprint` over the SHA-256, in lower-case
    hex, of that entry's stored bytes; "" in an exercise by --as.
    """

    entry: int
    fingerprint: str
    signature: str


@dataclass(frozen=True, slots=True)
class PasskeyRegistered(Event):
    """Whoever the entry is by signs in with a passkey of theirs from now on. Their yes it carries only once it is added
    as a key. `credential`: its id, in base64url. The rest as of KeyAdded."""

    credential: str
    fingerprint: str
    public_key: str


@dataclass(frozen=True, slots=True)
class PasskeyRemoved(Event):
    """It signs in nobody any more; as a key it stays until it is taken away."""

    person: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class AdministratorLeft(Event):
    """Whoever imports people says that an administrator no longer works here."""

    person: str


@dataclass(frozen=True, slots=True)
class AdministratorBack(Event):
    person: str


@dataclass(frozen=True, slots=True)
class RolesByProvider(Event):
    """`person` signed in at the provider, whose groups give them these `roles`, none others, `until` an instant. By
    `system`: the site took the provider's word. What administrators granted is not touched. `roles`: of author,
    operator, helpdesk and auditor; nothing that a quorum rests on."""

    person: str
    roles: tuple[str, ...]
    until: int
