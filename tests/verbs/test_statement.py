"""The statement: what our policy on an app is, was, and has been, in words fit to print."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from gatepost.actions import announce, pause, propose, relax, retract, vendor
from gatepost.actions.statement import history, statement
from gatepost.actions.views import show_policy
from gatepost.core.instant import DAY, HOUR
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text, parse_instant
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, ROLES, House, good, memo, nothing_written, refused

PRESS = "We ask staff to keep one app off some phones."


def said(house: House, at: int | None = None, app: str = "tiktok") -> dict[str, Any]:
    return good(statement(house.site, app, at))


def told(house: House) -> list[dict[str, Any]]:
    found: Any = good(history(house.site, "tiktok"))["history"]
    return list(found)


def no_wait(_seconds: float) -> None:
    return


def test_no_statement_about_an_app_that_nobody_knows(house: House) -> None:
    """A misspelt app has no statement: "no policy of ours on tiktik" is true, and reads like another."""
    house.owners(1)
    house.announce()
    with nothing_written(house):
        refused(statement(house.site, "tiktik", None), Code.NO_SUCH_APP)
        refused(history(house.site, "tiktik"), Code.NO_SUCH_APP)
    assert "no-tiktok" in str(said(house)["policies"])
    assert "No policy of ours on WeChat" in said(house, app="wechat")["statement"]


def test_a_policy_s_whole_life_is_told_with_dates_in_words(house: House) -> None:
    """Announced, in force, standing still, going on, over: each instant at which the statement changed, once."""
    house.owners(1)
    assert told(house) == []
    house.announce(press=PRESS)
    assert "announced on Monday, July 6, 2020" in said(house)["statement"]
    assert "not yet in force; the deadline is the end of Friday, July 10, 2020, where" in said(house)["statement"]
    assert said(house)["press"] == [PRESS]
    house.deliver()
    house.set("2020-07-12T08:00:00Z")
    assert "in force since" in said(house)["statement"]
    good(pause.pause(house.site, OPERATOR, POLICY, "to find out", wait=no_wait))
    assert "stood still since Sunday, July 12, 2020" in said(house)["statement"]
    house.later(HOUR // 2)
    good(pause.resume(house.site, OPERATOR, POLICY))
    assert "stood still" not in said(house)["statement"]
    house.later(DAY)
    house.retract()
    assert "was sent in error on Monday, July 6, 2020" in said(house)["statement"]
    assert "It was retracted on Monday, July 13, 2020" in said(house)["statement"]
    assert said(house)["press"] == []
    stages = [(row["policies"][0]["stage"], row["policies"][0]["paused_at"] is not None) for row in told(house)]
    assert stages == [
        ("announced", False),
        ("in_force", False),
        ("in_force", True),
        ("in_force", False),
        ("retracted", False),
    ]


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        ("2020-07-10", "the deadline is the end of Friday, July 10, 2020, where each person is"),
        ("2020-07-10T17:00", "the deadline is Friday, July 10, 2020, 5:00 PM, where each person is"),
        ("2020-07-10T17:00+02:00", "the deadline is Friday, July 10, 2020, 3:00 PM (UTC)"),
        ("immediately", "it applies as soon as people have been told"),
    ],
)
def test_every_form_of_a_deadline_is_said_in_words(house: House, deadline: str, words: str) -> None:
    """A date is the end of a day where each person is; an instant is one for all, in the site's time zone."""
    house.owners(1)
    house.announce(deadline=deadline, grace="24h")
    assert words in said(house)["statement"].replace("\u202f", " ")


def test_dates_are_those_of_the_site_s_own_time_zone(build: Build) -> None:
    """The same instant is another day in Tokyo, and the statement names the zone."""
    house = build(site__default_time_zone="Asia/Tokyo")
    house.owners(1)
    house.clock("2020-07-06T20:00:00Z")
    house.announce()
    assert "announced on Tuesday, July 7, 2020" in said(house)["statement"]
    assert "Japan Standard Time" in said(house)["statement"]


def ask(house: House, app: str = "tiktok") -> str:
    return str(good(vendor.asked(house.site, OPERATOR, app, "2020-07-05", "Where is our data?"))["inquiry"])


def test_a_retraction_can_refer_to_the_owner_s_answer(house: House) -> None:
    """It stands in the ledger, in the policy, and in the statement: the other side was heard."""
    house.owners(1)
    question = ask(house)
    house.announce()
    good(vendor.answered(house.site, OPERATOR, question, "2020-07-06", "In the US."))
    good(retract.retract(house.site, OPERATOR, POLICY, "their answer", "withdrawn", no_wait, refers_to=question))
    assert good(show_policy(house.site, POLICY))["refers_to"] == question
    assert said(house)["statement"].endswith(
        "The app's owner, ByteDance, was asked on Sunday, July 5, 2020, and heard on Monday, July 6, 2020."
    )
    house.sound()


