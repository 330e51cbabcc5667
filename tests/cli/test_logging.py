"""Logs of the long-running commands."""

import json
from collections.abc import Iterator

import pytest
import structlog

from gatepost.cli.logging import configure_logging


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_logs_are_json_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody looks, each event is one line of JSON on standard error, whatever stands in it (I-36)."""
    configure_logging()
    structlog.get_logger().warning("door silent", door="front\n{}", seconds=5)
    out, err = capsys.readouterr()
    event = json.loads(err)
    assert out == ""
    assert err.count("\n") == 1
    assert (event["event"], event["level"], event["door"]) == ("door silent", "warning", "front\n{}")
    assert event["timestamp"].endswith("Z")


def test_what_is_named_like_a_secret_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """A password handed to the logger by mistake does not reach the log."""
    configure_logging()
    structlog.get_logger().info("sign-in", Authorization="Basic abc", smtp_password="hunter2")
    err = capsys.readouterr().err
    assert "abc" not in err
    assert "hunter2" not in err
