"""Two administrators as the stand-alone verifier sees them, in ledgers that a dishonest site has written (I-12)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.ledger import events
from gatepost.core.ledger.access_events import AccessConfirmed, AdministratorBack, AdministratorLeft
from gatepost.core.ledger.privacy_events import PersonErased
from gatepost.signatures import ssh
from tests.ledger.houses import ADMIN, LEGAL, SECURITY, House, staffed

BEN, CAL, PUPPET = "p_ben", "p_cal", "p_puppet"
FORTNIGHT = 14 * 24 * 3600 * 1000


def paired(folder: Path) -> House:
    """A staffed site with two administrators who have keys, and somebody who lacks but a role to approve."""
    house = staffed(folder)
    house.add_key(PUPPET)
    house.grant(BEN, "admin")
    house.add_key(BEN)
    house.add_key(ADMIN, by=BEN)
    return house


def announce_by_puppet(house: House) -> None:
    """What a quorum of one approver and the puppet announces."""
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(PUPPET, "legal")
    house.announce()


def grant(house: House) -> int:
    return house.grant(PUPPET, "approver:legal")


def fingerprint(house: House, person: str) -> str:
    return ssh.fingerprint(house.person(person).public)


# Each case goes on from a paired site, and ends with what the puppet's yes would announce.


def nobody_confirms(house: House) -> None:
    grant(house)


def one_confirms(house: House) -> None:
    house.confirm(grant(house), ADMIN)


def one_confirms_twice(house: House) -> None:
    house.confirm(grant(house), ADMIN, ADMIN)


def the_signature_is_of_something_else(house: House) -> None:
    entry = grant(house)
    house.confirm(entry, ADMIN)
    house.confirm(entry, BEN, over=1)


def the_signature_is_of_the_same_asked_before(house: House) -> None:
    old = grant(house)
    house.say(ADMIN, events.RoleRevoked(PUPPET, "approver:legal"))
    entry = grant(house)
    house.confirm(entry, ADMIN)
    house.confirm(entry, BEN, over=old)


def the_key_is_anothers(house: House) -> None:
    entry = grant(house)
    house.confirm(entry, ADMIN)
    house.confirm(entry, BEN, signer=ADMIN)


def there_is_no_signature(house: House) -> None:
    entry = grant(house)
    house.confirm(entry, ADMIN)
    house.say(BEN, AccessConfirmed(entry, "", ""))


def no_administrator_confirms(house: House) -> None:
    house.confirm(grant(house), ADMIN, SECURITY)


def who_gets_the_role_confirms(house: House) -> None:
    house.confirm(house.grant(PUPPET, "admin"), ADMIN, BEN)
    house.confirm(grant(house), ADMIN, PUPPET)


def an_administrator_since_later_confirms(house: House) -> None:
    entry = grant(house)
    for asked in (house.grant(CAL, "admin"), house.add_key(CAL)):
        house.confirm(asked, ADMIN, BEN)
    house.confirm(entry, ADMIN, CAL)


def a_puppet_administrator_confirms(house: House) -> None:
    house.grant(CAL, "admin")
    house.add_key(CAL)
    house.confirm(grant(house), ADMIN, CAL)


def a_second_key_of_the_others_confirms(house: House) -> None:
    house.add_key(BEN, key="forged")
    house.confirm(grant(house), ADMIN)
    house.confirm(len(house.leaves) - 2, BEN, signer="forged")


def the_other_is_taken_the_role(house: House) -> None:
    house.say(ADMIN, events.RoleRevoked(BEN, "admin"))
    grant(house)


def the_other_is_taken_the_key(house: House) -> None:
    house.say(ADMIN, events.KeyRevoked(BEN, fingerprint(house, BEN)))
    grant(house)


def the_other_is_taken_the_key_under_a_false_name(house: House) -> None:
    house.say(ADMIN, events.KeyRevoked(PUPPET, fingerprint(house, BEN)))
    grant(house)


def ones_own_key_is_taken_away(house: House) -> None:
    house.say(ADMIN, events.KeyRevoked(ADMIN, fingerprint(house, ADMIN)))
    grant(house)


def the_other_has_left_just_now(house: House) -> None:
    house.say(ADMIN, AdministratorLeft(BEN), at=house.now() - FORTNIGHT)
    house.say(ADMIN, AdministratorBack(BEN))
    house.say(ADMIN, AdministratorLeft(BEN))
    grant(house)


def the_other_left_by_a_clock_put_back(house: House) -> None:
    house.say(ADMIN, AdministratorLeft(BEN), at=house.now() - 2 * FORTNIGHT)
    grant(house)


def the_other_was_erased_by_a_clock_put_back(house: House) -> None:
    house.say(ADMIN, PersonErased(BEN, (), {}, (), ""), at=house.now() - 2 * FORTNIGHT)
    grant(house)


def who_has_left_confirms(house: House) -> None:
    for asked in (house.grant(CAL, "admin"), house.add_key(CAL)):
        house.confirm(asked, ADMIN, BEN)
    entry = grant(house)
    house.say(ADMIN, AdministratorLeft(BEN))
    house.confirm(entry, ADMIN, BEN)


def a_yes_loses_its_key(house: House) -> None:
    for asked in (house.grant(CAL, "admin"), house.add_key(CAL)):
        house.confirm(asked, ADMIN, BEN)
    entry = grant(house)
    house.confirm(entry, BEN)
    gone = house.say(ADMIN, events.KeyRevoked(BEN, fingerprint(house, BEN)))
    house.confirm(gone, ADMIN, CAL)
    house.confirm(entry, CAL)


CASES: list[tuple[Callable[[House], None], set[str]]] = [
    (nobody_confirms, {"quorum"}),
    (one_confirms, {"quorum"}),
    (one_confirms_twice, {"quorum"}),
    (the_signature_is_of_something_else, {"signature", "quorum"}),
    (the_signature_is_of_the_same_asked_before, {"signature", "quorum"}),
    (the_key_is_anothers, {"key", "quorum"}),
    (there_is_no_signature, {"key", "quorum"}),
    (no_administrator_confirms, {"confirm", "quorum"}),
    (who_gets_the_role_confirms, {"confirm", "quorum"}),
    (an_administrator_since_later_confirms, {"confirm", "quorum"}),
    (a_puppet_administrator_confirms, {"confirm", "quorum"}),
    (a_second_key_of_the_others_confirms, {"key", "quorum"}),
    (the_other_is_taken_the_role, {"quorum"}),
    (the_other_is_taken_the_key, {"quorum"}),
    (the_other_is_taken_the_key_under_a_false_name, {"quorum"}),
    (ones_own_key_is_taken_away, {"quorum"}),
    (the_other_has_left_just_now, {"quorum"}),
    (the_other_left_by_a_clock_put_back, {"quorum"}),
    (the_other_was_erased_by_a_clock_put_back, {"quorum"}),
    (who_has_left_confirms, {"confirm", "quorum"}),
    (a_yes_loses_its_key, {"quorum"}),
]


@pytest.mark.parametrize(("case", "codes"), CASES, ids=[case.__name__ for case, _ in CASES])
def test_one_administrator_who_cheats_is_found(tmp_path: Path, case: Callable[[House], None], codes: set[str]) -> None:
    """I-12: an announcement that rests on what one of two administrators made alone has no quorum."""
    house = paired(tmp_path)
    case(house)
    announce_by_puppet(house)
    assert house.codes() == codes


def test_a_yes_to_nothing_is_found(tmp_path: Path) -> None:
    """What is confirmed gives or takes away a role or a key."""
    house = paired(tmp_path)
    house.confirm(0, ADMIN)
    assert house.codes() == {"confirm"}


def test_a_key_that_waits_signs_no_approval(tmp_path: Path) -> None:
    """I-12: as if it were not recorded."""
    house = paired(tmp_path)
    house.confirm(house.grant("p_new", "approver:legal"), ADMIN, BEN)
    house.confirm(house.add_key("p_new"), BEN)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve("p_new", "legal")
    house.announce()
    assert house.codes() == {"key", "quorum"}


# What looks odd and is in order.


def two_confirm(house: House) -> None:
    house.confirm(grant(house), ADMIN, BEN)


def two_confirm_what_a_third_asked(house: House) -> None:
    for asked in (house.grant(CAL, "admin"), house.add_key(CAL)):
        house.confirm(asked, ADMIN, BEN)
    house.confirm(house.grant(PUPPET, "approver:legal", by=CAL), BEN, ADMIN)


def the_other_left_a_fortnight_ago(house: House) -> None:
    house.say(ADMIN, AdministratorLeft(BEN))
    house.say(ADMIN, events.RoleGranted(PUPPET, "approver:legal"), at=house.now() + FORTNIGHT)


def the_other_agreed_to_go(house: House) -> None:
    house.confirm(house.say(ADMIN, events.RoleRevoked(BEN, "admin")), ADMIN, BEN)
    grant(house)


def their_key_is_changed_with_their_yes(house: House) -> None:
    house.confirm(house.add_key(BEN, key="new"), ADMIN, BEN)
    house.confirm(house.say(ADMIN, events.KeyRevoked(BEN, fingerprint(house, BEN))), ADMIN, BEN)
    entry = grant(house)
    house.confirm(entry, ADMIN)
    house.confirm(entry, BEN, signer="new")


FAIR = [
    two_confirm,
    two_confirm_what_a_third_asked,
    the_other_left_a_fortnight_ago,
    the_other_agreed_to_go,
    their_key_is_changed_with_their_yes,
]


@pytest.mark.parametrize("case", FAIR, ids=[case.__name__ for case in FAIR])
def test_two_administrators_in_order_are_left_alone(tmp_path: Path, case: Callable[[House], None]) -> None:
    """No false alarm: what two have signed counts, and so does what one gives who is alone by the rules."""
    house = paired(tmp_path)
    case(house)
    announce_by_puppet(house)
    assert house.codes() == set()


def test_what_an_older_ledger_says_goes_on_to_count(tmp_path: Path) -> None:
    """Roles and keys from before there was a second administrator with a key need no confirmation, and can have it."""
    house = staffed(tmp_path)
    roles = [index for index, leaf in enumerate(house.leaves) if b"RoleGranted" in leaf and b"approver" in leaf]
    house.grant(BEN, "admin")
    house.add_key(BEN)
    house.add_key(ADMIN, by=BEN)
    house.confirm(roles[0], ADMIN, BEN)
    house.propose()
    house.approve(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()
    assert house.codes() == set()
