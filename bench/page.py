"""The figures for people: lines in a terminal, and docs/performance.md."""

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.figures import Figure

PAGE: Final = Path("docs") / "performance.md"


def in_columns(figures: Sequence[Figure]) -> Iterator[str]:
    """One line a figure, its parts below it."""
    for figure in figures:
        met = {True: "met", False: "NOT MET", None: ""}[figure.met]
        yield f"  {figure.what:<88} {figure.measured:>10}   {figure.bound:<22} {met}".rstrip()
        yield from (f"      {part}" for part in figure.parts)


def page(measured: Mapping[str, Sequence[Figure]], about: Mapping[str, str], seconds: float, quick: bool) -> str:
    """The page, from one run. `about`: what each benchmark says of itself."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`; do not edit. All figures come from one run, those that are compared were measured in"
        " turns, and every answer was compared before anything was timed. Ratios say more than absolutes: the same run"
        " on another machine gives other seconds and much the same ratios.",
        "",
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_processor()}), {_memory_gb()} GB of"
        f" memory, Linux {platform.release()}, Python {platform.python_version()}, in {seconds / 60:.1f} minutes; the"
        f" load of the machine at the end was {os.getloadavg()[1]:.1f}.",
        "",
    ]
    if quick:
        lines += ["**Tiny sizes, to show that it runs: these figures mean nothing.**", ""]
    for name, figures in measured.items():
        lines += [f"## `python -m bench {name}`", "", about[name], "", *_table(figures), ""]
    lines += list(_shortfalls([figure for figures in measured.values() for figure in figures]))
    return "\n".join(lines).rstrip() + "\n"


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| figure | measured | asked | met | behind it |"
    yield "| --- | ---: | --- | --- | --- |"
    for figure in figures:
        met = {True: "yes", False: "**no**", None: ""}[figure.met]
        yield f"| {figure.what} | {figure.measured} | {figure.bound} | {met} | {'; '.join(figure.parts)} |"


def _shortfalls(figures: Sequence[Figure]) -> Iterator[str]:
    short = [figure for figure in figures if figure.met is False]
    yield "## Where it falls short"
    yield ""
    if not short:
        yield "Nowhere in this run."
    for figure in short:
        yield f"- **{figure.what}**: {figure.measured}, {figure.bound} asked. {figure.short}".rstrip()


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
