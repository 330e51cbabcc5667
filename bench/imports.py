"""A whole company imported, and a policy previewed over it: seconds and peak memory of the commands as they are typed.

Each is a process of its own. Each device lists ten further apps, which are dropped on the way in.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

from bench.company import devices_file, people_file, policy_file
from bench.figures import Figure

GATEPOST: Final = Path(sys.executable).with_name("gatepost")
OTHER_APPS: Final = 10
"""Apps that are spoken of nowhere, in each device's list."""


_SHORT: Final = "The time goes, evenly, into Python objects made a row at a time and into SQLite's statements."


class Run(NamedTuple):
    """`cpu`: seconds of processor time. `memory`: the most that the process held, in MB."""

    seconds: float
    cpu: float
    memory: float
    said: Any


def run(scratch: Path, quick: bool) -> list[Figure]:
    """The figures."""
    people, devices = (300, 600) if quick else (100_000, 200_000)
    files = {"people.csv": people_file(people), "devices.csv": devices_file(devices, people, apps=OTHER_APPS)}
    files["policy.yaml"] = policy_file("memo", deadline="2030-07-10", tell_first=True)
    for name, data in files.items():
        (scratch / name).write_bytes(data)
    site = scratch / "site"
    _command(scratch, "init", str(site), "--exercise")
    steps = {
        f"people import, {people:,} people": ("people", "import", "people.csv"),
        f"devices import, {devices:,} devices": ("devices", "import", "devices.csv"),
        "devices import once more, nothing new": ("devices", "import", "devices.csv"),
        "policy preview over them": ("policy", "preview", "policy.yaml"),
    }
    runs = {what: _command(scratch, *words, "--site", str(site)) for what, words in steps.items()}
    _agree(list(runs.values()), people, devices)
    bounds = {f"devices import, {devices:,} devices": 30.0, "policy preview over them": 4.0}
    return [
        *(
            Figure(
                f"gatepost {what}",
                done.seconds,
                "s",
                at_most=bounds.get(what),
                goal=what in bounds,
                short=_SHORT,
                parts=(f"{done.cpu:.1f} s of processor time", f"{done.memory:.0f} MB at most"),
            )
            for what, done in runs.items()
        ),
        Figure("— peak memory of these", max(done.memory for done in runs.values()), "MB", at_most=700, goal=True),
    ]


def _agree(runs: list[Run], people: int, devices: int) -> None:
    """Every row went in, and the preview counts what the file says."""
    added, taken, again, preview = (done.said for done in runs)
    phones_hit = sum(1 for number in range(devices) if number % 100 < 12 and (number < people or number % 10 >= 5))
    counts = (added["added"], taken["added"], again["unchanged"])
    if counts != (people, devices, devices):
        raise AssertionError(f"the imports took in {counts}")
    group = sum(1 for number in range(devices) if number % 100 < 12 and number % people % 500 == 3)
    hit = preview["devices"]["hit"]
    if not phones_hit - group <= hit <= phones_hit:
        raise AssertionError(f"the preview counts {hit} devices hit, and there are {phones_hit}")


def _command(directory: Path, *words: str) -> Run:
    """Run `gatepost` with these words. RuntimeError with what it said if it fails."""
    output = directory / "output"
    with output.open("wb") as file:
        begin = perf_counter()
        process = subprocess.Popen([GATEPOST, *words, "--json"], stdout=file, stderr=file, cwd=directory)
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    said = output.read_text(encoding="utf-8")
    if process.returncode:
        raise RuntimeError(f"gatepost {' '.join(words)} ended with {process.returncode}: {said[-500:]}")
    document = said[said.index("{") :] if "{" in said else "null"
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(document))
