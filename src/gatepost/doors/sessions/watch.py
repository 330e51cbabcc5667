"""The thread that ends the open sessions of blocked devices at one mail server.

It lists what is open, asks the judge about each session, ends those that must not go on, and looks again. So what was
opened meanwhile, or did not end, is found by the next look.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from gatepost import clock
from gatepost.core.instant import NEVER, SECOND, Duration, Instant
from gatepost.doors.entry import certificate_key, fast_outcome
from gatepost.doors.judge import Judge

LOOK_EVERY: Final = 1.0
"""Seconds: how long a session may go on that was opened in the moment when its device was blocked."""

LOOK_WHILE_OPEN_EVERY: Final = 30.0
"""Seconds, while the door refuses nothing: so that it is known early whether the server can be asked."""

PART: Final = 50
"""Sessions that are ended before the judge is asked again, so that a retraction saves those that are left."""

ENDS_WITHIN: Final[Duration] = 3 * SECOND
"""A session that goes on for longer after it was ended is a problem."""

_log = logging.getLogger(__name__)


class SessionsUnknown(Exception):
    """A server's open sessions cannot be listed or ended. The text names the server, what is wrong, and what to do."""


class Session(NamedTuple):
    """One open session. `handle`: what its server ends it by. `user`: case-folded, "" if nobody was named.

    `keys`: the mail identities that may all be its device. `certificate`: as in Judge.recognise, "" if none was shown.
    `revoked`: it was opened by a device password that is not valid any more, so it ends whatever the door answers.
    `shared`: its device is of a type whose one id stands for many phones. `nameless`: nobody can tell any more whose it
    is, so it ends as soon as the door refuses anything.
    """

    handle: str
    user: str
    keys: tuple[bytes, ...]
    revoked: bool = False
    shared: bool = False
    certificate: str = ""
    nameless: bool = False

    @property
    def standings(self) -> tuple[bytes, ...]:
        """The keys of the copy under which its device may stand."""
        return (certificate_key(self.certificate), *self.keys) if self.certificate else self.keys


class Server(Protocol):
    """A mail server, or the proxy before it, whose open sessions can be listed and ended. `name`: for people."""

    @property
    def name(self) -> str: ...

    def sessions(self) -> Sequence[Session]:
        """All that are open now and came through this door. SessionsUnknown."""

    def end(self, sessions: Sequence[Session]) -> None:
        """End these and no others; it is no error if one has ended by itself. SessionsUnknown."""


class SessionWatch:
    """`problem`: what keeps sessions from being ended, for people, "" if nothing does. `ended`: how many sessions were
    told to end, each once. `push` is a Push."""

    def __init__(self, judge: Judge, server: Server) -> None:
        self.problem = ""
        self.ended = 0
        self._judge, self._server = judge, server
        self._woken = threading.Event()
        self._stance = judge.stance()
        self._until: Instant = NEVER
        self._ending: dict[str, int] = {}

    def push(self, keys: Sequence[bytes]) -> None:
        """Look at once if the copy changed, or the door's stance, or an instant came because the site's clock was set.
        Returns before that: a retraction must not wait for a mail server."""
        if keys or self._judge.stance() != self._stance or self._judge.copy.time.now() >= self._until:
            self._woken.set()

    def wake(self) -> None:
        """Look at once: something besides the copy changed, or the thread is to stop."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; call `wake` then."""
        while not stop.is_set():
            self._woken.clear()
            self.look()
            self._woken.wait(self._pause())

    def look(self) -> None:
        """List, judge and end once. Whatever fails is told in `problem`; the next look tries again."""
        try:
            self.problem = self._look()
        except SessionsUnknown as unknown:
            self.problem = str(unknown)
        except Exception as error:
            _log.exception("open sessions cannot be ended, for an unforeseen reason")
            self.problem = f"open sessions at {self._server.name} cannot be ended: {error!r}"

    def _look(self) -> str:
        self._stance, self._until = self._judge.stance(), NEVER
        sessions = self._server.sessions()
        self._until = self._next_instant(sessions)
        doomed = [session for session in sessions if self._must_end(session)]
        parts = (doomed[start : start + PART] for start in range(0, len(doomed), PART))
        failures = [failure for part in parts if (failure := self._end(part))]
        return failures[0] if failures else self._still_there(doomed)

    def _end(self, part: Sequence[Session]) -> str:
        """What went wrong, "" if nothing did: it must not keep the other parts from being ended."""
        try:
            if still := [session for session in part if self._must_end(session)]:
                self._server.end(still)
                self.ended += sum(session.handle not in self._ending for session in still)
        except SessionsUnknown as unknown:
            return str(unknown)
        return ""

    def _next_instant(self, sessions: Sequence[Session]) -> Instant:
        """When time alone may change what is answered for one of these."""
        reader = self._judge.copy.reader
        if reader is None:
            return NEVER
        records = (reader.get(key) for session in sessions for key in session.standings)
        now, effects = self._judge.copy.time.now(), reader.effects
        return min((fast_outcome(record, effects, now)[1] for record in records if record is not None), default=NEVER)

    def _must_end(self, session: Session) -> bool:
        if session.revoked:
            return True
        if session.nameless:
            refuses = self._judge.copy.reader is not None or self._judge.answer("no-copy") == "block"
            return refuses and self._judge.stance() == "enforce"
        if not session.standings:
            return self._judge.answer("unidentified") == "block"
        holds = "shared" if session.shared else ""
        user = session.user or (None if session.certificate else "")
        reason = self._judge.reason(session.keys, user, session.certificate, holds)
        return self._judge.answer(reason) == "block"

    def _still_there(self, doomed: Sequence[Session]) -> str:
        """The problem with sessions that were to be ended by an earlier look, and are here again."""
        now = clock.boot_elapsed()
        self._ending = {session.handle: self._ending.get(session.handle, now) for session in doomed}
        stuck = sum(now - since > ENDS_WITHIN for since in self._ending.values())
        return f"{stuck} open sessions of blocked devices at {self._server.name} do not end" if stuck else ""

    def _pause(self) -> float:
        """Seconds until the next look, unless something happens."""
        if self._stance != "enforce":
            return LOOK_WHILE_OPEN_EVERY
        to_deadline = (self._until - self._judge.copy.time.now()) / SECOND
        return min(LOOK_EVERY, max(to_deadline, 0.0))
