"""Grace from first contact: a phone that was not at a door since its person was told gets its grace when it comes."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.storage import contacts, sitemeta
from gatepost.storage.contacts import Contact


class FirstContacts:
    """Of some devices under some rules. `new`: what is to be written down, found while it was asked for."""

    def __init__(self, conn: Connection, rules: Collection[int] | Mapping[int, object], refs: Collection[str]) -> None:
        self.new: list[Contact] = []
        self._since = sitemeta.number(conn, sitemeta.SIGHTED_SINCE)
        watched = bool(rules) and bool(self._since)
        self._visible = contacts.with_identity(conn, refs) if watched else set[str]()
        self._known = contacts.of(conn, rules, self._visible)
        self._last_seen = contacts.last_seen(conn, self._visible) if watched else {}

    def of(self, rule: int, device: str, told_at: Instant | None) -> tuple[bool, Instant | None]:
        """Whether doors can see the device and said whom they saw when its person was told; and when it was first at
        one after that. Where doors never told of anybody, a phone that stays away is nobody's to see."""
        if told_at is None or not self._since or told_at < self._since or device not in self._visible:
            return False, None
        known = self._known.get((rule, device))
        if known is not None and known >= told_at:
            return True, known
        seen = self._last_seen.get(device)
        if seen is None or seen < told_at:
            return True, None
        self._known[rule, device] = seen
        self.new.append(Contact(rule, device, seen))
        return True, seen
