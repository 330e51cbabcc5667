"""`python -m bench [NAME ...] [--quick] [--write FILE]`: measure, print, and write docs/performance.md.

Without names everything is measured and the page is written; with names, only if `--write` says where: then their
sections of that page are replaced, and the others stay. `--quick` runs everything at tiny sizes, to show that it runs:
its figures mean nothing.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Final

from bench import change, check, decide, doors, erasing, evaluate, haproxy, imports, mail, pages, sessions, sogo, start
from bench.figures import Figure
from bench.page import PAGE, in_columns, now, write_page
from bench.processes import ROOT, Missing

BENCHMARKS: Final[Mapping[str, ModuleType]] = {
    "decide": decide,
    "scratch": evaluate,
    "check": check,
    "haproxy": haproxy,
    "change": change,
    "doors": doors,
    "import": imports,
    "erase": erasing,
    "mail": mail,
    "pages": pages,
    "sessions": sessions,
    "sogo": sogo,
    "help": start,
}


def _in_its_own_process(run: Callable[[Path, bool], list[Figure]], scratch: Path, quick: bool) -> list[Figure]:
    """What one leaves in memory is not counted as another's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(run, scratch, quick).result()


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if something could not be measured; a figure that is not met is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to show that it runs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page here")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    where = chosen.write or (None if chosen.names or chosen.quick else ROOT / PAGE)
    missing = False
    for name in chosen.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        begin = perf_counter()
        try:
            with tempfile.TemporaryDirectory(prefix=f"gatepost-bench-{name}-") as scratch:
                figures = _in_its_own_process(BENCHMARKS[name].run, Path(scratch), chosen.quick)
        except Missing as error:
            print(f"{name}: {error}", file=sys.stderr)
            missing = True
            continue
        print("\n".join(in_columns(figures)), flush=True)
        if where:  # at once: what was measured stays, whatever becomes of the others
            write_page(where, {name: now(figures, perf_counter() - begin, quick=chosen.quick)}, BENCHMARKS)
    return int(missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
