"""The web process: the site's API and its pages at an address of its own."""

import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from gatepost.actions.site import Site
from gatepost.doors.serving import listen, serving
from gatepost.web.app import application
from gatepost.wiring import web_url

if TYPE_CHECKING:
    from gatepost.identity.provider import Provider


def run_web(site: Site, token: str, provider: "Provider | None", ready: Callable[[], None]) -> None:
    """Answer until SIGTERM or SIGINT; `ready` is called once it listens. `token`, `provider`: as of application().

    OSError: the address is taken.
    """
    # A page is many short steps: with the usual 5 ms it would wait at each for a thread that reads a fleet meanwhile.
    sys.setswitchinterval(0.0005)
    address = site.settings.web.listen
    server = _Server(application(site, web_url(site), token, provider), ready)

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn takes these over, and raises the one that ended it once more at its end: that must not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    server.run(sockets=[listen(address)])


class _Server(uvicorn.Server):
    def __init__(self, application: ASGIApp, ready: Callable[[], None]) -> None:
        self._ready = ready
        super().__init__(serving(application))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
