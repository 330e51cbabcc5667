"""How soon mail flows again through a real SOGo, once a report says that the app is gone.

pyactivesync is the phone, behind nginx as `gatepost door config` writes it, the site's real door beside it. Each time
the phone is blocked and a mail waits; it counts from handing the report to the site until the phone, which asks again
and again, has that mail. What SOGo needs to hand over one mail to a phone that is let in is measured in turns with it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from subprocess import run as run_command
from time import perf_counter
from typing import Final

from bench.company import OPERATOR, START, TIKTOK, Company, devices_file, eas_id, good, login, people_file, report
from bench.figures import Figure, seconds
from bench.processes import Process, free_port, program
from gatepost.actions.import_devices import report as take_report
from gatepost.core.instant import MINUTE
from gatepost.doors.fronts import files
from gatepost.wiring import front_of
from tests.servers.certificates import Authority
from tests.servers.nginx import Nginx
from tests.servers.phone import Phone, Refused
from tests.servers.sogo import BACKEND_PATH, Sogo

PASSWORD: Final = "secret"
NEEDED: Final = {
    "nginx": "nginx-light",
    "sogod": "sogo",
    "psql": "postgresql",
    "memcached": "memcached",
    "dovecot": "dovecot-imapd",
}


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    times, commands = (2, 1) if quick else (30, 5)
    for name, package in NEEDED.items():
        program(name, package)
    with Sogo({login(0): PASSWORD}) as sogo, _front(scratch, sogo) as (company, phone):
        turns = _Turns(company, sogo, phone)
        turns.play(1, lambda row: _command(company, row))  # a phone's first look takes longer
        taken, alone = turns.play(times, lambda row: good(take_report(company.site, OPERATOR, row)))
        by_command, _ = turns.play(commands, lambda row: _command(company, row))
    return [
        Figure(
            "Report without the app, to new mail on the phone through nginx and SOGo, worst",
            max(taken) * 1000,
            "ms",
            at_most=1000,
            parts=(
                f"median {median(taken) * 1000:.0f} ms",
                f"a mail while let in: median {median(alone) * 1000:.0f} ms, worst {max(alone) * 1000:.0f} ms",
                f"n = {times}",
            ),
        ),
        Figure(
            "— the same from the start of the command `gatepost devices report`, its interpreter included, median",
            median(by_command) * 1000,
            "ms",
            parts=(f"worst {max(by_command) * 1000:.0f} ms", f"n = {commands}"),
        ),
    ]


@contextmanager
def _front(scratch: Path, sogo: Sogo) -> Iterator[tuple[Company, Phone]]:
    """A site whose policy blocks its only phone, its door, and nginx before SOGo."""
    authority = Authority(scratch / "authority")
    certificate = authority.certificate("mail.corp.example")
    port = free_port()
    company = Company.made(
        scratch / "site",
        people_file(1),
        devices_file(1, 1, hit_of_100=100),
        doors__mail__listen=f"127.0.0.1:{free_port()}",
        doors__mail__front=f"127.0.0.1:{port}",
        doors__mail__backend=f"127.0.0.1:{sogo.port}",
        doors__mail__backend_path=BACKEND_PATH,
        doors__mail__tls_certificate=str(certificate.file),
        doors__mail__tls_key=str(certificate.key),
    )
    company.announce("no-tiktok")
    with ExitStack() as ends:
        ends.callback(company.close)
        ends.enter_context(Process("bench.site_door", [str(company.site.directory)]))
        ends.enter_context(Nginx(scratch / "nginx", port, files("nginx", front_of(company.site, "mail"))))
        yield company, ends.enter_context(Phone(port, authority.file, login(0), PASSWORD, eas_id(0)))


class _Turns:
    """The app goes and comes back, again and again; each report is newer than the last."""

    def __init__(self, company: Company, sogo: Sogo, phone: Phone) -> None:
        self._company, self._sogo, self._phone = company, sogo, phone
        self._reported = START

    def play(self, times: int, take: Callable[[bytes], object]) -> tuple[list[float], list[float]]:
        """Seconds from each report without the app to the mail, and of a look at one new mail just after."""
        taken: list[float] = []
        alone: list[float] = []
        for _ in range(times):
            good(take_report(self._company.site, OPERATOR, self._row([TIKTOK])))
            self._until_refused()
            self._sogo.deliver(login(0), "waits")
            row = self._row([])
            begin = perf_counter()
            take(row)
            while "waits" not in self._asked():
                pass
            taken.append(perf_counter() - begin)
            self._sogo.deliver(login(0), "comes")
            took, subjects = seconds(self._phone.sync)
            if subjects != ["comes"]:
                raise AssertionError(f"a phone that is let in got {subjects}")
            alone.append(took)
        return taken, alone

    def _row(self, apps: list[str]) -> bytes:
        self._reported += MINUTE
        self._company.set_clock(self._reported)
        return report(0, self._reported, apps)

    def _asked(self) -> list[str]:
        with suppress(Refused):
            return self._phone.sync()
        return []

    def _until_refused(self) -> None:
        with suppress(Refused):
            while True:
                self._phone.sync()


def _command(company: Company, row: bytes) -> None:
    command = [sys.executable, "-m", "gatepost", "devices", "report", "-", "--site", str(company.site.directory)]
    run_command(command, input=row, capture_output=True, check=True)
