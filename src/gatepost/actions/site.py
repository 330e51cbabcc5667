"""What a verb acts on: the site's store, settings, clock and signing key."""

from dataclasses import dataclass, field
from pathlib import Path

from gatepost.actions.once import Once
from gatepost.clock import Clock
from gatepost.config import Settings
from gatepost.core.change.rails import Rails
from gatepost.signatures.note import NoteKey
from gatepost.storage.store import Store

KEY_FILE = "checkpoint.key"
"""The signing key's file in a site's directory."""

LINK_KEY_FILE = "links.key"
"""The file of the key by which the links to people's own pages are sealed."""


@dataclass(slots=True)
class RailsRead:
    """What this process read under [rails] when it started, as canonical JSON by key path; "" until somebody asks.

    `recorded`: that was what the database had at some time since. `overtaken`: it was said that this is over.
    """

    text: str = ""
    recorded: bool = False
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """An opened site. `templates`: the mail templates of this version, by name; proposals freeze them.

    `link_key`: seals the links to people's own pages; "" where there is none yet, and so no link. What is secret stands
    in no error's text. `once`: the request by which its verbs are said, where that came under a key.
    """

    directory: Path
    settings: Settings
    store: Store
    clock: Clock
    note_key: NoteKey = field(repr=False)
    templates: dict[str, str] = field(repr=False)
    link_key: str = field(repr=False)
    once: Once | None = None
    rails_read: RailsRead = field(default_factory=RailsRead, repr=False)

    @property
    def exercise(self) -> bool:
        return self.settings.site.exercise

    def rails(self) -> Rails:
        rails, smtp = self.settings.rails, self.settings.smtp
        hourly = [rate for rate in (smtp.rate_per_hour, smtp.rate_per_day // 24) if rate]
        return Rails(
            minimum_notice=rails.minimum_notice,
            short_notice_roles=tuple(rails.short_notice_roles),
            large_impact_percent=rails.large_impact_percent,
            large_impact_people=rails.large_impact_people,
            large_impact_roles=tuple(rails.large_impact_roles),
            correction_within=rails.correction_within,
            rate_per_hour=min(hourly) if hourly else 0,
            vendor_asked=rails.vendor_asked,
        )
