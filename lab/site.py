"""The lab's site: the small company that the journeys of the tests are about, its policy approved and not announced."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from gatepost import wiring
from gatepost.actions import access, approve, exercise, import_devices, import_people, propose
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import parse_instant
from tests.journeys.company import APPROVERS, AUTHOR, DEVICES, DOCUMENT, MONDAY, PEOPLE, POLICY, ROLES

T = TypeVar("T")

PHONES: Final = {
    "hanna": ("hanna@example.com", "HANNAPHONE1"),
    "ellis": ("ellis@example.com", "ELLISPHONE1"),
    "cleo": ("cleo@example.com", "CLEOPHONE1"),
}
"""By first name: the login and the phone. Hanna's and Ellis's carry TikTok."""


def found(directory: Path, settings: Mapping[str, object]) -> None:
    """Make it, on Monday 6 July 2020. `settings`: by their path in gatepost.toml."""
    site = _good(wiring.init_site(directory, exercise=True, admin="root@example.com", changes=dict(settings)))
    _good(exercise.set_clock(site, None, parse_instant(MONDAY)))
    _good(import_people.import_people(site, None, PEOPLE.encode(), "people.csv"))
    _good(import_devices.import_devices(site, None, DEVICES.encode(), "devices.csv"))
    for email, role in ROLES.items():
        _good(access.grant_role(site, None, email, role))
    _good(propose.propose(site, AUTHOR, DOCUMENT.encode(), "policy.yaml"))
    for role, email in APPROVERS.items():
        _good(approve.approve(site, email, POLICY, f"approver:{role}"))
    site.store.close()


def _good(answer: "T | Refusal | tuple[Problem, ...]") -> T:
    if isinstance(answer, Refusal | tuple):
        raise RuntimeError(f"the lab's site cannot be made: {answer}")
    return answer
