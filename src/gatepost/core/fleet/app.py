"""An app: a catalogue entry, that is a family of identifiers that stand for one product."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gatepost.core.fleet.device import Platform


@dataclass(frozen=True, slots=True)
class App:
    """`identifiers`: per platform, as the platform spells them (compared case-folded); none: cannot be matched.

    `touches`: what having it may tell of a person (core/fleet/sensitive.py), as far as the catalogue says.
    """

    id: str
    name: str
    publisher: str = ""
    publisher_country: str = ""
    identifiers: Mapping[Platform, tuple[str, ...]] = field(default_factory=dict)
    successors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()

    @property
    def spellings(self) -> frozenset[str]:
        """Its identifiers, each with its platform."""
        return frozenset(spelling(platform, name) for platform, names in self.identifiers.items() for name in names)


@dataclass(frozen=True, slots=True)
class AppList:
    """A named set of apps with its source, such as india-2020-06-29."""

    id: str
    title: str
    apps: tuple[str, ...]
    source: str = ""


def spelling(platform: str, identifier: str) -> str:
    """An identifier as it is compared, with its platform: `ios com.zhiliaoapp.musically`. Neither has a blank in it."""
    return f"{platform} {identifier.casefold()}"


@dataclass(frozen=True, slots=True)
class ActiveApp:
    """An app as far as it is looked for.

    `since`: per platform, the catalogue revision under which its identifiers there last became active. A report that
    was matched under an earlier revision says nothing about it: what was not active was thrown away.
    `marks`: what a report that has it leaves in the evidence, one for each identifier (`mark`), so that a policy finds
    those that its approvers saw and no other. None given: its id alone (`seen_as`).
    """

    id: str
    since: Mapping[Platform, int]
    marks: frozenset[str] = frozenset()

    @property
    def seen_as(self) -> frozenset[str]:
        return self.marks or frozenset({self.id})


def mark(app: str, spelled: str) -> str:
    """What stands in a device's evidence where an identifier (see `spelling`) of an active app was seen."""
    return f"{app} {spelled}"


def app_of(found: str) -> str:
    """The app of a mark."""
    return found.partition(" ")[0]


def looked_for(app: str, spellings: Iterable[str], since: Mapping[str, int]) -> ActiveApp:
    """An app as a policy sees it that names these identifiers of it.

    `since`: the identifiers that are looked for, whoever asks, each with the catalogue revision from which on it is.
    """
    matched = since.keys() & set(spellings)
    platforms: dict[Platform, int] = {}
    for spelled in matched:
        platform = Platform(spelled.partition(" ")[0])
        platforms[platform] = max(platforms.get(platform, 0), since[spelled])
    return ActiveApp(app, platforms, frozenset(mark(app, spelled) for spelled in matched))


class Matcher:
    """Raw identifiers to marks, per platform and case-folded; everything else is forgotten at once (I-35)."""

    __slots__ = ("_marks",)

    def __init__(self, active: Mapping[str, Iterable[str]]) -> None:
        """`active`: for each app that is looked for the spellings of its identifiers."""
        self._marks: dict[Platform, dict[str, tuple[str, ...]]] = {platform: {} for platform in Platform}
        for app, spellings in active.items():
            for spelled in spellings:
                platform, _, name = spelled.partition(" ")
                known = self._marks[Platform(platform)]
                known[name] = (*known.get(name, ()), mark(app, spelled))

    def match(self, platform: Platform, identifiers: tuple[str, ...]) -> frozenset[str]:
        """The marks of the active apps among these raw identifiers."""
        known = self._marks[platform]
        names = known.keys() & map(str.casefold, identifiers)
        return frozenset([found for name in names for found in known[name]])
