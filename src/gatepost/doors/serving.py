"""How our processes answer HTTP: uvicorn on a socket of our own, for bare ASGI applications."""

import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn

STOP_WITHIN: Final = 2
"""Seconds for answers that are on their way."""

BACKLOG: Final = 2048


def serving(application: Callable[..., Any]) -> uvicorn.Config:
    """The configuration of a server for a bare ASGI application."""
    return uvicorn.Config(
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
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_WITHIN,
    )


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket bound to HOST and PORT, for the server to listen on. OSError names the address."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{host}:{address[1]}") from None
    return listener
