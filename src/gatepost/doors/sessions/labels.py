"""Whose a mail session is that a device password opened: the server names it LOGIN+LABEL, and the copy knows both.

LOGIN+LABEL means one device (see actions/device_passwords.py). What the copy said earlier is remembered: a session that
is still open must be recognised after its password was revoked or its device changed hands. A name that this door has
never known is one whose password was revoked while the door was away: nobody else names sessions so. (A login with a
plus of its own, and a domain behind that, ends in no label.)
"""

import threading
from collections.abc import Sequence
from typing import Final

from gatepost.core.instant import SECOND, Duration
from gatepost.doors.activesync import login_candidates
from gatepost.doors.copy import Copy
from gatepost.doors.device_password import LABEL
from gatepost.doors.entry import PASSWORD, SECRET, decode_secret, decode_standing
from gatepost.doors.sessions.watch import Session
from gatepost.doors.table import SEAL

BETWEEN: Final = "+"
"""Never in a label, while a login may hold it."""

HEARD_WITHIN: Final[Duration] = 30 * SECOND
"""A door that has not heard of its site for longer may lack a password that another door knows already."""

_Name = tuple[str, str]


class Labels:
    """`push` is a Push, and may be called in another thread than `find`."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._lock = threading.Lock()
        self._now: dict[_Name, bytes] = {}
        self._earlier: dict[_Name, bytes] = {}
        self._names: dict[bytes, tuple[_Name, ...]] = {}
        self._read_to = 0
        self.push([key for key in list(copy.table.records) if key.startswith(SECRET)] if copy.table else ())

    def push(self, keys: Sequence[bytes]) -> None:
        """These keys of the copy changed."""
        for key in keys:
            if key.startswith((SECRET, PASSWORD)):
                with self._lock:
                    self._read(key[len(SECRET) :])
        self._read_to = self._copy.position

    def find(self, named: str) -> Session | None:
        """The session of this name; None if no device password opens such, or none is known yet to do so."""
        login, between, label = named.casefold().rpartition(BETWEEN)
        if not between:
            return None
        names = [(candidate, label) for candidate in login_candidates(login)]
        with self._lock:
            selector = _first(self._now, names) or _first(self._earlier, names)
        if selector is None:
            gone = LABEL.fullmatch(label) and self._is_complete()
            return Session(named, login, (), revoked=True) if gone else None
        return Session(named, login, (PASSWORD + selector,), revoked=self._record(SECRET + selector) is None)

    def _is_complete(self) -> bool:
        """Whether every password of now is known here."""
        silent = self._copy.time.silent_for()
        whole = self._copy.reader is not None and self._read_to == self._copy.position
        return whole and silent is not None and silent <= HEARD_WITHIN

    def _read(self, selector: bytes) -> None:
        """What the copy says of a password now."""
        for name in self._names.pop(selector, ()):
            if self._now.get(name) == selector:
                del self._now[name]
            self._earlier[name] = selector
        secret, standing = self._record(SECRET + selector), self._record(PASSWORD + selector)
        if secret is None or standing is None:
            return
        label = decode_secret(secret).label.casefold()
        names = tuple((login, label) for login in decode_standing(standing).logins)
        self._names[selector] = names
        self._now.update(dict.fromkeys(names, selector))

    def _record(self, key: bytes) -> bytes | None:
        table = self._copy.table
        record = table.records.get(key) if table else None
        return None if record is None else record[:-SEAL]


def _first(known: dict[_Name, bytes], names: Sequence[_Name]) -> bytes | None:
    return next((known[name] for name in names if name in known), None)
