"""What webhooks are told of a policy's life, and how telling them ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatepost.actions import ledger as record
from gatepost.actions import pause, propose, retract, webhooks
from gatepost.config import FILE
from gatepost.core.instant import DAY, HOUR, SECOND
from gatepost.core.ledger.merkle import leaf_hash
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text
from gatepost.notify.webhook import Answered
from gatepost.storage import ledger, sitemeta
from gatepost.storage.webhooks import Message
from tests.verbs.conftest import Build
from tests.verbs.hooks import hook
from tests.verbs.houses import (
    AUTHOR,
    EXECUTIVE,
    OPERATOR,
    POLICY,
    SECURITY,
    TIKTOK,
    House,
    good,
    memo,
    nothing_written,
    refused,
    reopen,
)

YES, NO = Answered(True, "status 204"), Answered(False, "status 500")
CANARY = "qxhook"


@pytest.fixture
def hooked(build: Build) -> Callable[..., House]:
    """A house with these webhooks: name to the types that it is told, none for all."""

    def make(**known: tuple[str, ...]) -> House:
        house = build()
        hook(house, known)
        return house

    return make


def told(house: House, name: str = "chat", answer: Answered = YES) -> list[Message]:
    """Everything that this webhook is told now, in order."""
    found = []
    while message := webhooks.next_message(house.site, name):
        found.append(message)
        webhooks.settle_message(house.site, message, answer)
    return sorted(found, key=lambda message: message.entry)


def listed(house: House) -> list[dict[str, Any]]:
    return list(webhooks.list_webhooks(house.site))


def bodies(house: House, name: str = "chat") -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in told(house, name)]


def stages(house: House) -> list[tuple[str, str]]:
    return [(body["type"], body["data"]["stage"]) for body in bodies(house)]


def moved_in(house: House) -> None:
    house.people(CANARY)
    house.phone(CANARY, [TIKTOK])


def test_a_policys_life_is_told(hooked: Callable[..., House]) -> None:
    """Each stage is told as it is then, and so is what stands still and goes on; nothing is told twice."""
    house = hooked(chat=())
    moved_in(house)
    house.announce()
    assert stages(house) == [
        ("policy.proposed", "proposed"),
        ("policy.approved", "approved"),
        ("policy.announced", "announced"),
    ]
    house.deliver()
    good(pause.pause(house.site, OPERATOR, POLICY, "wait"))
    good(pause.resume(house.site, OPERATOR, POLICY))
    house.set("2020-07-12T00:00:00Z")
    good(pause.pause(house.site, OPERATOR, POLICY, "wait again"))
    house.retract()
    assert stages(house) == [
        ("policy.paused", "announced"),
        ("policy.resumed", "announced"),
        ("policy.in_force", "in_force"),
        ("policy.paused", "in_force"),
        ("policy.retracted", "retracted"),
    ]
    assert stages(house) == []
    house.sound()


def test_a_message_says_what_and_never_who(hooked: Callable[..., House]) -> None:
    """Policy, revision, stage, entry, why in a word of ours; no person, no device, no app, no reason in free text."""
    house = hooked(chat=())
    moved_in(house)
    house.announce(policy="phones")
    good(retract.end(house.site, OPERATOR, "phones", f"because of {CANARY}"))
    house.announce(policy="phones")
    house.retract("phones", because="withdrawn")
    messages = told(house)
    for message in messages:
        body = json.loads(message.body)
        assert body.keys() == {"type", "timestamp", "data"}
        assert {"policy", "revision", "stage", "entry"} <= body["data"].keys()
        assert body["data"].keys() <= {"policy", "revision", "stage", "entry", "because", "replaces"}
    last = messages[-1]
    with house.site.store.reading() as conn:
        row = next(ledger.rows(conn, last.entry))
    assert json.loads(last.body) == {
        "type": "policy.retracted",
        "timestamp": instant_text(row.at),
        "data": {"policy": "phones", "revision": 2, "stage": "retracted", "entry": row.idx, "because": "withdrawn"},
    }
    text = " ".join(message.body for message in messages)
    for word in (CANARY, "tiktok", AUTHOR, OPERATOR, "corp.example", "p_", "d_", "mistake"):
        assert word not in text, word


def test_a_revision_that_takes_anothers_place_says_so(hooked: Callable[..., House]) -> None:
    """Whoever follows revisions learns which one is over without a message of its own."""
    house = hooked(chat=())
    moved_in(house)
    house.announce()
    house.announce(deadline="2020-07-14")
    announced = [body["data"] for body in bodies(house) if body["type"] == "policy.announced"]
    assert [(data["revision"], data.get("replaces")) for data in announced] == [(1, None), (2, 1)]


def test_each_webhook_is_told_what_it_asked_for(hooked: Callable[..., House]) -> None:
    """Two webhooks, one of which wants retractions only; the same message has the same id for both."""
    house = hooked(chat=(), stops=("policy.retracted",))
    moved_in(house)
    house.announce()
    assert told(house, "stops") == []
    house.retract()
    (stopped,) = told(house, "stops")
    assert stopped.type == "policy.retracted"
    assert stopped.message in {message.message for message in told(house, "chat")}


def test_what_was_refused_is_not_told(hooked: Callable[..., House]) -> None:
    """I-31: a message is written with its entry and with nothing else; who has no webhook has none."""
    house = hooked(chat=())
    with nothing_written(house):
        refused(propose.withdraw(house.site, AUTHOR, POLICY, ""), Code.NO_SUCH_POLICY)
        refused(propose.propose(house.site, OPERATOR, memo(), "memo"), Code.ROLE_MISSING)
    none = hooked()
    moved_in(none)
    none.announce()
    assert none.tables()["webhook_messages"] == []


def test_a_message_is_known_by_its_entry(hooked: Callable[..., House]) -> None:
    """The id is that of the entry's bytes, so it is the same after a crash, and never another entry's."""
    house = hooked(chat=())
    moved_in(house)
    house.announce()
    messages = told(house)
    with house.site.store.reading() as conn:
        leaves = {row.idx: row.leaf for row in ledger.rows(conn)}
    assert [message.message for message in messages] == [
        f"msg_{leaf_hash(leaves[message.entry]).hex()[:32]}" for message in messages
    ]
    assert len({message.message for message in messages}) == len(messages) == 3


def test_what_fails_is_tried_again_later_and_later(hooked: Callable[..., House]) -> None:
    """Every wait is twice the one before, up to an hour; the body stays as it was; others do not wait behind it."""
    house = hooked(chat=())
    moved_in(house)
    house.propose()
    first = webhooks.next_message(house.site, "chat")
    assert first is not None
    waits = []
    message = first
    for _ in range(14):
        message = webhooks.settle_message(house.site, message, NO)
        waits.append((message.next_at - house.now()) // SECOND + 1)
        assert webhooks.next_message(house.site, "chat") is None
        house.clock(message.next_at)
        assert webhooks.next_message(house.site, "chat") == message
        assert (message.body, message.message) == (first.body, first.message)
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-3:] == [3600, 3600, 3600]
    webhooks.settle_message(house.site, message, NO)
    house.approve(POLICY, SECURITY, EXECUTIVE)
    assert [other.type for other in told(house)] == ["policy.approved"]


def test_it_is_given_up_after_three_days(hooked: Callable[..., House]) -> None:
    """A receiver that never comes back is shown, with what it was never told; one that is gone is at once."""
    house = hooked(chat=(), gone=("policy.proposed",))
    moved_in(house)
    house.propose()
    message = webhooks.next_message(house.site, "gone")
    assert message is not None
    assert webhooks.settle_message(house.site, message, Answered(False, "status 410", gone=True)).state == "given_up"
    message = webhooks.next_message(house.site, "chat")
    assert message is not None
    house.clock(message.queued_at + 3 * DAY - HOUR)
    message = webhooks.settle_message(house.site, message, NO)
    assert message.state == "waiting"
    house.clock(message.queued_at + 3 * DAY)
    assert webhooks.settle_message(house.site, message, NO).state == "given_up"
    assert told(house) == told(house, "gone") == []
    chat, gone = listed(house)
    assert (chat["waiting"], chat["delivered"], chat["failing"]) == (0, 0, [])
    (lost,) = chat["given_up"]
    assert (lost["type"], lost["attempts"], lost["said"]) == ("policy.proposed", 2, "status 500")
    assert gone["given_up"][0]["said"] == "status 410"


def test_a_list_shows_how_it_stands_and_no_secret(hooked: Callable[..., House]) -> None:
    """Where each goes, without the path; what waits and why; also of one that the settings have no longer."""
    house = hooked(chat=())
    moved_in(house)
    house.propose()
    message = webhooks.next_message(house.site, "chat")
    assert message is not None
    webhooks.settle_message(house.site, message, NO)
    (row,) = listed(house)
    assert (row["name"], row["to"], row["waiting"]) == ("chat", "http://127.0.0.1:9", 1)
    (failing,) = row["failing"]
    assert (failing["said"], failing["attempts"], failing["given_up_at"]) == ("status 500", 1, None)
    path = house.site.directory / FILE
    path.write_text(path.read_text().partition("[webhooks.")[0])
    house.close()
    without = reopen(house.site.directory)
    (row,) = listed(without)
    without.close()
    assert (row["name"], row["to"], row["waiting"]) == ("chat", "", 1)


def test_a_restored_site_tells_nothing_of_before(hooked: Callable[..., House]) -> None:
    """What waits in a backup was told by the site that was lost; once that is clear, it is told under the same id."""
    house = hooked(chat=())
    moved_in(house)
    house.propose()
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    assert told(house) == []
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "")
    assert len(told(house)) == 1


def test_a_rebuild_tells_nothing_again(hooked: Callable[..., House]) -> None:
    """Reading the ledger anew is no news, and what was told stays told."""
    house = hooked(chat=())
    moved_in(house)
    house.propose()
    told(house)
    before = house.tables()["webhook_messages"]

    good(record.rebuild(house.site, None, check=False))
    assert house.tables()["webhook_messages"] == before
    assert told(house) == []
