"""The ledger and the tables say the same, whatever is done in whatever order."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import pytest
from sqlalchemy.exc import IntegrityError

from gatepost.actions import (
    access,
    activation,
    announce,
    approve,
    device_passwords,
    exempt,
    import_devices,
    names,
    preview,
    propose,
    retract,
    waive,
)
from gatepost.actions import ledger as ledger_actions
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text
from tests.verbs.conftest import Build
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    LEGAL,
    OPERATOR,
    POLICY,
    PRIVACY,
    ROLES,
    SECURITY,
    TIKTOK,
    House,
    good,
    memo,
)

T = TypeVar("T")

WANTED = {
    "PolicyProposed",
    "PolicyWithdrawn",
    "PolicyApproved",
    "PolicyDeclined",
    "PolicyAnnounced",
    "PolicyInForce",
    "PolicyRetracted",
    "PolicyEnded",
    "QuorumLost",
    "WaiverGranted",
    "WaiverRevoked",
    "AttestationGiven",
    "PersonTold",
    "NoticesSettled",
    "OutcomesChanged",
    "NamesLooked",
    "CheckedOut",
    "DevicePasswordIssued",
    "DevicePasswordRevoked",
    "RoleRevoked",
    "ActivationApproved",
    "ActivationDeclined",
    "AppDeactivated",
    "ClockSet",
}
"""Events that the random histories must have reached, or they prove nothing."""

NAMES = ("u0", "u1", "u2")
POLICIES = (POLICY, POLICY, "second")
APPROVERS = (SECURITY, SECURITY, EXECUTIVE, EXECUTIVE, LEGAL)


class Days:
    """Anybody does anything; what is refused has written nothing."""

    def __init__(self, house: House, random: Random) -> None:
        self.house, self.random = house, random
        self.refused = 0
        self.waivers: list[str] = []
        self.passwords: list[str] = []
        house.owners(3)
        house.phone("u2", visibility="managed-only", id="unseen-u2")
        self.carry_through()

    def run(self, rounds: int) -> None:
        """Every deed so many times, in any order: dealt from a deck, so that none is left to chance."""
        deeds = [self.propose, self.withdraw, self.judge, self.judge, self.carry_through, self.announce, self.retract]
        deeds += [
            self.end,
            self.decline,
            self.waive,
            self.unwaive,
            self.attest,
            self.told,
            self.grant,
            self.lose_quorum,
        ]
        deeds += [self.report, self.report, self.check_out, self.look_for, self.stop_looking, self.look_at_names]
        deeds += [self.issue_password, self.issue_password, self.revoke_password]
        deeds += [self.deliver, self.deliver, self.clock, self.clock, self.days_go_by]
        deck = deeds * rounds
        self.random.shuffle(deck)
        for deed in deck:
            deed()

    def do(self, verb: Callable[..., object], *args: object, **named: object) -> object:
        """Say a verb; a refusal has written nothing."""
        before = self._written()
        answer = verb(self.house.site, *args, **named)
        if isinstance(answer, Refusal | tuple):
            assert self._written() == before, answer
            self.refused += 1
        return answer

    def _written(self) -> list[int]:
        with self.house.site.store.reading() as conn:
            return [
                conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in ("ledger", "notices", "texts", "entries")
            ]

    def some(self, values: Sequence[T]) -> T:
        return self.random.choice(values)

    def propose(self) -> None:
        unseen, deadline = self.some(("allow", "attest")), self.in_two_days()
        self.do(propose.propose, AUTHOR, memo(policy=self.some(POLICIES), unseen=unseen, deadline=deadline), "memo")

    def in_two_days(self) -> str:
        return instant_text(self.house.now() + 2 * DAY)[:10]

    def withdraw(self) -> None:
        self.do(propose.withdraw, AUTHOR, self.some(POLICIES), "for now")

    def judge(self) -> None:
        who, policy = self.some(APPROVERS), self.some(POLICIES)
        if self.random.random() < 0.5:
            self.do(approve.approve, who, policy, ROLES[who])
        else:
            self.do(approve.decline, who, policy, ROLES[who], "no")

    def carry_through(self) -> None:
        """The whole way, so that random histories get there."""
        policy = self.some(POLICIES)
        self.do(propose.withdraw, AUTHOR, policy)
        for who in (SECURITY, EXECUTIVE):
            self.do(access.grant_role, None, who, ROLES[who])
        self.do(propose.propose, AUTHOR, memo(policy=policy, deadline=self.in_two_days(), unseen="attest"), "memo")
        for who in (SECURITY, EXECUTIVE):
            self.do(approve.approve, who, policy, ROLES[who])
        self.do(announce.announce, AUTHOR, policy)

    def announce(self) -> None:
        self.do(announce.announce, AUTHOR, self.some(POLICIES))

    def retract(self) -> None:
        how, policy = self.some(("error", "withdrawn")), self.some(POLICIES)
        self.do(retract.retract, SECURITY, policy, "a reason", how, wait=lambda _seconds: None)

    def end(self) -> None:
        self.do(retract.end, OPERATOR, self.some(POLICIES), "", wait=lambda _seconds: None)

    def waive(self) -> None:
        until = self.house.now() + self.random.randint(-1, 40) * HOUR
        whom = self.some(({"person": "u0@corp.example"}, {"device": "phone-u1"}))
        by = self.some((OPERATOR, LEGAL))
        answer = self.do(waive.grant_waiver, by, self.some(POLICIES), until=until, reason="why", **whom)
        if isinstance(answer, waive.Waived):
            self.waivers.append(answer.waiver)

    def unwaive(self) -> None:
        if not self.waivers:
            self.waive()
        for waiver in self.waivers[-1:]:
            self.do(waive.revoke_waiver, OPERATOR, waiver, "over")

    def attest(self) -> None:
        device = self.some(("unseen-u2", "phone-u0", "phone-u1"))
        until = self.house.now() + self.random.randint(1, 40) * HOUR
        self.do(exempt.attest, f"{device[-2:]}@corp.example", device, "tiktok", until)

    def told(self) -> None:
        self.do(exempt.told, OPERATOR, self.some(POLICIES), f"{self.some(NAMES)}@corp.example", "by telephone")

    def grant(self) -> None:
        who = self.some(APPROVERS)
        self.do(access.grant_role, None, who, ROLES[who])

    def lose_quorum(self) -> None:
        who = self.some(APPROVERS[:4])
        self.do(access.revoke_role, None, who, ROLES[who])

    def report(self) -> None:
        apps, seen = self.some(([], [TIKTOK])), self.some(("full", "full", "managed-only"))
        self.house.phone(self.some(NAMES), apps, visibility=seen)

    def check_out(self) -> None:
        self.do(import_devices.check_out, OPERATOR, f"phone-{self.some(NAMES)}", "handed back")

    def issue_password(self) -> None:
        answer = self.do(
            device_passwords.issue, OPERATOR, f"phone-{self.some(NAMES)}", self.some(("", "mine")), reason="why not"
        )
        if isinstance(answer, device_passwords.NewPassword):
            self.passwords.append(answer.selector)

    def revoke_password(self) -> None:
        if not self.passwords:
            self.issue_password()
        for selector in self.passwords[-2:]:
            self.do(device_passwords.revoke, OPERATOR, selector)

    def look_for(self) -> None:
        self.do(activation.propose, AUTHOR, ["wechat"], "for a test", self.house.now() + DAY)
        if self.random.random() < 0.2:
            self.do(activation.decline, PRIVACY, "wechat", "not yet")
        self.do(activation.approve, self.some((PRIVACY, PRIVACY, SECURITY)), "wechat")

    def stop_looking(self) -> None:
        self.do(activation.deactivate, None, "wechat")

    def look_at_names(self) -> None:
        self.do(names.name_people, AUTHOR, self.some(POLICIES), self.some(("", "to call them")))

    def deliver(self) -> None:
        answers = ("accepted", "accepted", "accepted", "refused", "uncertain", "deferred")
        self.house.deliver(lambda _letter: self.some(answers), most=3)

    def days_go_by(self) -> None:
        """A policy is carried through, everybody is told, and the deadline comes."""
        self.carry_through()
        self.house.deliver()
        self.house.set(self.house.now() + 3 * DAY)

    def decline(self) -> None:
        self.propose()
        for policy in dict.fromkeys(POLICIES):
            self.do(approve.decline, SECURITY, policy, ROLES[SECURITY], "no")

    def clock(self) -> None:
        self.house.set(self.house.now() + self.some((-3, 1, 30, 30)) * HOUR + MINUTE)


def test_after_any_history_the_ledger_verifies_and_folds_to_the_tables(build: Build) -> None:
    """I-31, I-33: random verbs in random order; refusals write nothing; every kind of event occurs."""
    seen: Counter[str] = Counter()
    for seed in range(3):
        days = Days(build(), Random(seed))
        days.run(3)
        days.house.pass_time()
        days.house.sound()
        seen.update(days.house.ledger())
        seen["refused"] += days.refused
    assert set(seen) >= WANTED, WANTED - set(seen)
    assert seen["refused"] >= 20


def test_a_preview_is_no_entry(house: House) -> None:
    """I-34: counts are no look at anybody: nothing but the scope is remembered, and no person."""
    house.owners(5)
    before = house.tables()
    good(preview.preview_policy(house.site, AUTHOR, memo(), "memo"))
    after = house.tables()
    assert {name for name in after if after[name] != before[name]} == {"previews"}
    good(preview.preview_policy(house.site, AUTHOR, memo(title="Another title"), "memo"))
    assert len(house.tables()["previews"]) == 1
    house.sound()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET at = 0",
        "DELETE FROM ledger WHERE idx = 3",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE idx = 3",
    ],
)
def test_the_database_itself_keeps_the_ledger_append_only(house: House, statement: str) -> None:
    """I-32: a trigger forbids updating, deleting and replacing entries."""
    with pytest.raises(IntegrityError, match="append-only"), house.site.store.writing() as conn:
        conn.exec_driver_sql(statement)
    house.sound()


def test_tables_that_were_edited_are_found_and_made_anew(house: House) -> None:
    """I-33: a row changed behind our back differs from the ledger; a rebuild writes what the ledger says."""
    house.owners(1)
    house.propose()
    with house.site.store.writing() as conn:
        conn.exec_driver_sql("UPDATE revisions SET stage = 'approved'")
        conn.exec_driver_sql("DELETE FROM roles WHERE role = 'operator'")
    found = good(ledger_actions.rebuild(house.site, None, check=True))
    assert found.differing == ("roles", "revisions")
    good(ledger_actions.rebuild(house.site, None, check=False))
    house.sound()
