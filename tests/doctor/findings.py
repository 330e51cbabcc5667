"""What the doctor finds of a house, in the tests' short words."""

from gatepost.actions.doctor import Finding, examine
from gatepost.wiring import provider_of, sender_of
from tests.verbs.houses import House


def found(house: House, check: str, door: str = "") -> Finding:
    """What the doctor finds about one thing."""
    (finding,) = [
        each for each in examine(house.site, sender_of, provider_of) if (each.check, each.door) == (check, door)
    ]
    return finding


def sick(house: House, check: str, result: str, about: str, door: str = "") -> None:
    """The doctor names this, and says what to do."""
    finding = found(house, check, door)
    assert (finding.result, bool(finding.todo)) == (result, True), finding
    assert about in finding.found, finding


def well(house: House, check: str, door: str = "") -> None:
    finding = found(house, check, door)
    assert (finding.result, finding.todo) == ("ok", ""), finding
