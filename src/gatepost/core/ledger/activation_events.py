"""What is written in the ledger when an app begins to be looked for, and when that ends.

What an activation is for, until when, and who may see what is found stands in the bytes that approvers sign
(documents/activation.py), which are kept beside the ledger as a policy's proposal is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.ledger.events import Event


@dataclass(frozen=True, slots=True)
class ActivationProposed(Event):
    """`proposal`: lower-case hex SHA-256 of the frozen bytes. `approvals`: roles asked and how many of each.

    `apps`: those that would be looked for; an open proposal about any of them is replaced by this one.
    """

    proposal: str
    apps: tuple[str, ...]
    approvals: Mapping[str, int]
    until: int
    expires: int


@dataclass(frozen=True, slots=True)
class ActivationApproved(Event):
    """`signature`: armoured SSH signature (namespace gatepost) over the proposal's hash; "" in an exercise by --as."""

    proposal: str
    role: str
    fingerprint: str
    signature: str


@dataclass(frozen=True, slots=True)
class ActivationDeclined(Event):
    """One no ends the proposal."""

    proposal: str
    role: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class AppActivated(Event):
    """`proposal`: the activation that was approved. `since`: for each identifier with its platform, case-folded, such
    as `ios com.zhiliaoapp.musically`, the catalogue revision from which on it is matched."""

    app: str
    until: int
    proposal: str
    since: Mapping[str, int]
    revision: int


@dataclass(frozen=True, slots=True)
class AppDeactivated(Event):
    """What was found of the app is erased."""

    app: str
    revision: int
