"""I-39: a request under a key is done once, whatever happens between it and its answer."""

import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from gatepost.actions.once import Once
from gatepost.core.instant import DAY, SECOND
from gatepost.storage import ledger
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, House, nothing_written
from tests.web.calling import Called, api, call, token

WAIVE = {"policy": POLICY, "person": "u0@corp.example", "until": "2020-07-20", "reason": "work"}


@pytest.fixture
def announced(build: Build) -> House:
    """A site whose API is on, with a policy that is announced."""
    house = build(web__api=True, rails__large_impact_percent=0)
    house.owners(2)
    house.announce()
    return house


def waive(house: House, shown: str, key: str, **changes: str) -> Called:
    return call(api(house), shown, "/waivers", WAIVE | changes, idempotency_key=key)


def waived(house: House) -> int:
    return house.ledger().count("WaiverGranted")


def test_the_same_request_is_answered_alike_and_done_once(announced: House) -> None:
    """The second time nothing is written, and the answer is the first one's, word for word; a day later it is new."""
    shown = token(announced, OPERATOR)
    first = waive(announced, shown, '"one"')
    assert (first.status, "idempotent-replayed" in first.headers) == (200, False)
    with nothing_written(announced):
        again = waive(announced, shown, '"one"')
        bare = waive(announced, shown, "one")
    assert (again.status, again.data, again.headers["idempotent-replayed"]) == (200, first.data, "true")
    assert bare.data == first.data
    assert waive(announced, shown, '"two"').data != first.data
    announced.clock(announced.now() + DAY + SECOND)
    assert waive(announced, shown, '"one"').data["waiver"] != first.data["waiver"]
    assert waived(announced) == 3
    announced.sound()


def test_a_key_is_for_one_request(announced: House) -> None:
    """Another body or another address under the same key is 422, and nothing is done."""
    shown = token(announced, OPERATOR)
    waive(announced, shown, "one")
    with nothing_written(announced):
        other = waive(announced, shown, "one", reason="play")
        elsewhere = call(api(announced), shown, f"/policies/{POLICY}/pause", {"reason": "x"}, idempotency_key="one")
    assert (other.status, other.data["code"]) == (elsewhere.status, elsewhere.data["code"])
    assert (other.status, other.data["code"]) == (422, "idempotency_key_used")


def test_a_key_is_its_token_s_own(announced: House) -> None:
    """Whoever chooses the same key as somebody else hears nothing of theirs."""
    first = waive(announced, token(announced, OPERATOR), "one")
    other = waive(announced, token(announced, SECURITY), "one")
    assert (first.status, other.status) == (200, 200)
    assert first.data != other.data


def test_a_refusal_uses_no_key_up(announced: House) -> None:
    """Nothing was done, so the same request may be sent again once nothing stands in its way."""
    app, shown, of = api(announced), token(announced, OPERATOR), f"/policies/{POLICY}"
    assert call(app, shown, f"{of}/resume", {}, idempotency_key="one").data["code"] == "wrong_stage"
    assert call(app, shown, f"{of}/pause", {"reason": "x"}).status == 200
    assert call(app, shown, f"{of}/resume", {}, idempotency_key="one").status == 200


