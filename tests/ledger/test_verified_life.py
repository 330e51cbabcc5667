"""The life of a policy, and who grants, as the stand-alone verifier sees them: what is over never comes back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.ledger import events
from gatepost.core.ledger.activation_events import ActivationApproved, ActivationProposed, AppActivated, AppDeactivated
from gatepost.documents.canonical import canonical, digest
from gatepost.signatures import ssh
from tests.ledger.houses import ADMIN, AUTHOR, LEGAL, POLICY, SECURITY, House, staffed

OTHER, NOBODY = "p_other", "p_nobody"


def live(house: House, **frozen: object) -> None:
    """The house's revision approved and announced."""
    house.propose(None, AUTHOR, 2**52, **frozen)
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()


def retracted(house: House) -> None:
    live(house)
    house.say(AUTHOR, events.PolicyRetracted(POLICY, 1, "error", "0" * 64, ""))


def retracted_and_in_force(house: House) -> None:
    retracted(house)
    house.say("system", events.PolicyInForce(POLICY, 1))


def ended_and_in_force(house: House) -> None:
    live(house)
    house.say(AUTHOR, events.PolicyEnded(POLICY, 1, "0" * 64))
    house.say("system", events.PolicyInForce(POLICY, 1))


def retracted_and_announced(house: House) -> None:
    retracted(house)
    house.announce()


def announced_twice(house: House) -> None:
    live(house)
    house.announce()


def replaced(house: House) -> None:
    live(house)
    house.revision = 2
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce(retires=1)
    house.say("system", events.PolicyInForce(POLICY, 2))


def replaced_and_in_force(house: House) -> None:
    replaced(house)
    house.say("system", events.PolicyInForce(POLICY, 1))


def two_live_at_once(house: House) -> None:
    live(house)
    house.revision = 2
    live(house)


def replay(house: House, policy: str, revision: int) -> None:
    """What was proposed and signed of revision 1, word for word, to last for longer."""
    asked = {"security": 1, "legal": 1}
    house.say(AUTHOR, events.PolicyProposed(policy, revision, house.hash, asked, 2**52))
    for person in (SECURITY, LEGAL):
        key = house.person(person)
        signature = ssh.sign(key.file, house.hash.encode("ascii"))
        role, fingerprint = person.removeprefix("p_"), ssh.fingerprint(key.public)
        house.say(person, events.PolicyApproved(policy, revision, house.hash, role, fingerprint, signature))
    house.say(AUTHOR, events.PolicyAnnounced(policy, revision, house.hash, 2, "0" * 64, 12, 0))


def signatures_again(house: House) -> None:
    retracted(house)
    replay(house, POLICY, 1)


def signatures_under_another_number(house: House) -> None:
    retracted(house)
    replay(house, POLICY, 2)


def signatures_under_another_name(house: House) -> None:
    retracted(house)
    replay(house, "another", 1)


def revision_again(house: House) -> None:
    retracted(house)
    house.propose()


def of_another_policy(house: House) -> None:
    house.propose(policy={"policy": "another"})


def of_another_site(house: House) -> None:
    house.propose(site="other")


def of_another_day(house: House) -> None:
    house.propose(proposed_at=1)


def proposed_anew(house: House) -> None:
    retracted(house)
    house.revision = 2
    live(house)


def relax(house: House, frozen: int, said: int = 1) -> None:
    """Revision 2, with one yes, in the place of another."""
    house.revision = 2
    house.propose(relaxes=frozen)
    house.approve(SECURITY, "security")
    house.say(SECURITY, events.PolicyRelaxed(POLICY, 2, house.hash, 1, said))


def relaxed(house: House) -> None:
    live(house)
    relax(house, frozen=1)
    house.say("system", events.PolicyInForce(POLICY, 2))


def stricter_as_a_relax(house: House) -> None:
    live(house)
    relax(house, frozen=0)


def relaxes_what_was_retracted(house: House) -> None:
    retracted(house)
    relax(house, frozen=1)


def relaxed_and_in_force(house: House) -> None:
    relaxed(house)
    house.say("system", events.PolicyInForce(POLICY, 1))


def a_relax_announced(house: House) -> None:
    live(house, relaxes=1)


