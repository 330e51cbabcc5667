"""A process's figures for Prometheus, at an address of their own.

    GET /metrics   200: the figures, in its text format or as OpenMetrics, whichever is asked for; other paths 404

A thread answers, and reads the figures when it is asked for them: what they are about loses no time over them.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from prometheus_client import CollectorRegistry, ProcessCollector, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost.core.figure import Shown
from gatepost.doors.serving import STOP_WITHIN, listen, serving

PATH: Final = "/metrics"

AGAIN: Final = 10.0
"""Seconds until an address that is taken is tried again: nothing that a process is for waits for its figures."""

_log = logging.getLogger(__name__)


Read = Callable[[], Iterable[Shown]]


class _Figures(Collector):
    def __init__(self, read: Read) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for figure, values in self._read():
            kind = CounterMetricFamily if figure.counts else GaugeMetricFamily
            family = kind(figure.name, figure.meaning, labels=figure.labels)
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family


def application(read: Read) -> ASGIApp:
    """What answers: these figures, and those of the process (`process_...`), from a registry of their own."""
    registry = CollectorRegistry()
    registry.register(_Figures(read))
    ProcessCollector(registry=registry)
    told: Any = make_asgi_app(registry)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await told(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})

    return answer


@contextmanager
def showing(address: tuple[str, int], read: Read) -> Iterator[None]:
    """Show these figures meanwhile."""
    shown = _Shown(address, application(read))
    thread = threading.Thread(target=shown.run, name="figures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        shown.end()
        thread.join(STOP_WITHIN)


class _Shown:
    def __init__(self, address: tuple[str, int], application: ASGIApp) -> None:
        self._address, self._application = address, application
        self._end = threading.Event()
        self._server: uvicorn.Server | None = None

    def run(self) -> None:
        while not self._end.is_set():
            try:
                listener = listen(self._address)
                self._server = uvicorn.Server(serving(self._application))
                self._server.should_exit = self._end.is_set()
                self._server.run(sockets=[listener])
            except OSError as error:
                _log.error("the figures cannot be shown: %s", error)
            self._end.wait(AGAIN)

    def end(self) -> None:
        self._end.set()
        if self._server:
            self._server.should_exit = True
