"""The whole demonstration: a stage, and the play on it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepost.demo.company import INDIA, eas_id
from gatepost.demo.happened import Happened
from gatepost.demo.memo import FAIR
from gatepost.demo.play import Played, play
from gatepost.demo.prevented import Prevented
from gatepost.demo.stage import Stage, raised
from gatepost.demo.telling import Part, Silent


@contextmanager
def played(teller: Silent, *, keep: bool) -> Iterator[tuple[Played, Stage]]:
    """Play 10 July 2020 on a site of its own; it is up until the end of the `with`.

    Its directory is removed then, unless `keep`.
    """
    scratch = Path(tempfile.mkdtemp(prefix="gatepost-demo-"))
    try:
        with raised(scratch / "site") as stage:
            result = Played()
            play([*Happened(stage).scenes(), *Prevented(stage, result).scenes()], teller, result)
            yield result, stage
    finally:
        if not keep:
            shutil.rmtree(scratch, ignore_errors=True)


def places(stage: Stage) -> dict[str, object]:
    """Where everything is, as JSON data."""
    host, port = stage.door
    smtp = f"{stage.sink.host}:{stage.sink.port}"
    return {"site": str(stage.site.directory), "door": f"http://{host}:{port}/check", "smtp": smtp}


def addresses(stage: Stage) -> Part:
    """Where everything is, and what to try."""
    host, port = stage.door
    site = f"--site {stage.site.directory}"
    path = f"/Microsoft-Server-ActiveSync?Cmd=Sync&User=a&DeviceId={eas_id(INDIA.phone)}&DeviceType=Phone"
    shell = (
        f"curl -i -u {INDIA.email}:secret -H 'X-Original-Method: POST' \\",
        f"  -H 'X-Original-URI: {path}' \\",
        f"  http://{host}:{port}/check",
    )
    commands = (f"policy list {site}", f"notices show {FAIR} {site}", f"ledger verify {site}")
    return Part(
        "The site stays up",
        "Ctrl-C ends it; its directory stays.",
        (
            _lines(
                f"Site  {stage.site.directory}",
                f"Door  http://{host}:{port}/check",
                f"Mail  {stage.sink.host}:{stage.sink.port}",
            ),
            "Ask the door as a proxy would, for the phone in Bengaluru:",
            _lines(*shell),
            "Look around, in another terminal:",
            _lines(*(f"gatepost {command}" for command in commands)),
        ),
    )


def _lines(*lines: str) -> str:
    """Lines to copy, as they are."""
    return "\n".join("  " + line for line in lines)
