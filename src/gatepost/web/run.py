"""The web process: the site's API at an address of its own."""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn

from gatepost.actions.site import Site
from gatepost.web.app import Application
from gatepost.wiring import web_url

STOP_WITHIN: Final = 2
"""Seconds for answers that are on their way."""


def run_web(site: Site, token: str, ready: Callable[[], None]) -> None:
    """Answer until SIGTERM or SIGINT; `ready` is called once it listens. `token`: what callers show, "" for nobody.

    OSError: the address is taken.
    """
    address = site.settings.web.listen
    server = _Server(Application(site, web_url(site), token), ready)

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn takes these over, and raises the one that ended it once more at its end: that must not kill the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        listener = socket.create_server(address, family=family)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(address)) from None
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, application: Application, ready: Callable[[], None]) -> None:
        self._ready = ready
        config = uvicorn.Config(
            application,
            interface="asgi3",
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
