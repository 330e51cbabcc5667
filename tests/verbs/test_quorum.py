"""Change control: who may say yes, to what, until when; and what happens when a yes no longer counts."""

from pathlib import Path

import pytest

from gatepost.actions import access, announce, approve, propose, views
from gatepost.core.instant import DAY
from gatepost.core.refusal import Code
from gatepost.doors.entry import decode_state, rule_key
from gatepost.signatures import ssh
from gatepost.storage import feed, people, policies
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    ADMIN,
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
    memo,
    nothing_written,
    refused,
)

TWO = {"security": 1, "legal": 1, "executive": 1}


# --- I-12: the quorum


def test_without_its_quorum_nothing_is_announced(house: House) -> None:
    """I-12: each role that was asked has to have said yes; a decline takes a yes back."""
    house.owners(1)
    house.propose(approvals=TWO)
    house.approve(POLICY, SECURITY, EXECUTIVE)
    with nothing_written(house):
        assert "1 of legal" in refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING).text
    house.approve(POLICY, LEGAL)
    good(approve.decline(house.site, SECURITY, POLICY, "security", "on second thoughts"))
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING)
    house.approve(POLICY, SECURITY)
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.sound()


def test_the_author_cannot_approve(house: House) -> None:
    """I-12: nobody approves what they wrote, whatever roles they hold; nor declines it."""
    good(access.grant_role(house.site, None, AUTHOR, "approver:security"))
    house.owners(1)
    house.propose()
    with nothing_written(house):
        refused(approve.approve(house.site, AUTHOR, POLICY, "security"), Code.AUTHOR_APPROVES)
        refused(approve.decline(house.site, AUTHOR, POLICY, "security", "no"), Code.AUTHOR_APPROVES)


def test_whoever_owes_the_role_to_the_author_cannot_approve(house: House) -> None:
    """I-12: an administrator who proposes has granted every role here, so nobody's yes counts."""
    house.owners(1)
    good(propose.propose(house.site, ADMIN, memo(), "memo.yaml"))
    with nothing_written(house):
        refused(approve.approve(house.site, SECURITY, POLICY, "security"), Code.OWES_AUTHOR)


def puppet(house: House, by: str, name: str, role: str) -> str:
    """Somebody to whom `by` grants a role; their address."""
    email = f"{name}@corp.example"
    good(access.grant_role(house.site, by, email, role))
    return email


def test_a_role_owed_to_the_author_through_another_s_hands_does_not_count(house: House) -> None:
    """I-12: an author who is an administrator makes an administrator who makes an approver: that is one person's yes,
    also once the one in between is an administrator no more. For anybody else's proposal it counts."""
    good(access.grant_role(house.site, None, AUTHOR, "admin"))
    between = puppet(house, AUTHOR, "between", "admin")
    further = puppet(house, between, "further", "admin")
    approvers = [puppet(house, by, f"of-{by[:3]}", "approver:security") for by in (between, further)]
    other = puppet(house, ADMIN, "other", "author")
    good(access.revoke_role(house.site, None, between, "admin"))
    house.owners(1)
    house.propose()
    with nothing_written(house):
        for approver in approvers:
            refusal = refused(approve.approve(house.site, approver, POLICY, "security"), Code.OWES_AUTHOR)
            assert "whom the author had made" in refusal.text
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    good(propose.propose(house.site, other, memo(), "memo.yaml"))
    assert "security" not in good(approve.approve(house.site, approvers[1], POLICY, "security")).missing
    house.sound()


def test_a_key_owed_to_the_author_through_another_s_hands_does_not_count(signers: "Signers") -> None:
    """I-12: the same holds for the key that an approver signs with."""
    house = signers.house
    good(access.grant_role(house.site, None, AUTHOR, "admin"))
    between = puppet(house, AUTHOR, "between", "admin")
    good(access.add_key(house.site, between, SECURITY, signers.key("key")))
    proposed = house.propose(deadline=soon(house))
    signature = signers.sign("key", proposed.hash)
    with nothing_written(house):
        refused(approve.approve(house.site, SECURITY, POLICY, "security", signature), Code.OWES_AUTHOR)


