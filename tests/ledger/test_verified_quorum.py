"""The quorum of I-12 as the stand-alone verifier sees it, in ledgers that a dishonest site has written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.ledger import events
from gatepost.documents.canonical import digest
from gatepost.signatures import ssh
from tests.ledger.houses import ADMIN, AUTHOR, LEGAL, POLICY, SECURITY, House, staffed

OTHER = "p_other"


# Each case goes on from a staffed site; the codes are all that the verifier must say of it.


def nobody_else(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.announce()


def the_author_approves(house: House) -> None:
    house.approver(AUTHOR, "legal")
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(AUTHOR, "legal")
    house.announce()


def role_owed_to_the_author(house: House) -> None:
    house.grant(AUTHOR, "admin")
    house.grant(OTHER, "approver:legal", by=AUTHOR)
    house.add_key(OTHER)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def key_owed_to_the_author(house: House) -> None:
    house.grant(AUTHOR, "admin")
    house.grant(OTHER, "approver:legal")
    house.add_key(OTHER, by=AUTHOR)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def role_owed_to_the_author_through_another(house: House) -> None:
    house.grant(AUTHOR, "admin")
    house.grant("p_between", "admin", by=AUTHOR)
    house.grant(OTHER, "approver:legal", by="p_between")
    house.add_key(OTHER)
    house.say(ADMIN, events.RoleRevoked("p_between", "admin"))
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def key_owed_to_the_author_through_another(house: House) -> None:
    house.grant(AUTHOR, "admin")
    house.grant("p_between", "admin", by=AUTHOR)
    house.grant(OTHER, "approver:legal")
    house.add_key(OTHER, by="p_between")
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def founder_made_after_a_proposal(house: House) -> None:
    house.propose()
    house.say(AUTHOR, events.PolicyWithdrawn(POLICY, 1, "0" * 64))
    house.grant("p_late", "admin")
    house.approver(SECURITY + "2", "security", by="p_late")
    house.approver(OTHER, "legal", by="p_late")
    house.revision = 2
    house.propose(by=ADMIN)
    house.approve(SECURITY + "2", "security")
    house.approve(OTHER, "legal")
    house.announce()


def role_granted_too_late(house: House) -> None:
    house.add_key(OTHER)
    house.propose()
    house.grant(OTHER, "approver:legal")
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def key_added_too_late(house: House) -> None:
    house.grant(OTHER, "approver:legal")
    house.propose()
    house.add_key(OTHER)
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def role_lost_before_announcing(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(ADMIN, events.RoleRevoked(LEGAL, "approver:legal"))
    house.announce()


def role_lost_and_granted_again(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(ADMIN, events.RoleRevoked(LEGAL, "approver:legal"))
    house.grant(LEGAL, "approver:legal")
    house.announce()


def declined_afterwards(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(LEGAL, events.PolicyDeclined(POLICY, 1, house.hash, "legal", "0" * 64))
    house.announce()


def one_person_in_two_roles(house: House) -> None:
    house.grant(SECURITY, "approver:legal")
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(SECURITY, "legal")
    house.announce()


def one_person_twice(house: House) -> None:
    house.propose({"security": 2})
    house.approve(SECURITY, "security")
    house.approve(SECURITY, "security")
    house.announce()


def without_the_role(house: House) -> None:
    house.add_key(OTHER)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(OTHER, "legal")
    house.announce()


def signature_over_something_else(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal", over="0" * 64)
    house.announce()


def signature_by_another_key(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal", signer=SECURITY)
    house.announce()


def no_signature(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve_as(LEGAL, "legal")
    house.announce()


def key_revoked_before_approving(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.say(ADMIN, events.KeyRevoked(LEGAL, ssh.fingerprint(house.person(LEGAL).public)))
    house.approve(LEGAL, "legal")
    house.announce()


def key_revoked_after_approving(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(ADMIN, events.KeyRevoked(LEGAL, ssh.fingerprint(house.person(LEGAL).public)))
    house.announce()


def nothing_asked(house: House) -> None:
    house.propose({})
    house.announce()


def approvals_for_the_proposal_before(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.revision = 2
    house.propose()
    house.announce()


def anout_of_date_announced(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.hash = "0" * 64
    house.announce()


def announced_after_withdrawing(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(AUTHOR, events.PolicyWithdrawn(POLICY, 1, "0" * 64))
    house.announce()


def announced_too_late(house: House) -> None:
    house.propose(expires=1594382400000)
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()


def in_force_unannounced(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say("system", events.PolicyInForce(POLICY, 1))


def in_force_without_its_quorum(house: House) -> None:
    announce_and_lose(house)
    house.say("system", events.PolicyInForce(POLICY, 1))


def regained_by_nobody(house: House) -> None:
    announce_and_lose(house)
    house.say("system", events.QuorumLost(POLICY, 1))
    house.say("system", events.QuorumRegained(POLICY, 1))


def lost_again_after_regaining(house: House) -> None:
    regained_by_another(house)
    house.say(ADMIN, events.RoleRevoked(OTHER, "approver:legal"))
    house.say("system", events.PolicyInForce(POLICY, 1))


def announce_and_lose(house: House) -> None:
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()
    house.say(ADMIN, events.RoleRevoked(LEGAL, "approver:legal"))


def a_role_for_oneself(house: House) -> None:
    house.grant(ADMIN, "approver:legal", by=ADMIN)


def a_key_for_oneself(house: House) -> None:
    house.add_key(ADMIN, by=ADMIN)


def one_key_for_two(house: House) -> None:
    public = house.person(LEGAL).public
    house.say(ADMIN, events.KeyAdded(OTHER, ssh.fingerprint(public), public))


def another_fingerprint(house: House) -> None:
    public = house.person(OTHER).public
    house.say(ADMIN, events.KeyAdded(OTHER, ssh.fingerprint(house.person(LEGAL).public) + "x", public))


def a_clock_set(house: House) -> None:
    house.say(ADMIN, events.ClockSet(1000))


def a_second_site(house: House) -> None:
    house.create()


def changed_bytes(house: House) -> None:
    house.propose()
    house.proposals[house.hash] += b" "


def fewer_asked_than_signed(house: House) -> None:
    fewer = {"security": 1}
    house.propose()
    house.leaves.pop()
    house.say(AUTHOR, events.PolicyProposed(POLICY, 1, house.hash, fewer, 2**52))


def another_author_than_signed(house: House) -> None:
    house.propose(author=OTHER)


def bytes_that_are_no_proposal(house: House) -> None:
    house.hash = digest(b"[]")
    house.proposals[house.hash] = b"[]"
    house.say(AUTHOR, events.PolicyProposed(POLICY, 1, house.hash, {"legal": 1}, 2**52))


def absurd_numbers_asked(house: House) -> None:
    house.propose({"security": 10**9})


CASES: list[tuple[Callable[[House], None], set[str]]] = [
    (nobody_else, {"quorum"}),
    (the_author_approves, {"quorum"}),
    (role_owed_to_the_author, {"quorum"}),
    (key_owed_to_the_author, {"quorum"}),
    (role_owed_to_the_author_through_another, {"quorum"}),
    (key_owed_to_the_author_through_another, {"quorum"}),
    (founder_made_after_a_proposal, {"quorum"}),
    (role_granted_too_late, {"quorum"}),
    (key_added_too_late, {"quorum"}),
    (role_lost_before_announcing, {"quorum"}),
    (role_lost_and_granted_again, {"quorum"}),
    (declined_afterwards, {"quorum"}),
    (one_person_in_two_roles, {"quorum"}),
    (one_person_twice, {"quorum"}),
    (without_the_role, {"quorum"}),
    (signature_over_something_else, {"signature", "quorum"}),
    (signature_by_another_key, {"key", "quorum"}),
    (no_signature, {"key", "quorum"}),
    (key_revoked_before_approving, {"key", "quorum"}),
    (key_revoked_after_approving, {"quorum"}),
    (nothing_asked, {"quorum"}),
    (approvals_for_the_proposal_before, {"quorum"}),
    (anout_of_date_announced, {"proposal"}),
    (announced_after_withdrawing, {"proposal"}),
    (announced_too_late, {"expired"}),
    (in_force_unannounced, {"not_announced"}),
    (in_force_without_its_quorum, {"quorum"}),
    (regained_by_nobody, {"quorum"}),
    (lost_again_after_regaining, {"quorum"}),
    (a_role_for_oneself, {"self_grant"}),
    (a_key_for_oneself, {"self_grant"}),
    (one_key_for_two, {"key_shared"}),
    (another_fingerprint, {"fingerprint"}),
    (a_clock_set, {"clock_set"}),
    (a_second_site, {"site_again", "grant"}),
    (changed_bytes, {"proposal_bytes"}),
    (fewer_asked_than_signed, {"proposal_differs"}),
    (another_author_than_signed, {"proposal_differs"}),
    (bytes_that_are_no_proposal, {"proposal_differs"}),
    (absurd_numbers_asked, {"data"}),
]


@pytest.mark.parametrize(("case", "codes"), CASES, ids=[case.__name__ for case, _ in CASES])
def test_a_site_that_cheats_is_found(tmp_path: Path, case: Callable[[House], None], codes: set[str]) -> None:
    """I-12: whoever holds the export finds an announcement without its quorum, though every checkpoint is in order."""
    house = staffed(tmp_path)
    case(house)
    assert house.codes() == codes


# Cases that look odd and are in order.


def key_revoked_after_approving_and_another_signed(house: House) -> None:
    house.approver(OTHER, "legal")
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.say(ADMIN, events.KeyRevoked(LEGAL, ssh.fingerprint(house.person(LEGAL).public)))
    house.approve(OTHER, "legal")
    house.announce()


def declined_and_approved_again(house: House) -> None:
    house.propose()
    house.approve(LEGAL, "legal")
    house.say(LEGAL, events.PolicyDeclined(POLICY, 1, house.hash, "legal", "0" * 64))
    house.approve(LEGAL, "legal")
    house.approve(SECURITY, "security")
    house.announce()


def seats_that_must_be_given_well(house: House) -> None:
    house.grant(LEGAL, "approver:security")
    house.propose()
    house.approve(LEGAL, "security")
    house.approve(LEGAL, "legal")
    house.approve(SECURITY, "security")
    house.announce()


def held_for_lack_of_quorum(house: House) -> None:
    announce_and_lose(house)
    house.say("system", events.QuorumLost(POLICY, 1))
    house.say("system", events.PolicyInForce(POLICY, 1))


def regained_by_another(house: House) -> None:
    house.approver(OTHER, "legal")
    announce_and_lose(house)
    house.say("system", events.QuorumLost(POLICY, 1))
    house.approve(OTHER, "legal")
    house.say("system", events.QuorumRegained(POLICY, 1))
    house.say("system", events.PolicyInForce(POLICY, 1))


def the_first_administrator_writes_and_a_founder_grants(house: House) -> None:
    house.grant("p_founder", "admin")
    house.approver(SECURITY + "2", "security", by="p_founder")
    house.approver(OTHER, "legal", by="p_founder")
    house.propose(by=ADMIN)
    house.approve(SECURITY + "2", "security")
    house.approve(OTHER, "legal")
    house.announce()


def an_author_and_an_approver_owe_to_the_same(house: House) -> None:
    house.grant("p_late", "admin")
    house.grant(OTHER, "author", by="p_late")
    house.grant(LEGAL + "2", "approver:legal", by="p_late")
    house.add_key(LEGAL + "2", by="p_late")
    house.propose(by=OTHER)
    house.approve(SECURITY, "security")
    house.approve(LEGAL + "2", "legal")
    house.announce()


def a_second_revision(house: House) -> None:
    house.propose()
    house.revision = 2
    house.propose({"security": 1})
    house.approve(SECURITY, "security")
    house.announce()


FAIR = [
    key_revoked_after_approving_and_another_signed,
    declined_and_approved_again,
    seats_that_must_be_given_well,
    held_for_lack_of_quorum,
    regained_by_another,
    a_second_revision,
    the_first_administrator_writes_and_a_founder_grants,
    an_author_and_an_approver_owe_to_the_same,
]


@pytest.mark.parametrize("case", FAIR, ids=[case.__name__ for case in FAIR])
def test_a_site_that_is_in_order_is_left_alone(tmp_path: Path, case: Callable[[House], None]) -> None:
    """No false alarm: what the rules allow is no problem, though it looks like what they forbid."""
    house = staffed(tmp_path)
    case(house)
    assert house.codes() == set()
