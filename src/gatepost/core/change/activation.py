"""An activation: apps begin to be looked for, for a purpose, until a date. It is approved as a policy is."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatepost.core.change.proposal import NamedApp
from gatepost.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Activation:
    """What approvers sign, frozen. Its bytes are made in documents/activation.py.

    `apps`: with the identifiers that will be matched, and no others. `unmatched`: apps of a list that have none.
    `who_may_see`: in words; "" for the site's general rules. `touches`: per app, what having it may tell of a person;
    `sensitive_because`: why it is looked for all the same. `asked`: approvals of each role.
    """

    site: str
    author: str
    apps: tuple[NamedApp, ...]
    unmatched: tuple[str, ...]
    purpose: str
    until: Instant
    who_may_see: str
    touches: Mapping[str, tuple[str, ...]]
    sensitive_because: str
    asked: Mapping[str, int]
    catalogue_revision: int
    proposed_at: Instant
