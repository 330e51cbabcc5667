"""The stages of a policy revision, and which verb may follow in which."""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    ENDED = "ended"
    RETRACTED = "retracted"


LIVE: Final = frozenset({Stage.ANNOUNCED, Stage.IN_FORCE})
"""People have been told and doors know it."""

PENDING: Final = frozenset({Stage.PROPOSED, Stage.APPROVED})
"""Asked for, and not announced."""

ALLOWED: Final = {
    "withdraw": PENDING,
    "approve": PENDING,
    "decline": PENDING,
    "announce": frozenset({Stage.APPROVED}),
    "retract": LIVE,
    "end": LIVE,
    "pause": LIVE,
    "resume": LIVE,
    "relax": LIVE,
    "waive": LIVE | PENDING,
    "told": LIVE,
}
"""The stages in which a verb may be said; retracted and ended policies never come back.

Approving is also allowed while a live revision is held because its quorum was lost.
"""
