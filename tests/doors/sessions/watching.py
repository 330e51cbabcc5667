"""A door's copy, its judge, and the watch that ends sessions at one server, in this process."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from gatepost import clock
from gatepost.core.instant import DAY
from gatepost.doors.copy import Copy
from gatepost.doors.judge import DoorRules, Judge
from gatepost.doors.sessions.labels import Labels
from gatepost.doors.sessions.watch import Server, SessionWatch
from tests.doors.site import FLEET, SITE, Entry, batch

RULES = DoorRules("allow", "block", "undecided", DAY, "enforce")


class Site:
    """What the door knows. `tell` is what the follower does with a batch, without the follower."""

    def __init__(self, path: Path, *entries: Entry, rules: DoorRules = RULES) -> None:
        self.copy = Copy(path / "door", SITE, rules.copy_expires_after)
        self.judge = Judge(self.copy, rules, "mail")
        self.labels = Labels(self.copy)
        self._watches: list[SessionWatch] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.tell(*(entries or FLEET))
        self.copy.nothing_new()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        for watch, thread in zip(self._watches, self._threads, strict=True):
            watch.wake()
            thread.join(10)
        self.copy.close()

    def watch(self, server: Server) -> SessionWatch:
        """Watch that server from now on."""
        watch = SessionWatch(self.judge, server)
        thread = threading.Thread(target=watch.run, args=(self._stop,))
        self._watches.append(watch)
        self._threads.append(thread)
        thread.start()
        return watch

    def tell(self, *entries: Entry) -> int:
        """The site says this; when it was said (clock.system_now), with the copy changed."""
        self.copy.apply(batch(self.copy.position + 1, *entries))
        said = clock.system_now()
        keys: Sequence[bytes] = [key for key, _ in entries]
        for push in (self.labels.push, *(watch.push for watch in self._watches)):
            push(keys)
        return said
