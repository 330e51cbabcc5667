"""A request under a key is done once, whatever becomes of its answer (I-39).

The key is written in the very transaction that does what was asked, so no crash can come between the two. The answer is
written after it; where a crash came before that, whoever asks again learns that it was done, and by which entry.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from gatepost.core.instant import Instant
from gatepost.storage import answers
from gatepost.storage.answers import Kept


class DoneBefore(Exception):
    """Under this key something was done already; nothing is done now."""

    def __init__(self, kept: Kept) -> None:
        super().__init__("done before")
        self.kept = kept


@dataclass(slots=True)
class Once:
    """One request. `token`: the name of whose it is; `key`: its Idempotency-Key; `asked`: its digest."""

    token: str
    key: str
    asked: str
    entry: int | None = None
    _committed: bool = field(default=False, init=False)

    def begin(self, conn: Connection, now: Instant) -> None:
        """To be called first in each of the request's changes. DoneBefore, unless it was by this request itself."""
        if not self._committed and (kept := answers.find(conn, self.token, self.key, now)):
            raise DoneBefore(kept)

    def done(self, conn: Connection, entry: int, now: Instant) -> None:
        """To be called in a change that made entries, the first of them this one."""
        if not self._committed:
            self.entry = entry
            answers.keep(conn, self.token, self.key, Kept(self.asked, entry, ""), now)

    def committed(self) -> None:
        """To be called after such a change: further ones are parts of the same request."""
        self._committed = self.entry is not None

    def answered(self, conn: Connection, answer: str, now: Instant) -> None:
        """Keep the answer (JSON)."""
        answers.keep(conn, self.token, self.key, Kept(self.asked, self.entry, answer), now)
