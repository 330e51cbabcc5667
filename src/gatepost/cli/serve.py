"""gatepost serve, gatepost worker, gatepost web: the long-running commands, with gatepost door run.

Each prints one line on standard output when it is ready, logs to standard error, and ends cleanly on SIGTERM.
"""

import ctypes
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from gatepost.cli.logging import configure_logging
from gatepost.cli.output import Exit
from gatepost.cli.session import Given
from gatepost.core.refusal import Refusal
from gatepost.wiring import api_token, provider_of
from gatepost.worker import run_worker

RESTART = 1.0
"""Seconds before a part that ended by itself is started again."""

_SET_PARENT_DEATH_SIGNAL = 1
log = structlog.get_logger("gatepost.serve")


def worker(*, session: Given) -> int:
    """Let time pass and mail be sent: deadlines, reminders, new hits, delivery."""
    configure_logging()
    with session.site() as site:
        if isinstance(site, Refusal | tuple):
            return session.out.answer(site, str, lambda _: [])
        run_worker(site, lambda: print("ready: worker", flush=True))
    return Exit.DONE


def web(*, session: Given) -> int:
    """Show people their own pages, and the site's where [web] sign_in says how they sign in; answer programs: by
    AuthZEN those that show the site's token, at /api/v1 where [web] api is true those that show a person's."""
    from gatepost.web.run import run_web  # late: the other commands here have no use for it

    configure_logging()
    with session.site() as site:
        if isinstance(site, Refusal | tuple):
            return session.out.answer(site, str, lambda _: [])
        token = api_token(site)
        if not isinstance(token, str):
            return session.out.problems(token)
        provider = provider_of(site)
        if isinstance(provider, tuple):
            return session.out.problems(provider)
        listen = site.settings.web.listen
        run_web(site, token, provider, lambda: print(f"ready: web on {listen}", flush=True))
    return Exit.DONE


def serve(*, session: Given) -> int:
    """Run everything of a site on this machine, each part a process of its own; until SIGTERM.

    The web process is a part where [web] names a token_file, a url or a way to sign_in, or api is true: without a token
    no program may ask it anything, without a url no mail has a link to a page of it.
    """
    configure_logging()
    with session.site() as site:
        if isinstance(site, Refusal | tuple):
            return session.out.answer(site, str, lambda _: [])
        doors = site.settings.doors
        ready = [f"door {name} on {at.listen}" for name, at in doors.items()]
        others = ["worker"]
        web = site.settings.web
        if web.token_file is not None or web.url or web.sign_in != "off" or web.api:
            others.append("web")
            ready.append(f"web on {web.listen}")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    commands = [*(("door", "run", name) for name in doors), *((name,) for name in others)]
    parts = [Part([*words, "--site", str(session.directory)], stop) for words in commands]
    try:
        if not all(part.start() for part in parts):
            return Exit.DONE if stop.is_set() else session.out.error("a part did not start; its log says why")
        print(f"ready: {', '.join([*ready, 'worker'])}", flush=True)
        while not stop.wait(0.2):
            for part in parts:
                part.keep()
    finally:
        for part in parts:
            part.end()
    return Exit.DONE


@dataclass(slots=True)
class Part:
    """One long-running command in a process of its own."""

    words: Sequence[str]
    stop: threading.Event
    process: subprocess.Popen[str] | None = field(default=None)

    def start(self) -> bool:
        """Start it and wait for its ready line; false if it ended without one."""
        self.process = subprocess.Popen(  # noqa: S603 (ourselves, with words of our own)
            [sys.executable, "-m", "gatepost", *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 (no threads run yet that could hold a lock over the fork)
        )
        return self.process.stdout is not None and self.process.stdout.readline().startswith("ready")

    def keep(self) -> None:
        """Start it again if it ended by itself: the door must not stay away because the worker stumbled, nor back."""
        if self.process is not None and self.process.poll() is not None:
            log.error("a part ended by itself and is started again", part=self.words[0], code=self.process.returncode)
            if not self.stop.wait(RESTART):
                self.start()

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def _end_with_parent() -> None:
    """Linux: SIGTERM when the parent dies, even of SIGKILL, so that no door answers for a site that was stopped."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