def test_the_first_administrator_may_write_if_another_founder_grants(house: House) -> None:
    """Everybody descends from the first administrator, so those made administrators before anything was proposed stand
    for themselves. Whoever is made one later does not: I-12 would be the first administrator's to bend."""
    founder = puppet(house, ADMIN, "founder", "admin")
    approvers = {role: puppet(house, founder, role, f"approver:{role}") for role in ("security", "executive")}
    house.owners(1)
    good(propose.propose(house.site, ADMIN, memo(), "memo.yaml"))
    for role, approver in approvers.items():
        good(approve.approve(house.site, approver, POLICY, role))
    good(announce.announce(house.site, ADMIN, POLICY))
    late = puppet(house, ADMIN, "late", "admin")
    owing = puppet(house, late, "owing", "approver:security")
    good(propose.propose(house.site, ADMIN, memo(deadline="2020-07-20"), "memo.yaml"))
    with nothing_written(house):
        refused(approve.approve(house.site, owing, POLICY, "security"), Code.OWES_AUTHOR)
    house.sound()


def test_a_role_granted_after_the_proposal_does_not_count(house: House) -> None:
    """I-12: roles cannot be made up for a proposal that exists."""
    house.owners(1)
    house.propose()
    good(access.grant_role(house.site, None, "late@corp.example", "approver:security"))
    with nothing_written(house):
        refused(approve.approve(house.site, "late@corp.example", POLICY, "security"), Code.GRANTED_TOO_LATE)


def test_one_person_counts_once_however_many_roles_they_hold(house: House) -> None:
    """I-12: distinct people: a second yes in another role is refused, before and after the quorum."""
    good(access.grant_role(house.site, None, SECURITY, "approver:legal"))
    house.owners(1)
    house.propose(approvals=TWO)
    house.approve(POLICY, SECURITY)
    with nothing_written(house):
        refused(approve.approve(house.site, SECURITY, POLICY, "legal"), Code.ALREADY_APPROVED)
        refused(approve.approve(house.site, SECURITY, POLICY, "security"), Code.ALREADY_APPROVED)
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING)


def test_a_yes_that_lost_its_role_before_the_announcement_does_not_count(house: House) -> None:
    """I-14: roles are looked at again when it matters."""
    house.owners(1)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(access.revoke_role(house.site, None, SECURITY, "approver:security"))
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING)


# --- signatures, on a site that is no exercise


class Signers:
    """A live site, with SSH keys for its approvers."""

    def __init__(self, house: House, directory: Path) -> None:
        self.house, self.directory = house, directory

    def key(self, name: str) -> str:
        """The key file of this name, made if it is not there."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        path = self.directory / name
        if not path.exists():
            private = Ed25519PrivateKey.generate()
            openssh = serialization.PrivateFormat.OpenSSH
            plain = serialization.NoEncryption()
            path.write_bytes(private.private_bytes(serialization.Encoding.PEM, openssh, plain))
            public = private.public_key().public_bytes(
                serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
            )
            path.with_suffix(".pub").write_bytes(public)
        return path.with_suffix(".pub").read_text()

    def add(self, person: str, name: str) -> str:
        return good(access.add_key(self.house.site, None, person, self.key(name))).fingerprint

    def sign(self, name: str, text: str) -> str:
        self.key(name)
        return ssh.sign(self.directory / name, text.encode("ascii"))


@pytest.fixture
def signers(build: Build, tmp_path: Path) -> Signers:
    house = build(exercise=False, rails__first_batch_wait=0)
    house.look_for("tiktok", until=house.now() + 300 * DAY)
    house.people("u0")
    house.phone("u0", [TIKTOK])
    return Signers(house, tmp_path)


def soon(house: House) -> str:
    from gatepost.documents.deadline import instant_text

    return instant_text(house.now() + 3 * DAY)[:10]


def test_a_live_site_asks_for_a_signature_of_this_proposal_by_this_persons_key(signers: Signers) -> None:
    """I-12, I-13: no signature, another hash, another person's key, an unknown one: refused; the right one counts."""
    house, site = signers.house, signers.house.site
    for person in (SECURITY, EXECUTIVE):
        signers.add(person, person)
    proposed = house.propose(deadline=soon(house))
    refused_ones: list[tuple[str, str, Code]] = [
        ("", "", Code.SIGNATURE_MISSING),
        (signers.sign(SECURITY, "0" * 64), "", Code.SIGNATURE_INVALID),
        (signers.sign(SECURITY, proposed.hash), "0" * 64, Code.OUT_OF_DATE),
        (signers.sign(EXECUTIVE, proposed.hash), proposed.hash, Code.SIGNATURE_INVALID),
        (signers.sign("stranger", proposed.hash), proposed.hash, Code.SIGNATURE_INVALID),
        ("not a signature", proposed.hash, Code.SIGNATURE_INVALID),
    ]
    for signature, signed, code in refused_ones:
        with nothing_written(house):
            refused(approve.approve(site, SECURITY, POLICY, "security", signature, signed), code)
    for person, role in ((SECURITY, "security"), (EXECUTIVE, "executive")):
        good(approve.approve(site, person, POLICY, role, signers.sign(person, proposed.hash), proposed.hash))
    good(announce.announce(site, AUTHOR, POLICY))
    house.sound()


