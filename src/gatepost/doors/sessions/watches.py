"""The watches of one door: which mail servers' sessions it ends, by its settings."""

import threading
from pathlib import Path
from typing import Literal, NamedTuple

from gatepost.doors.feed import Push
from gatepost.doors.judge import Judge
from gatepost.doors.sessions.doveadm import DoveadmSessions
from gatepost.doors.sessions.haproxy import HaproxySessions
from gatepost.doors.sessions.labels import Labels
from gatepost.doors.sessions.watch import SessionWatch


class MailServers(NamedTuple):
    """Where open sessions can be ended; None or "" where the site has no such server. `haproxy_socket`: its stats
    socket. `doveadm`: the URL of Dovecot's HTTP API, `doveadm_key_file` its key."""

    haproxy_socket: Path | None = None
    doveadm: str = ""
    doveadm_key_file: Path | None = None


class Watches:
    """A thread for each server, so that one that hangs keeps no other from being asked. `pushes`: see Follower."""

    def __init__(self, judge: Judge, servers: MailServers) -> None:
        self.pushes: list[Push] = []
        self._watches: dict[Literal["haproxy", "dovecot"], SessionWatch] = {}
        if servers.haproxy_socket:
            self._watches["haproxy"] = SessionWatch(judge, HaproxySessions(servers.haproxy_socket))
        if servers.doveadm and servers.doveadm_key_file:
            labels = Labels(judge.copy)
            self.pushes.append(labels.push)  # before the watch, which asks them
            dovecot = DoveadmSessions(servers.doveadm, servers.doveadm_key_file, labels)
            self._watches["dovecot"] = SessionWatch(judge, dovecot)
        self.pushes += [watch.push for watch in self._watches.values()]

    def start(self, stop: threading.Event) -> None:
        """Watch until `stop` is set."""
        for watch in self._watches.values():
            threading.Thread(target=watch.run, args=(stop,), name="door-sessions", daemon=True).start()

    def wake(self) -> None:
        """Look at once; or see that `stop` is set."""
        for watch in self._watches.values():
            watch.wake()

    def problems(self) -> list[str]:
        """What keeps sessions from being ended, for people; nothing where nothing does."""
        return [watch.problem for watch in self._watches.values() if watch.problem]

    def ended(self) -> dict[str, int]:
        """How many open sessions were told to end at each kind of server."""
        return {kind: watch.ended for kind, watch in self._watches.items()}
