"""How soon a retraction is confirmed by every door: eight of them, three with an HAProxy whose maps they keep.

Real verbs in one process, eight real doors of the site in others, each with a copy of its own, and real HAProxies from
what `door config haproxy` writes. A policy that hits one device of a hundred is announced and retracted again and
again; counted is what `policy retract` says of each door: from its commit to the door's confirmation, which a door
with HAProxy gives when the maps are there too.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import sleep
from typing import Final

from bench.company import OPERATOR, Company, devices_file, good, people_file
from bench.figures import Figure
from bench.processes import Process, free_port, program
from gatepost.actions.doors import list_doors
from gatepost.actions.retract import retract
from gatepost.config import FILE
from gatepost.wiring import front_of, open_site
from tests.servers.haproxy import running, write

DOORS: Final = 8
WITH_HAPROXY: Final = 3
HIT_OF_100: Final = 1
PER_PERSON: Final = 5
"""Devices."""


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    program("haproxy", "haproxy")
    sizes, times = ((200,), 2) if quick else ((100_000, 1_000_000), 30)
    return [_figure(devices, _measured(scratch / str(devices), devices, times)) for devices in sizes]


def _figure(devices: int, taken: Sequence[int]) -> Figure:
    """`taken`: milliseconds until the last door had confirmed, of each retraction."""
    return Figure(
        f"Retraction: commit to the last of {DOORS} doors confirming, {devices:,} devices, worst",
        max(taken),
        "ms",
        at_most=1000,
        parts=(
            f"median {median(taken):.0f} ms",
            f"n = {len(taken)}",
            f"{WITH_HAPROXY} of the doors with an HAProxy",
        ),
        short="The machine's two cores run the site, eight doors and three HAProxies at once.",
    )


def _measured(scratch: Path, devices: int, times: int) -> list[int]:
    people = devices // PER_PERSON
    company = Company.made(
        scratch / "site",
        people_file(people),
        devices_file(devices, people, hit_of_100=HIT_OF_100),
        doors__mail__listen=f"127.0.0.1:{free_port()}",
    )
    company.close()
    names = _more_doors(scratch)
    company = Company(good(open_site(scratch / "site")))
    with _all_running(company, scratch, names):
        taken = [_retraction(company, f"policy-{number}") for number in range(times)]
    company.close()
    return taken


def _retraction(company: Company, policy: str) -> int:
    company.announce(policy)
    answers = good(retract(company.site, OPERATOR, policy, "to be measured")).doors
    confirmed = [answer.confirmed_ms for answer in answers if answer.confirmed_ms is not None]
    if len(confirmed) != DOORS:
        raise AssertionError(f"not confirmed by all: {answers}")
    return max(confirmed)


def _more_doors(scratch: Path) -> list[str]:
    """The site's doors by name, all in its settings; HAProxy's sockets in folders with short names."""
    names = ["mail", *(f"door{number}" for number in range(2, DOORS + 1))]
    path = scratch / "site" / FILE
    text = path.read_text(encoding="utf-8")
    for name in names[1:]:
        text += f'\n[doors.{name}]\nlisten = "127.0.0.1:{free_port()}"\ntable = "{name}"\n'
        if name in names[-WITH_HAPROXY:]:
            folder = scratch / name
            folder.mkdir()
            text += f'front = "127.0.0.1:{free_port()}"\nhaproxy_socket = "{folder}/s"\nhaproxy_files = "{folder}/m"\n'
    path.write_text(text, encoding="utf-8")
    return names


@contextmanager
def _all_running(company: Company, scratch: Path, names: list[str]) -> Iterator[None]:
    """Every door, and its HAProxy where it has one; all caught up."""
    with ExitStack() as ends:
        for name in names:
            if name in names[-WITH_HAPROXY:]:
                front = front_of(company.site, name)
                ends.enter_context(running(write(front, scratch / name), front))
            ends.enter_context(Process("bench.site_door", [str(company.site.directory), name]))
        while any(door["behind"] or door["problem"] for door in list_doors(company.site)):
            sleep(0.2)
        yield
