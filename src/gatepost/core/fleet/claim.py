"""Evidence: claims about an app, each with who makes it, when and where it can be read."""

from dataclasses import dataclass
from enum import StrEnum


class Stance(StrEnum):
    """What the one who speaks does: an allegation is not a report, and a denial is kept beside what it denies."""

    ALLEGES = "alleges"
    DENIES = "denies"
    REPORTS = "reports"
    CONFIRMS = "confirms"


@dataclass(frozen=True, slots=True)
class Claim:
    """`app`: its id in the catalogue. `on`: the day it was made, such as 2020-07-06. `source`: where to read it."""

    app: str
    who: str
    stance: Stance
    claim: str
    on: str
    source: str
