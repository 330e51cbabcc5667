"""An app: a catalogue entry, that is a family of identifiers that stand for one product."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatepost.core.fleet.device import Platform


@dataclass(frozen=True, slots=True)
class App:
    """`identifiers`: per platform, as the platform spells them (compared case-folded); none: cannot be matched."""

    id: str
    name: str
    publisher: str = ""
    publisher_country: str = ""
    identifiers: Mapping[Platform, tuple[str, ...]] = field(default_factory=dict)
    successors: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppList:
    """A named set of apps with its source, such as india-2020-06-29."""

    id: str
    title: str
    apps: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class ActiveApp:
    """An app that is looked for.

    `since`: per platform, the catalogue revision under which its identifiers there last became active. A report that
    was matched under an earlier revision says nothing about it: what was not active was thrown away.
    """

    id: str
    since: Mapping[Platform, int]


class Matcher:
    """Raw identifiers to app ids, per platform and case-folded; everything else is forgotten at once (I-35)."""

    __slots__ = ("_apps",)

    def __init__(self, active: Mapping[str, Mapping[Platform, tuple[str, ...]]]) -> None:
        self._apps: dict[Platform, dict[str, str]] = {platform: {} for platform in Platform}
        for app, identifiers in active.items():
            for platform, names in identifiers.items():
                for name in names:
                    self._apps[platform][name.casefold()] = app

    def match(self, platform: Platform, identifiers: tuple[str, ...]) -> frozenset[str]:
        """The active apps among these raw identifiers."""
        known = self._apps[platform]
        return frozenset([known[name] for name in known.keys() & map(str.casefold, identifiers)])
