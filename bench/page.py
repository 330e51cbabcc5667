"""The figures for people: lines in a terminal, and docs/performance.md, with the same as data beside it."""

import inspect
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from bench.figures import Figure

PAGE: Final = Path("docs") / "performance.md"


def in_columns(figures: Sequence[Figure]) -> Iterator[str]:
    """One line a figure, its parts below it."""
    for figure in figures:
        met = {True: "met", False: "NOT MET", None: ""}[figure.met]
        yield f"  {figure.what:<88} {figure.measured:>10}   {figure.bound:<22} {met}".rstrip()
        yield from (f"      {part}" for part in figure.parts)


@dataclass(frozen=True)
class Measured:
    """One benchmark's figures. `when`: date, machine, how long it took, the load at its end; as a sentence."""

    figures: Sequence[Figure]
    when: str
    quick: bool


def now(figures: Sequence[Figure], seconds: float, *, quick: bool) -> Measured:
    """What was measured just now."""
    when = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds / 60:.1f} minutes, {os.cpu_count()} cores"
        f" ({_processor()}), {_memory_gb()} GB of memory, Linux {platform.release()}, Python"
        f" {platform.python_version()}; the load of the machine at the end was {os.getloadavg()[1]:.1f}."
    )
    return Measured(figures, when, quick)


def write_page(path: Path, measured: Mapping[str, Measured], benchmarks: Mapping[str, ModuleType]) -> None:
    """Write these benchmarks' sections; those of the others stay as the file beside the page has them."""
    kept = path.with_suffix(".json")
    known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    known |= {name: asdict(one) for name, one in measured.items()}
    ordered = {name: known[name] for name in benchmarks if name in known}
    path.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    about = {name: inspect.getdoc(module) or "" for name, module in benchmarks.items()}
    path.write_text(page({name: _read(one) for name, one in ordered.items()}, about), encoding="utf-8")


def _read(kept: Mapping[str, Any]) -> Measured:
    return Measured([Figure(**figure) for figure in kept["figures"]], kept["when"], kept["quick"])


def page(measured: Mapping[str, Measured], about: Mapping[str, str]) -> str:
    """The page. `about`: what each benchmark says of itself."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench`, or a section of it by `python -m bench NAME --write docs/performance.md`; do not"
        " edit. What is compared was measured in turns, in one run, and every answer was compared before anything was"
        " timed. Ratios say more than absolutes: the same run on another machine gives other seconds and much the same"
        " ratios.",
        "",
    ]
    for name, one in measured.items():
        lines += [f"## `python -m bench {name}`", "", about[name], "", one.when, ""]
        if one.quick:
            lines += ["**Tiny sizes, to show that it runs: these figures mean nothing.**", ""]
        lines += [*_table(one.figures), ""]
    lines += list(_shortfalls([figure for one in measured.values() for figure in one.figures]))
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
        yield "Nowhere."
    for figure in short:
        yield f"- **{figure.what}**: {figure.measured}, {figure.bound} asked. {figure.short}".rstrip()


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
