"""What others' rows say of people who are to be erased."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gatepost.actions.mentions import Words
from gatepost.core.instant import HOUR, Instant
from gatepost.storage.belongings import Traces, Whose, traces

BACK = HOUR
"""What was written so long before a search is looked at again: a clock may be set back meanwhile."""


class Search:
    """A look through every mail, text, answer and entry of the ledger for some people. It is made before the change
    that erases them, so that no retraction waits for it (I-18), and made complete within that change."""

    def __init__(self, conn: Connection, everyone: Sequence[Whose], now: Instant) -> None:
        self._whose = {whose.ref: whose for whose in everyone}
        self._words = Words({whose.ref: whose.devices for whose in everyone})
        self._found = traces(conn, everyone)
        self._since = now - BACK
        self._read_on(conn)

    def _read_on(self, conn: Connection) -> None:
        self._words.read_on(conn)
        for ref, words in self._words.about.items():
            self._found[ref].texts.update(words)

    def complete(self, conn: Connection, everyone: Sequence[Whose]) -> dict[str, Traces]:
        """By pseudonym, as things stand now. Only what came since is read, unless somebody has other names by now."""
        if any(self._whose.get(whose.ref) != whose for whose in everyone):
            return Search(conn, everyone, self._since)._found
        self._read_on(conn)
        for ref, newer in traces(conn, everyone, self._since).items():
            self._found[ref].add(newer)
        return self._found