def test_a_question_without_an_answer_is_said_to_have_none(house: House) -> None:
    """Asked is not heard."""
    house.owners(1)
    question = ask(house)
    house.announce()
    good(retract.retract(house.site, OPERATOR, POLICY, "no evidence", "error", no_wait, refers_to=question))
    assert said(house)["statement"].endswith("was asked on Sunday, July 5, 2020; no answer is recorded.")


def test_a_retraction_that_refers_to_nothing_known_is_not_done(house: House) -> None:
    """A name that no question has, and a question about an app that is not the policy's: nothing is written, and the
    sentence says how to retract at once."""
    house.owners(1)
    other = ask(house, "wechat")
    house.announce()
    for name in ("vq_nothing", other):
        with nothing_written(house):
            answer = retract.retract(house.site, OPERATOR, POLICY, "why", "error", no_wait, refers_to=name)
            assert "without --refers-to" in refused(answer, Code.NO_SUCH_INQUIRY).text


def test_history_and_statement_say_the_same_of_every_instant(build: Build) -> None:
    """Random lives of two policies on one app: at each instant of the history, and just before the next, the statement
    as of then is what the history says; between two of its instants it never changes."""
    stages: set[str] = set()
    for seed in range(4):
        house, draw = build(), Random(seed)
        house.owners(1)
        _live(house, draw)
        rows = told(house)
        for row, after in zip(rows, [*rows[1:], None], strict=True):
            at = parse_instant(str(row["at"]))
            until = house.now() if after is None else parse_instant(str(after["at"])) - 1
            assert said(house, at)["statement"] == said(house, max(at, until))["statement"] == row["statement"]
            assert after is None or after["statement"] != row["statement"]
            stages.update(policy["stage"] for policy in row["policies"])
        if rows:
            assert "No policy of ours" in said(house, parse_instant(str(rows[0]["at"])) - 1)["statement"]
    assert stages == {"announced", "in_force", "retracted", "ended"}


def _live(house: House, draw: Random) -> None:
    """Verbs in any order on two policies; some are refused, and the life goes on."""
    verbs: tuple[Callable[[str], object], ...] = (
        lambda policy: _announce(house, policy),
        lambda policy: pause.pause(house.site, OPERATOR, policy, "why", wait=no_wait),
        lambda policy: pause.resume(house.site, OPERATOR, policy),
        lambda policy: retract.retract(house.site, OPERATOR, policy, "why", wait=no_wait),
        lambda policy: retract.end(house.site, OPERATOR, policy, wait=no_wait),
        lambda _policy: house.later(80 * HOUR),
    )
    for step in range(14):
        verb = verbs[0] if step < 2 else draw.choice(verbs)
        verb(draw.choice(("no-tiktok", "no-tiktok-abroad")))
        house.deliver()
        house.later(draw.choice((1, 1, 30)) * HOUR // 2)


def _announce(house: House, policy: str) -> None:
    deadline = instant_text(house.now() + 3 * DAY)[:10]
    proposed = propose.propose(house.site, AUTHOR, memo(policy=policy, deadline=deadline), "memo")
    if isinstance(proposed, propose.Proposed):
        house.approve(policy, *(who for who, role in ROLES.items() if role.partition(":")[2] in proposed.approvals))
        announce.announce(house.site, AUTHOR, policy)


def test_a_relaxed_policy_stands_since_it_was_announced(house: House) -> None:
    """The milder revision goes on in the place of the other: one policy, the first day, the new deadline."""
    house.owners(1)
    house.announce()
    house.later(2 * DAY)
    good(relax.propose_relax(house.site, AUTHOR, memo(deadline="2020-07-20"), "memo"))
    house.approve()
    text = said(house)["statement"]
    assert "announced on Monday, July 6, 2020" in text
    assert "It was relaxed on Wednesday, July 8, 2020" in text
    assert "the deadline is the end of Monday, July 20, 2020" in text
    assert [policy["stage"] for policy in said(house)["policies"]] == ["ended", "announced"]
    house.retract()
    assert "was sent in error on Monday, July 6, 2020" in said(house)["statement"]
    assert len(told(house)) == 3


def test_a_replaced_revision_is_told_as_over(house: House) -> None:
    """A later revision takes the place of the first; the statement speaks of what stands."""
    house.owners(1)
    house.announce()
    house.later()
    house.announce(title="Another title", deadline="2020-07-20")
    assert said(house)["statement"].startswith("Another title. This was announced on")
    assert [policy["stage"] for policy in said(house)["policies"]] == ["ended", "announced"]
    assert len(told(house)) == 2
    assert AUTHOR not in str(told(house))
