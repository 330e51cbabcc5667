"""AuthZEN at the door: several evaluations at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.doors import authzen, evaluation
from gatepost.doors.authzen import door_authzen
from gatepost.doors.copy import Copy
from gatepost.doors.judge import REASONS
from tests.doors.authzen_door import ALICE, URL, ask, by_device, copy_of_fleet, judge_of, send, several

__all__ = ["copy_of_fleet"]


def test_defaults_fill_what_an_evaluation_leaves_out(copy: Copy) -> None:
    """7.1.1: a part of an evaluation stands for the default's whole part, but for required fields that it lacks."""
    app, good = door_authzen(judge_of(copy), URL), by_device("TIKTOK1", "mallory")
    around = {"action": good["action"], "resource": {"type": "mailbox", "id": ALICE}, "subject": good["subject"]}
    devices = [{"subject": {"type": "device", "id": name}} for name in ("CLEAN1", "TIKTOK1")]
    devices += [{"subject": {"id": "CLEAN1"}}, {}]
    reasons = [answer["context"]["reason_code"] for answer in several(app, *devices, **around)]
    assert reasons == ["clear", "blocked", "clear", "foreign"]


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        (None, [True, False, True, False]),
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_the_three_semantics(copy: Copy, semantic: str | None, expected: list[bool]) -> None:
    """7.1.2: all are evaluated, or as many as it takes to the first denial or the first permit."""
    each = [by_device(name) for name in ("CLEAN1", "TIKTOK1", "WARNED1", "NOBODYS")]
    options = {} if semantic is None else {"options": {"evaluations_semantic": semantic}}
    answers = several(door_authzen(judge_of(copy), URL), *each, **options)
    assert [answer["decision"] for answer in answers] == expected


def test_what_is_wrong_with_one_is_said_there(copy: Copy) -> None:
    """7.2.1: an evaluation that cannot be read is denied in its place, and the others are answered."""
    app = door_authzen(judge_of(copy), URL)
    answers = several(app, by_device("CLEAN1"), {}, "nothing", by_device("CLEAN1"))
    assert [answer["decision"] for answer in answers] == [True, False, False, True]
    assert [answer["context"].get("error", {}).get("status") for answer in answers] == [None, 400, 400, None]
    stopped = several(app, {}, by_device("CLEAN1"), options={"evaluations_semantic": "deny_on_first_deny"})
    assert len(stopped) == 1


def test_without_evaluations_it_is_one(copy: Copy) -> None:
    """7.1: no list, or an empty one, is the single request; one too long, none, or an unknown semantic is refused."""
    app, good = door_authzen(judge_of(copy), URL), by_device("CLEAN1")
    for body in (good, good | {"evaluations": []}):
        assert ask(app, body, authzen.EVALUATIONS)["decision"] is True
    most: list[Any] = [{}] * evaluation.MOST_EVALUATIONS
    assert len(ask(app, good | {"evaluations": most}, authzen.EVALUATIONS)["evaluations"]) == len(most)
    wrong: list[Any] = [[*most, {}], "all", {}]
    for bad in wrong:
        assert send(app, authzen.EVALUATIONS, good | {"evaluations": bad})[0] == 400
    unknown: list[Any] = [{"evaluations_semantic": "some"}, {"evaluations_semantic": []}, []]
    for options in unknown:
        assert send(app, authzen.EVALUATIONS, good | {"evaluations": [{}], "options": options})[0] == 400


_VALUE: st.SearchStrategy[Any] = st.sampled_from([None, "", 1, "user", "mailbox", "TIKTOK1", "NOBODYS", ALICE, [], {}])
_FIELDS = st.dictionaries(st.sampled_from(["type", "id", "name", "properties"]), _VALUE, max_size=2)
_PARTS = st.sampled_from(["subject", "action", "resource", "context", "options", "evaluations"])
_ANY = st.dictionaries(_PARTS, _FIELDS | _VALUE | st.lists(_FIELDS | _VALUE, max_size=2), max_size=2)


def _spoiled(part: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A good request, of which a part has other fields."""
    good = by_device("CLEAN1")
    return good | {part: good[part] | fields}


_SPOILED = st.builds(_spoiled, st.sampled_from(["subject", "action", "resource"]), _FIELDS)


def test_nothing_that_is_sent_breaks_it(copy: Copy) -> None:
    """Whatever comes is answered 200 with a decision of known reasons, or 400; nothing odd is ever let through."""
    app, seen = door_authzen(judge_of(copy), URL), set()

    @given(_ANY | _SPOILED | _ANY.map(lambda odd: by_device("CLEAN1") | odd))
    def any_request(asked: Any) -> None:
        status, _, body = send(app, authzen.EVALUATIONS, asked)
        assert status in (200, 400), body
        answer = json.loads(body) if status == 200 else {}
        for each in answer.get("evaluations", [answer]) if answer else ():
            assert each["decision"] in (True, False)
            assert each["context"].get("reason_code", "error") in REASONS
            assert not each["decision"] or each["context"]["reason_code"] in ("clear", "warned")
            seen.add((status, each["decision"]))
        seen.add((status, None))

    any_request()
    assert seen == {(400, None), (200, None), (200, True), (200, False)}