def test_a_key_added_by_the_author_or_after_the_proposal_does_not_count(signers: Signers) -> None:
    """I-12: a key is owed like a role."""
    house, site = signers.house, signers.house.site
    proposed = house.propose(deadline=soon(house))
    signers.add(SECURITY, SECURITY)
    signature = signers.sign(SECURITY, proposed.hash)
    with nothing_written(house):
        refused(approve.approve(site, SECURITY, POLICY, "security", signature), Code.GRANTED_TOO_LATE)
    good(propose.withdraw(site, AUTHOR, POLICY))
    good(access.grant_role(site, None, AUTHOR, "admin"))
    good(access.add_key(site, AUTHOR, EXECUTIVE, signers.key(EXECUTIVE)))
    proposed = house.propose(deadline=soon(house))
    signature = signers.sign(EXECUTIVE, proposed.hash)
    with nothing_written(house):
        refused(approve.approve(site, EXECUTIVE, POLICY, "executive", signature), Code.OWES_AUTHOR)


def test_a_key_revoked_between_approval_and_announcement_takes_the_yes_with_it(signers: Signers) -> None:
    """I-14: the key counts when it matters, not only when it signed."""
    house, site = signers.house, signers.house.site
    prints = {person: signers.add(person, person) for person in (SECURITY, EXECUTIVE)}
    proposed = house.propose(deadline=soon(house))
    for person, role in ((SECURITY, "security"), (EXECUTIVE, "executive")):
        good(approve.approve(site, person, POLICY, role, signers.sign(person, proposed.hash)))
    good(access.revoke_key(site, None, prints[SECURITY]))
    with nothing_written(house):
        refused(announce.announce(site, AUTHOR, POLICY), Code.QUORUM_MISSING)


# --- I-13: the exact bytes, and until when


