"""A door of a site as a process: `python -m bench.site_door DIR [NAME]`."""

import sys
from pathlib import Path

from bench.company import good
from gatepost.wiring import open_site, run_site_door


def main(directory: Path, name: str = "") -> None:
    site = good(open_site(directory))
    run_site_door(site, name or site.settings.first_door, lambda: print("ready", flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
