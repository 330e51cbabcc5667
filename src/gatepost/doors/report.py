"""What a door tells the site."""

from collections.abc import Callable
from typing import NamedTuple

from gatepost.core.instant import Instant


class Sighting(NamedTuple):
    """Somebody opened mail with something at this door, at least once between `first` and `last`.

    `login`: case-folded, as sent, "" if none was told. `kind`: activesync, certificate, password, or "" where nothing
    named a device; `identity`: that one's own id. `device_type`, `user_agent`: as the client said, "" if it did not,
    cut to 200 characters. `reason`: of REASONS, the newest; `would`: what enforce mode answers for it.
    """

    login: str
    kind: str
    identity: str
    device_type: str
    user_agent: str
    first: Instant
    last: Instant
    reason: str
    would: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.login, self.kind, self.identity


class Opened(NamedTuple):
    """The glass was broken at this door: since when, by whom (as the machine knows them) and why; all mail passes."""

    at: Instant
    by: str
    reason: str


class Closed(NamedTuple):
    """The door went by its copy again from `at` on, by whom."""

    opened: Opened
    at: Instant
    by: str


class Report(NamedTuple):
    """`position`: of the newest change that this door, and what it keeps up to date, goes by; `rules`: the same of what
    people decided alone, which does not wait for the devices on the way. `problem`: what is wrong, for people, "" if
    nothing is. `opened`: None while it is not. `dropped`: how much was seen beside the sightings that had no place
    among them. `closed`: openings that ended and were not told yet. `erasures`: up to which erasure nothing is left
    in this door's files. `stream`: the name of the change stream that the positions and the erasure are of."""

    position: int
    problem: str
    sightings: tuple[Sighting, ...] = ()
    opened: Opened | None = None
    dropped: int = 0
    closed: tuple[Closed, ...] = ()
    erasures: int = 0
    stream: str = ""
    rules: int = 0


Tell = Callable[[Report], None]
