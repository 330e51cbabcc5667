"""Every refusal can be met, says what to do, and has written nothing."""

from pathlib import Path

import pytest

from gatepost.actions import (
    access,
    exempt,
    retract,
    waive,
)
from gatepost.core.instant import DAY, HOUR
from gatepost.core.refusal import Code
from tests.verbs import life_provocations, people_provocations, sign_in_provocations
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    nothing_written,
    refused,
)
from tests.verbs.provocations import PROVOCATIONS, Scene, Verb


def test_every_code_has_its_provocation() -> None:
    """A code that nobody can be given is a promise of nothing."""
    for module in (life_provocations, people_provocations, sign_in_provocations):
        assert module.__doc__, "imported, so that it is complete"
    assert set(PROVOCATIONS) == set(Code)


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.value)
def test_a_refusal_says_what_to_do_and_has_written_nothing(code: Code, build: Build, tmp_path: Path) -> None:
    """Refusals are values, with a sentence; ledger, tables, outbox and doors stay as they are."""
    scene = Scene(build, tmp_path)
    verb = PROVOCATIONS[code](scene)
    with nothing_written(scene.built):
        refusal = refused(verb(), code)
    assert len(refusal.text) > 20


@pytest.mark.parametrize("twice", ["grant", "told", "attest", "import"])
def test_what_is_said_twice_is_done_once(house: House, twice: str) -> None:
    """I-39: repeating a verb changes nothing that the first time did not."""
    house.people("u0")
    house.phone("u0", visibility="managed-only")
    house.announce(unseen="attest")
    verbs: dict[str, Verb] = {
        "grant": lambda: access.grant_role(house.site, None, SECURITY, "approver:security"),
        "told": lambda: exempt.told(house.site, OPERATOR, POLICY, "u0@corp.example", "by telephone"),
        "attest": lambda: exempt.attest(house.site, None, "phone-u0", "tiktok", house.now() + DAY),
        "import": lambda: house.phone("u0", [TIKTOK], at=house.now() - DAY),
    }
    verbs[twice]()
    house.pass_time()
    word, mails = house.word("u0"), len(house.tables()["notices"])
    verbs[twice]()
    house.pass_time()
    assert (house.word("u0"), len(house.tables()["notices"])) == (word, mails)
    house.sound()


def test_what_the_command_line_lets_nobody_say_is_no_refusal(house: House) -> None:
    """A caller that names no reason there is, or a waiver for both or nobody, is broken: it raises, nothing is
    written."""
    house.announce()
    until = house.now() + HOUR
    with nothing_written(house):
        with pytest.raises(ValueError, match="no reason to retract"):
            retract.retract(house.site, OPERATOR, POLICY, "why", "mood")
        for person, device in (("", ""), ("u0@corp.example", "phone-u0")):
            with pytest.raises(ValueError, match="one person or"):
                waive.grant_waiver(
                    house.site, OPERATOR, POLICY, person=person, device=device, until=until, reason="why"
                )
