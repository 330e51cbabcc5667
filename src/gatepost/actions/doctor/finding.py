"""What one check found."""

from typing import Final, Literal, NamedTuple

Result = Literal["ok", "warn", "fail", "skipped"]

CHECKS: Final = (
    "files",
    "disk",
    "reserve",
    "worker",
    "database",
    "ledger",
    "tables",
    "backup",
    "administrators",
    "mail",
    "sign-in",
    "rails",
    "running",
    "copy",
    "clock",
    "open",
    "asked",
    "base64",
    "no-device",
    "cannot-decide",
    "sessions",
    "seen",
    "confirmed",
    "observes",
)
"""Every check. Each has a row in docs/reference/doctor.md (a test says so)."""


class Finding(NamedTuple):
    """`check`: of CHECKS. `door`: whom it is about, "" for the site. `todo`: what to do, "" if nothing is."""

    check: str
    door: str
    result: Result
    found: str
    todo: str = ""


def ok(check: str, found: str, *, door: str = "") -> Finding:
    return Finding(check, door, "ok", found)


def warn(check: str, found: str, todo: str, *, door: str = "") -> Finding:
    """Works, but not as well as it should."""
    return Finding(check, door, "warn", found, todo)


def fail(check: str, found: str, todo: str, *, door: str = "") -> Finding:
    """Does not work."""
    return Finding(check, door, "fail", found, todo)


def skipped(check: str, found: str, todo: str = "", *, door: str = "") -> Finding:
    """Could not be looked at."""
    return Finding(check, door, "skipped", found, todo)