def test_a_crash_before_the_commit_leaves_nothing(announced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the deed nor the key is written, so the request is done when it is sent again."""
    shown = token(announced, OPERATOR)

    def cut_off(*_: object) -> None:
        raise RuntimeError("cut off")

    with monkeypatch.context() as patched, nothing_written(announced):
        patched.setattr(ledger, "set_head", cut_off)
        assert waive(announced, shown, "one").status == 500
    assert waive(announced, shown, "one").status == 200
    assert waived(announced) == 1


def test_a_crash_after_the_commit_is_told_as_done(announced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key was written with the deed: sent again, it is not done again, and the answer names the entry."""
    shown = token(announced, OPERATOR)

    def cut_off(*_: object) -> None:
        raise RuntimeError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(Once, "answered", cut_off)
        assert waive(announced, shown, "one").status == 500
    before = announced.ledger()
    again = waive(announced, shown, "one")
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.data["done_before"] is True
    assert before[again.data["entry"]] == "WaiverGranted"
    assert announced.ledger() == before


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(announced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-40: the deed is done, so a disk that is full by then does not make a failure of it."""

    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(Once, "answered", full)
    assert waive(announced, token(announced, OPERATOR), "one").data["policy"] == POLICY


def test_two_at_once_are_done_once(announced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first is under way the second is 409; through another process, too, it is done once."""
    app, other, shown = api(announced), api(announced), token(announced, OPERATOR)
    began, go_on = threading.Event(), threading.Event()
    usual, answers = Once.answered, list[Called]()

    def slow(self: Once, *rest: Any) -> None:
        began.set()
        assert go_on.wait(30)
        usual(self, *rest)

    monkeypatch.setattr(Once, "answered", slow)
    first = threading.Thread(target=lambda: answers.append(call(app, shown, "/waivers", WAIVE, idempotency_key="one")))
    first.start()
    try:
        assert began.wait(30)
        beside = call(app, shown, "/waivers", WAIVE, idempotency_key="one")
        elsewhere = call(other, shown, "/waivers", WAIVE, idempotency_key="one")
    finally:
        go_on.set()
        first.join()
    assert (beside.status, beside.data["code"], beside.headers["retry-after"]) == (409, "under_way", "1")
    assert elsewhere.data["done_before"] is True
    assert answers[0].status == 200
    assert waived(announced) == 1


def test_a_race_is_decided_in_the_transaction(announced: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that both saw no key: the second finds it before it writes anything."""
    shown = token(announced, OPERATOR)
    waive(announced, shown, "one")
    with monkeypatch.context() as patched, nothing_written(announced):
        patched.setattr("gatepost.web.api.serve.answers.find", unseen_once())
        again = waive(announced, shown, "one")
    assert again.headers["idempotent-replayed"] == "true"
    assert waived(announced) == 1


def unseen_once() -> Any:
    """The first look finds nothing; those after it find what is there."""
    from gatepost.storage import answers

    usual, looked = answers.find, []

    def find(*asked: Any) -> Any:
        looked.append(asked)
        return usual(*asked) if len(looked) > 1 else None

    return find


def test_a_verb_of_several_changes_is_one_request(build: Build) -> None:
    """Announcing goes on in further changes, and those do not take the first for an earlier request."""
    house = build(web__api=True, rails__large_impact_percent=0)
    house.owners(2)
    house.propose()
    house.approve()
    house.deliver()
    done = call(api(house), token(house, AUTHOR), f"/policies/{POLICY}/announce", {}, idempotency_key="one")
    assert (done.status, done.data["people"]) == (200, 2)
    retracted = call(
        api(house), token(house, OPERATOR), f"/policies/{POLICY}/retract", {"reason": "x"}, idempotency_key="two"
    )
    assert (retracted.status, retracted.data["withdrawn"]) == (200, 2)
    house.sound()


@pytest.mark.parametrize("key", ['"', '""', '"a\\"b"', "a b", '"ä"', "x" * 256, "a,b"])
def test_a_key_that_is_no_string_is_refused(announced: House, key: str) -> None:
    """Rather than that it is taken for another than was meant."""
    shown = token(announced, OPERATOR)
    with nothing_written(announced):
        said = waive(announced, shown, key)
    assert (said.status, said.data["code"]) == (400, "malformed")


def test_answers_are_erased_after_a_day(announced: House) -> None:
    """They may name people; the worker erases them, and with a person's tokens theirs go."""
    waive(announced, token(announced, OPERATOR), "one")
    assert len(announced.tables()["api_answers"]) == 1
    announced.set(announced.now() + DAY + SECOND)
    assert announced.tables()["api_answers"] == []
