"""Diff: what a new revision changes, and what changed between two instants."""

from gatepost.actions import diff, retract
from gatepost.core.instant import DAY, HOUR
from gatepost.core.refusal import Code
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, TIKTOK, WECHAT, House, good, memo, refused


def test_whom_a_new_revision_hits_and_frees(house: House) -> None:
    """A wider app list and an exception: who becomes due and who no longer is, each counted apart."""
    house.look_for("wechat", until=house.now() + 30 * DAY)
    house.owners(6, [TIKTOK], "tok")
    house.owners(7, [WECHAT], "wee")
    house.announce()
    same = good(diff.diff_policy(house.site, AUTHOR, memo(), "memo"))
    assert (same.due, same.newly_due, same.freed, same.changes) == (6, 0, 0, False)
    wider = good(diff.diff_policy(house.site, AUTHOR, memo(apps=["tiktok", "wechat"]), "memo"))
    assert (wider.due, wider.newly_due, wider.freed) == (13, 7, 0)
    other = good(diff.diff_policy(house.site, AUTHOR, memo(apps=["wechat"]), "memo"))
    assert (other.due, other.newly_due, other.freed) == (7, 7, 6)


def test_the_document_s_lines_are_shown(house: House) -> None:
    """What the words change is seen as a diff, whatever the order and the comments of the file."""
    house.owners(5)
    house.announce()
    found = good(diff.diff_policy(house.site, AUTHOR, memo(deadline="2020-07-17"), "memo"))
    changed = [line for line in found.lines if line[0] in "+-" and not line.startswith(("---", "+++"))]
    assert [line[0] for line in changed] == ["-", "+"]
    assert "2020-07-10" in changed[0]
    assert "2020-07-17" in changed[1]


def test_few_people_are_not_counted_out_loud(house: House) -> None:
    """A new app that one person has: fewer than five are said to be fewer than five."""
    house.look_for("wechat", until=house.now() + 30 * DAY)
    house.owners(6, [TIKTOK], "tok")
    house.owners(1, [WECHAT], "wee")
    house.announce()
    found = good(diff.diff_policy(house.site, AUTHOR, memo(apps=["tiktok", "wechat"]), "memo"))
    assert (found.newly_due, found.freed, found.withheld) == (None, 0, False)
    assert found.changes


def test_an_exception_for_few_is_shown_in_words_alone(house: House) -> None:
    """Taken from the proposal's numbers, a new revision's would say what is on one person's phone: none are given."""
    house.owners(6, [TIKTOK], "tok")
    house.people("solo", groups="managers")
    house.phone("solo", [TIKTOK])
    house.announce()
    found = good(diff.diff_policy(house.site, AUTHOR, memo(except_={"groups": ["managers"]}), "memo"))
    assert (found.due, found.newly_due, found.freed, found.withheld) == (None, None, None, True)
    assert any("managers" in line for line in found.lines)


def test_a_first_revision_has_nothing_to_be_held_against(house: House) -> None:
    """The refusal says what to use instead."""
    refusal = refused(diff.diff_policy(house.site, AUTHOR, memo(), "memo"), Code.NO_SUCH_POLICY)
    assert "policy preview" in refusal.text


def test_what_happened_between_two_instants(house: House) -> None:
    """The past as the ledger says it: blocked at the deadline, opened by the retraction, and nothing before either."""
    start = house.now()
    house.owners(5)
    house.announce()
    house.deliver()
    announced = house.now()
    house.set("2020-07-11T12:00:00Z")
    blocked = house.now()
    house.clock(blocked + HOUR)
    house.retract()
    house.pass_time()
    first = good(diff.diff_instants(house.site, OPERATOR, start - 1, announced))
    assert [what["stage"] for what in first.policies] == ["proposed", "announced"]
    assert (first.newly_blocked, first.newly_warned, first.opened) == (0, 5, 0)
    second = good(diff.diff_instants(house.site, OPERATOR, announced, blocked))
    assert [what["stage"] for what in second.policies] == ["in_force"]
    assert (second.newly_blocked, second.opened) == (5, 0)
    third = good(diff.diff_instants(house.site, OPERATOR, blocked, house.now()))
    assert [what["stage"] for what in third.policies] == ["retracted"]
    assert (third.newly_blocked, third.opened) == (0, 5)
    assert POLICY in {what["policy"] for what in third.policies}
    assert not isinstance(retract.retract(house.site, OPERATOR, POLICY, "again"), retract.Retracted)


def test_what_happened_to_few_devices_is_not_counted_out_loud(house: House) -> None:
    """One device that is blocked is somebody's: between one and four are not told apart, and none is none."""
    house.owners(4)
    house.announce()
    house.deliver()
    told = house.now()
    house.set("2020-07-11T12:00:00Z")
    found = good(diff.diff_instants(house.site, AUTHOR, told, house.now()))
    assert (found.newly_blocked, found.newly_warned, found.opened, found.moved) == (None, 0, 0, True)


def test_what_happened_is_for_those_whose_work_it_is(house: House) -> None:
    """Authors, operators, approvers, auditors; a colleague, who could watch one day for one phone, is refused."""
    house.owners(1)
    for who in (AUTHOR, OPERATOR, SECURITY, None):
        assert not good(diff.diff_instants(house.site, who, 0, house.now())).moved
    refused(diff.diff_instants(house.site, "u0@corp.example", 0, house.now()), Code.ROLE_MISSING)
