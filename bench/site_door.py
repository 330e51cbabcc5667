"""The door of a site as a process: `python -m bench.site_door DIR`."""

import sys
from pathlib import Path

from bench.company import good
from gatepost.wiring import open_site, run_site_door


def main(directory: Path) -> None:
    run_site_door(good(open_site(directory)), lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