def look_for(house: House, again: bool = False) -> None:
    """An app agreed to and looked for; `again`: after it was over, by the same bytes and the same signature."""
    app = {"id": "chess", "identifiers": {"ios": ["org.chess"]}}
    said = {"v": 1, "kind": "activation", "author": AUTHOR, "asked": {"security": 1}, "until": 2**51, "apps": [app]}
    data = canonical(said | {"site": "acme", "proposed_at": house.now()})
    name = digest(data)
    house.proposals[name] = data
    key = house.person(SECURITY)
    signature = ssh.sign(key.file, name.encode("ascii"))
    for _ in range(2 if again else 1):
        house.say(AUTHOR, ActivationProposed(name, ("chess",), {"security": 1}, 2**51, 2**52))
        house.say(SECURITY, ActivationApproved(name, "security", ssh.fingerprint(key.public), signature))
        house.say(SECURITY, AppActivated("chess", 2**51, name, {"ios org.chess": 1}, 1))
        house.say(SECURITY, AppDeactivated("chess", 2))


def looked_for_again(house: House) -> None:
    look_for(house, again=True)


def agreed_to_twice(house: House) -> None:
    look_for(house)
    look_for(house)


def role_by_nobody(house: House) -> None:
    house.grant(OTHER, "approver:legal", by=NOBODY)


def role_by_the_system(house: House) -> None:
    house.grant(OTHER, "admin", by="system")


def key_by_the_system(house: House) -> None:
    house.add_key(OTHER, by="system")


def role_by_whoever_was_an_administrator(house: House) -> None:
    house.grant(AUTHOR, "admin")
    house.say(ADMIN, events.RoleRevoked(AUTHOR, "admin"))
    house.grant(OTHER, "helpdesk", by=AUTHOR)


def proposed_by_no_author(house: House) -> None:
    house.propose(by=SECURITY)


def time_passes(house: House, seconds: int) -> None:
    """An entry that much later, after which the clock steps back and the policy is announced."""
    house.propose(expires=house.now() + 60_000)
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say("system", events.BackupMade(1, "0" * 64), at=house.now() + seconds * 1000)
    house.announce(at=house.now() - 1000)


def expired_and_backdated(house: House) -> None:
    time_passes(house, 120)


def a_clock_that_steps_back(house: House) -> None:
    time_passes(house, 10)


def rails(house: House, before: str, after: str, by: str = "system") -> None:
    house.say(by, events.RailsChanged({"rails.minimum_notice": before}, {"rails.minimum_notice": after}))


def rails_by_turns(house: House) -> None:
    rails(house, '"24h"', '"1h"')
    rails(house, '"1h"', '"24h"')


def rails_that_skip_an_edit(house: House) -> None:
    rails(house, '"24h"', '"1h"')
    rails(house, '"24h"', '"2h"')


def rails_by_somebody(house: House) -> None:
    rails(house, '"24h"', '"1h"', by=AUTHOR)


def rails_of_nothing(house: House) -> None:
    house.say("system", events.RailsChanged({}, {"rails.minimum_notice": '"1h"'}))


CASES: dict[Callable[[House], None], set[str]] = {
    rails_by_turns: set(),
    rails_that_skip_an_edit: {"rails"},
    rails_by_somebody: {"rails"},
    rails_of_nothing: {"data"},
    retracted_and_in_force: {"not_announced"},
    ended_and_in_force: {"not_announced"},
    retracted_and_announced: {"proposal"},
    announced_twice: {"announced_again"},
    replaced: set(),
    replaced_and_in_force: {"not_announced"},
    two_live_at_once: {"retires"},
    signatures_again: {"proposal_again", "proposal"},
    signatures_under_another_number: {"proposal_again", "proposal"},
    signatures_under_another_name: {"proposal_again", "proposal"},
    revision_again: {"proposal_again"},
    of_another_policy: {"proposal_differs"},
    of_another_site: {"proposal_differs"},
    of_another_day: {"proposal_differs"},
    proposed_anew: set(),
    relaxed: set(),
    stricter_as_a_relax: {"relaxes"},
    relaxes_what_was_retracted: {"not_announced"},
    relaxed_and_in_force: {"not_announced"},
    a_relax_announced: {"relaxes"},
    looked_for_again: {"proposal_again", "activation"},
    agreed_to_twice: set(),
    role_by_nobody: {"grant"},
    role_by_the_system: {"grant"},
    key_by_the_system: {"grant"},
    role_by_whoever_was_an_administrator: {"grant"},
    proposed_by_no_author: {"author"},
    expired_and_backdated: {"expired"},
    a_clock_that_steps_back: set(),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_what_is_over_and_what_nobody_might_do_is_found(case: Callable[[House], None], tmp_path: Path) -> None:
    """I-12, I-13: nothing comes back by entries alone, signatures are good for one proposal, and only administrators
    grant; what is in order is left alone."""
    house = staffed(tmp_path)
    case(house)
    assert house.codes() == CASES[case]
