"""gatepost demo: 10 July 2020, played on an embedded exercise site."""

import signal
import sys
import threading
from contextlib import suppress
from typing import Annotated

from cyclopts import Parameter

from gatepost.cli.output import Exit
from gatepost.cli.session import Given
from gatepost.demo import run
from gatepost.demo.telling import Silent, Teller


def demo(
    *,
    serve: Annotated[bool, Parameter(help="Keep the site up afterwards, until Ctrl-C.")] = False,
    session: Given,
) -> int:
    """Play the memo's day: an invented company, real mail, a real door, a moved clock. Asks nothing, ends by itself.

    Everything stays on this machine, in a directory of its own that is removed at the end (with --serve it stays).
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the same end as Ctrl-C, with everything put away
    teller = Silent() if session.out.json else Teller()
    with run.played(teller, keep=serve) as (result, stage):
        code = Exit.DONE if result.ok else Exit.ERROR
        if session.out.json:
            session.out.show(result.data() | (run.places(stage) if serve else {}), tuple)
            sys.stdout.flush()
        if serve:
            teller.part(run.addresses(stage))
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
    return code
