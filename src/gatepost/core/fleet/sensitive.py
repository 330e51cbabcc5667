"""What an app may tell of whoever has it where that is nobody's business (GDPR article 9): why we ask twice.

A list of words finds what plainly says so in its name, and misses the rest: the catalogue's `touches` says it for an
app whose name does not. Being found here forbids nothing.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from gatepost.core.fleet.app import App


class Touched(StrEnum):
    """Parts of a life that an employer has no business in."""

    HEALTH = "health"
    RELIGION = "religion"
    UNION = "union"
    SEXUALITY = "sexuality"
    POLITICS = "politics"


_WORDS: Final[Mapping[Touched, str]] = {
    Touched.HEALTH: "health medical medicine clinic doctor patient hospital pharmacy diabetes cancer hiv pregnancy "
    "pregnant fertility period menstrual ovulation baby therapy therapist depression anxiety addiction sober "
    "gesundheit arzt salud santé saúde",
    Touched.RELIGION: "bible quran koran torah gita prayer prayers pray muslim islam islamic christian church catholic "
    "jewish hindu buddhist mosque temple ramadan salah rosary bibel kirche iglesia église",
    Touched.UNION: "union unions labour labor strike afl cio verdi gewerkschaft betriebsrat sindicato syndicat",
    Touched.SEXUALITY: "dating date tinder grindr bumble hinge gay lesbian lgbt lgbtq queer trans bisexual sex sexual "
    "hookup kink flirt",
    Touched.POLITICS: "politics political party democrats republicans election elections vote voter voters campaign "
    "parliament senate activist protest partei wahl",
}
_FOUND: Final[Mapping[str, Touched]] = {word: touched for touched, words in _WORDS.items() for word in words.split()}


def touches(app: App) -> tuple[str, ...]:
    """What an app touches, sorted: as the catalogue says, and as the words of its id and its name do."""
    words = re.findall(r"[^\W_]+", f"{app.id} {app.name}".casefold())
    return tuple(sorted({*app.touches, *(_FOUND[word].value for word in words if word in _FOUND)}))