@pytest.mark.parametrize(
    "changed",
    [
        {"announcement": {"subject": "About phones", "body": "Please remove it!"}},
        {"correction": {"subject": "About phones", "body": "It was a mistake."}},
        {"deadline": "2020-07-11"},
        {"press": "One line."},
        {"grace": "1h"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_any_changed_byte_asks_for_new_approvals(house: House, changed: dict[str, object]) -> None:
    """I-13: another text, deadline or term is another proposal, and starts without approvals."""
    house.owners(1)
    first = house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    second = house.propose(**changed)
    assert second.hash != first.hash
    refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING)


def test_approvals_expire(build: Build) -> None:
    """I-13: an approval is good until it expires: neither an announcement nor a further yes after that."""
    house = build(rails__approvals_expire_after=2 * DAY)
    house.owners(1)
    house.propose(deadline="2020-08-01")
    house.approve(POLICY, SECURITY, EXECUTIVE)
    house.later(2 * DAY)
    with nothing_written(house):
        refused(announce.announce(house.site, AUTHOR, POLICY), Code.APPROVALS_EXPIRED)
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    house.propose(deadline="2020-08-01")
    house.later(2 * DAY)
    with nothing_written(house):
        refused(approve.approve(house.site, SECURITY, POLICY, "security"), Code.APPROVALS_EXPIRED)


# --- I-14: watched all the time


def state_at_door(house: House) -> tuple[bool, bool]:
    """Whether the policy's rule counts at the doors, and whether it is held."""
    with house.site.store.reading() as conn:
        revision = policies.revision(conn, POLICY, 1)
        assert revision is not None
        assert revision.rule is not None
        value = feed.value(conn, rule_key(revision.rule))
    assert value is not None
    state = decode_state(value)
    return state.counts, state.held


@pytest.mark.parametrize("at", ["2020-07-08T00:00:00Z", "2020-07-12T00:00:00Z"], ids=["before", "after"])
def test_a_quorum_lost_holds_at_warn_until_approved_again(house: House, at: str) -> None:
    """I-14: a role revoked before or after the first effect: nobody is blocked by the policy, at the doors at once;
    another approver's yes lets go."""
    good(access.grant_role(house.site, None, "deputy@corp.example", "approver:security"))
    house.owners(1)
    house.announce()
    house.deliver()
    house.set(at)
    done = good(access.revoke_role(house.site, None, SECURITY, "approver:security"))
    assert done.held == (POLICY,)
    assert state_at_door(house) == (True, True)
    house.set("2020-07-13T00:00:00Z")
    assert house.word("u0") == "warn"
    assert good(views.show_policy(house.site, POLICY))["held"] is True
    good(access.grant_role(house.site, None, SECURITY, "approver:security"))
    assert state_at_door(house) == (True, True), "granted after the proposal"
    good(approve.approve(house.site, "deputy@corp.example", POLICY, "security"))
    assert state_at_door(house) == (True, False)
    assert house.word("u0") == "block"
    house.pass_time()
    assert good(views.show_policy(house.site, POLICY))["stage"] == "in_force"
    assert [event for event in house.ledger() if event.startswith("Quorum")] == [
        "QuorumReached",
        "QuorumLost",
        "QuorumRegained",
    ]
    house.sound()


def leave(house: House, *who: str) -> tuple[str, ...]:
    """A complete file of everybody known here but these; the policies that are held now."""
    with house.site.store.reading() as conn:
        known = [person for person in people.everybody(conn) if person.working or person.id in COMING_BACK - set(who)]
    rows = [{**ROW, "email": person.id, "name": person.name} for person in known if person.id not in who]
    return house.people_rows(*rows, complete=True).held


ROW = {"kind": "employee", "country": "US", "time_zone": "UTC", "locale": "en", "groups": ""}
COMING_BACK = {SECURITY}


def test_an_approver_who_has_left_does_not_count_for_an_announcement(build: Build) -> None:
    """I-14: a yes of somebody who has left since is no yes."""
    house = build(fleet__complete_limit_percent=50)
    house.owners(1)
    house.propose()
    house.approve(POLICY, SECURITY, EXECUTIVE)
    assert leave(house, SECURITY) == ()
    with nothing_written(house):
        assert "1 of security" in refused(announce.announce(house.site, AUTHOR, POLICY), Code.QUORUM_MISSING).text
    leave(house)
    good(announce.announce(house.site, AUTHOR, POLICY))
    house.sound()


@pytest.mark.parametrize("at", ["2020-07-08T00:00:00Z", "2020-07-12T00:00:00Z"], ids=["before", "after"])
def test_an_approver_who_leaves_takes_the_quorum_along(build: Build, at: str) -> None:
    """I-14: before or after the first effect, the policy is held at the doors in the change in which the approver
    leaves; a deputy's yes lets go, or the approver's return."""
    house = build(fleet__complete_limit_percent=50)
    good(access.grant_role(house.site, None, "deputy@corp.example", "approver:security"))
    house.owners(1)
    house.announce()
    house.deliver()
    house.set(at)
    assert leave(house, SECURITY) == (POLICY,)
    assert state_at_door(house) == (True, True)
    house.set("2020-07-13T00:00:00Z")
    assert house.word("u0") == "warn"
    assert leave(house) == ()
    assert state_at_door(house) == (True, False)
    leave(house, SECURITY)
    good(approve.approve(house.site, "deputy@corp.example", POLICY, "security"))
    assert house.word("u0") == "block"
    assert house.ledger().count("QuorumLost") == house.ledger().count("QuorumRegained") == 2
    house.sound()


def test_a_yes_is_for_the_open_proposal_and_for_the_held_revision_once_that_is_withdrawn(house: House) -> None:
    """I-14: while revision 2 is proposed, a yes counts for it; withdrawn, the held revision 1 can be let go again."""
    good(access.grant_role(house.site, None, "deputy@corp.example", "approver:security"))
    house.owners(1)
    house.announce()
    good(access.revoke_role(house.site, None, SECURITY, "approver:security"))
    house.propose(deadline="2020-07-20")
    assert good(approve.approve(house.site, "deputy@corp.example", POLICY, "security")).revision == 2
    assert state_at_door(house) == (True, True)
    good(propose.withdraw(house.site, AUTHOR, POLICY))
    assert good(approve.approve(house.site, "deputy@corp.example", POLICY, "security")).revision == 1
    assert state_at_door(house) == (True, False)
    house.sound()
