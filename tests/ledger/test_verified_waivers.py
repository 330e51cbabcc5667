"""Waivers as the stand-alone verifier sees them, in ledgers that a dishonest site has written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.ledger.events import WaiverGranted
from gatepost.documents.canonical import canonical, digest
from gatepost.signatures import ssh
from tests.ledger.houses import ADMIN, SECURITY, House, staffed

HEAD, ANNA = "p_head", "p_anna"
SAID = {"waiver": "w_1", "policy": "no-tiktok", "of": "person", "subject": ANNA, "until": 5, "reason_hash": "h"}


def signed(house: House, by: str, said: dict[str, object]) -> tuple[str, str]:
    """Whose key, and the signature over these fields."""
    key = house.person(by)
    return ssh.fingerprint(key.public), ssh.sign(key.file, digest(canonical(said)).encode("ascii"))


def grant(house: House, by: str, signer: str = "", over: object = None, role: str = "head", **changes: object) -> None:
    said = SAID | changes
    key, signature = signed(house, signer or by, said if over is None else SAID | {"until": over})
    event = WaiverGranted(**said, role=role, fingerprint=key, signature=signature)  # type: ignore[arg-type] # as SAID
    house.say(by, event)


def as_it_should_be(house: House) -> None:
    grant(house, HEAD)


def unsigned(house: House) -> None:
    house.say(HEAD, WaiverGranted(**SAID, role="head", fingerprint="", signature=""))  # type: ignore[arg-type] # as SAID


def signed_by_another(house: House) -> None:
    grant(house, HEAD, signer=SECURITY)


def signed_for_a_shorter_time(house: House) -> None:
    grant(house, HEAD, over=4)


def in_a_role_not_held(house: House) -> None:
    grant(house, SECURITY)


def for_oneself(house: House) -> None:
    grant(house, HEAD, subject=HEAD)


def for_whom_the_role_is_owed_to(house: House) -> None:
    grant(house, HEAD, subject=ADMIN)


def by_an_operator_where_no_role_is_named(house: House) -> None:
    house.grant("p_operator", "operator")
    house.say("p_operator", WaiverGranted(**SAID, role="", fingerprint="", signature=""))  # type: ignore[arg-type] # as SAID


def by_nobody_where_no_role_is_named(house: House) -> None:
    house.say("p_nobody", WaiverGranted(**SAID, role="", fingerprint="", signature=""))  # type: ignore[arg-type] # as SAID


CASES: dict[Callable[[House], None], set[str]] = {
    as_it_should_be: set(),
    unsigned: {"key"},
    signed_by_another: {"key"},
    signed_for_a_shorter_time: {"signature"},
    in_a_role_not_held: {"waiver"},
    for_oneself: {"waiver"},
    for_whom_the_role_is_owed_to: {"waiver"},
    by_an_operator_where_no_role_is_named: set(),
    by_nobody_where_no_role_is_named: {"waiver"},
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_waiver_that_nobody_could_grant_is_found(case: Callable[[House], None], tmp_path: Path) -> None:
    """A waiver in a role stands by its granter's own signature over what it says; never for themselves, nor for whom
    they owe the role to."""
    house = staffed(tmp_path)
    house.approver(HEAD, "head")
    case(house)
    assert house.codes() == CASES[case]
