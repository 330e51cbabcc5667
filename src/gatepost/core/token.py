"""What a program may do that shows somebody's token, and for how long."""

from enum import StrEnum
from typing import Final

from gatepost.core.instant import DAY, Duration


class Scope(StrEnum):
    """Each lets a program do less than the person may: their roles decide as well."""

    LOOK = "look"
    NAMES = "names"
    PROPOSE = "propose"
    APPROVE = "approve"
    ANNOUNCE = "announce"
    STOP = "stop"
    EXEMPT = "exempt"
    EVIDENCE = "evidence"
    REPORT = "report"


LONGEST: Final[Duration] = 366 * DAY
"""Every token has an end, and nobody remembers one that lies further ahead."""

ANSWERS_KEPT: Final[Duration] = DAY
"""For so long the same request under the same key gets the same answer."""
