"""Logs of the long-running commands: to standard error, as lines of JSON where that is not a terminal."""

import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

_SECRET = ("password", "authorization", "secret", "token", "private")


def configure_logging() -> None:
    """For `serve`, `worker` and `door run`. Instants are UTC; what is named like a secret is masked."""
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            _without_secrets,
            *([] if terminal else [structlog.processors.dict_tracebacks]),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last line of defence: no code is meant to log these."""
    return {
        key: "***" if any(word in key.casefold() for word in _SECRET) and key != "event" else value
        for key, value in event.items()
    }
