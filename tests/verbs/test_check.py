"""A fresh report, asked for from somebody's own page: who can ask, how often, what is told, and what is kept of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from gatepost.actions import check, erase, own_link, own_page, pause, person_record, retention, retract, webhooks
from gatepost.actions.own_check import ask_check
from gatepost.core.instant import DAY, MINUTE, SECOND
from gatepost.core.refusal import Code
from gatepost.documents.deadline import instant_text
from gatepost.notify.own import OwnFacts
from gatepost.storage import people, sitemeta
from tests.verbs.conftest import Build
from tests.verbs.hooks import CHECK, hook
from tests.verbs.houses import OPERATOR, POLICY, TIKTOK, WECHAT, House, good, nothing_written, refused
from tests.verbs.test_webhooks import NO, YES, listed, told

MANAGER = {"manager": (CHECK,)}
URL = "https://gatepost.example"


@pytest.fixture
def asked(build: Build) -> House:
    """A site whose device manager can be asked; u0 and u1 have the app, and were told."""
    return announced(build, MANAGER)


def announced(build: Build, known: Mapping[str, Sequence[str]]) -> House:
    house = build(web__url=URL, fleet__complete_limit_percent=100)
    hook(house, known)
    house.owners(2)
    house.announce()
    house.deliver()
    return house


def token(house: House, name: str = "u0") -> str:
    with house.site.store.reading() as conn:
        person = people.find(conn, f"{name}@corp.example")
    assert person is not None
    return own_link.own_address(house.site, person.ref, POLICY, house.now()).rpartition("/")[2]


def page(house: House, name: str = "u0") -> OwnFacts:
    facts = own_page.own_facts(house.site, token(house, name))
    assert facts is not None
    return facts


def ask(house: House, name: str = "u0", device: str = "") -> Any:
    return ask_check(house.site, token(house, name), device or f"phone-{name}")


def kept(house: House) -> list[tuple[Any, ...]]:
    return house.tables()["webhook_messages"]


def test_whoever_asks_the_manager_is_told_which_device_and_no_more(asked: House) -> None:
    """The device as the manager knows it, its platform, when: no person, no app, no policy; the entry says who asked.
    I-31: the message and its entry are one change."""
    at = good(ask(asked))
    (message,) = told(asked, "manager")
    body = json.loads(message.body)
    assert body == {
        "type": CHECK,
        "timestamp": instant_text(at),
        "data": {"device": "phone-u0", "platform": "ios", "entry": message.entry},
    }
    for word in ("corp.example", "tiktok", POLICY, "p_", "d_", "EAS"):
        assert word not in message.body.casefold(), word
    assert asked.ledger()[-1] == "CheckAsked"
    record = good(person_record.export(asked.site, OPERATOR, "u0@corp.example", "They asked."))
    (entry,) = [each for each in record["entries"] if each["event"] == "CheckAsked"]
    assert (entry["entry"], entry["by"]) == (message.entry, "you")
    asked.sound()


def test_a_report_opens_the_door_at_once(asked: House) -> None:
    """What the manager answers is a report as every other: the device is let in, and the page asks nothing more."""
    asked.set("2020-07-12T08:00:00Z")
    good(ask(asked))
    (device,) = page(asked).devices
    assert asked.word("u0") == "block"
    assert device.awaited
    asked.clock(asked.now() + SECOND)
    asked.report("u0")
    (device,) = page(asked).devices
    assert asked.word("u0") == "allow"
    assert (device.awaited, device.checkable, device.asked_at) == (False, False, None)


def test_a_report_that_still_has_the_app_is_an_answer_too(asked: House) -> None:
    """Nothing is awaited any more, and it can be asked for again when its time is over."""
    at = good(ask(asked))
    asked.clock(at + SECOND)
    asked.report("u0", [TIKTOK])
    (device,) = page(asked).devices
    assert (device.awaited, device.asked_at) == (False, at)
    asked.clock(at + check.EVERY)
    (device,) = page(asked).devices
    assert (device.checkable, device.asked_at) == (True, None)


def test_a_device_is_asked_about_once_in_five_minutes(asked: House) -> None:
    """Pressed again, the page knows since when; nothing is written. Another device is another matter."""
    at = good(ask(asked))
    assert page(asked).devices[0].asked_at == at
    asked.clock(at + check.EVERY - SECOND)
    with nothing_written(asked):
        assert good(ask(asked)) == at
    assert good(ask(asked, "u1")) > at
    asked.clock(at + check.EVERY)
    assert good(ask(asked)) >= at + check.EVERY
    assert asked.ledger().count("CheckAsked") == 3


def test_pressed_by_many_at_once_it_is_asked_once(asked: House) -> None:
    """Whoever waits for their turn to write finds it asked."""
    press, token_ = partial(ask_check, asked.site), token(asked)
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(press, [token_] * 8, ["phone-u0"] * 8))
    assert len(answers) == 1
    assert len(kept(asked)) == asked.ledger().count("CheckAsked") == 1


def test_everybody_together_asks_so_often_in_a_minute(build: Build) -> None:
    """However many press, a receiver is told no more than it can take; two webhooks are told of one question."""
    house = build(web__url=URL)
    hook(house, {"manager": (CHECK,), "other": (CHECK,)})
    names = house.owners(check.MOST + 1)
    house.announce()
    house.deliver()
    start = house.now()
    for name in names[:-1]:
        good(ask(house, name))
    assert house.now() - start < MINUTE, "else the case does not occur"
    with nothing_written(house):
        refused(ask(house, names[-1]), Code.CHECKS_SPENT)
    assert len(kept(house)) == 2 * check.MOST
    house.clock(house.now() + MINUTE)
    good(ask(house, names[-1]))


@pytest.mark.parametrize(
    "known",
    [{}, {"chat": ()}, {"chat": ("policy.announced",)}],
    ids=["no webhook", "one of everything about nobody", "one of other things"],
)
def test_nobody_is_asked_where_nobody_can_be(build: Build, known: Mapping[str, Sequence[str]]) -> None:
    """The page has a button only where a webhook takes it by name: one of everything is told of nobody's device."""
    house = announced(build, known)
    assert not page(house).devices[0].checkable
    with nothing_written(house):
        refused(ask(house), Code.NOT_CONCERNED)


def _pause(house: House) -> None:
    good(pause.pause(house.site, OPERATOR, POLICY, "wait"))


def _end(house: House) -> None:
    good(retract.end(house.site, OPERATOR, POLICY, "over", wait=lambda _: None))


@pytest.mark.parametrize(
    "done",
    [
        lambda house: house.devices(house.phone_row("u1", [TIKTOK]), complete=True),
        lambda house: house.report("u0"),
        _pause,
        _end,
        lambda house: house.retract(),
    ],
    ids=["no manager has it", "clean", "paused", "ended", "retracted"],
)
def test_what_a_report_would_not_change_has_no_button(asked: House, done: Callable[[House], object]) -> None:
    """Asked of a manager is what the policy asks something of now, and what a manager has."""
    assert page(asked).devices[0].checkable
    asked.clock(asked.now() + SECOND)
    done(asked)
    assert not page(asked).devices[0].checkable
    with nothing_written(asked):
        refused(ask(asked), Code.NOT_CONCERNED)


@pytest.mark.parametrize(
    ("columns", "checkable"),
    [({"visibility": "managed-only"}, False), ({"at": None, "visibility": ""}, True), ({"apps": [WECHAT]}, False)],
    ids=["hidden", "never", "absent"],
)
def test_what_a_source_cannot_see_is_not_asked_for(build: Build, columns: dict[str, Any], checkable: bool) -> None:
    """I-6: a device whose apps are hidden does not show them the next time either; one that never reported may."""
    house = build(web__url=URL)
    hook(house, MANAGER)
    house.people("u0")
    house.phone("u0", **columns)
    house.announce(unseen="block")
    assert page(house).devices[0].checkable is checkable


def test_a_page_asks_about_its_own_devices_alone(asked: House) -> None:
    """Somebody else's device, one that is none, a link that is none or over."""
    with nothing_written(asked):
        refused(ask(asked, "u0", "phone-u1"), Code.NO_SUCH_DEVICE)
        refused(ask(asked, "u0", "no-such"), Code.NO_SUCH_DEVICE)
        refused(ask_check(asked.site, "x", "phone-u0"), Code.NO_SUCH_PERSON)
    old = token(asked)
    asked.clock(asked.now() + 31 * DAY)
    with nothing_written(asked):
        refused(ask_check(asked.site, old, "phone-u0"), Code.NO_SUCH_PERSON)


def test_a_restored_site_asks_nobody(asked: House) -> None:
    """Before it was shown what the world has seen, it acts for nobody."""
    with asked.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    with nothing_written(asked):
        refused(ask(asked), Code.SITE_NOT_ACKNOWLEDGED)


def test_a_question_is_worth_as_long_as_it_is_not_asked_again(asked: House) -> None:
    """A receiver that is away is tried for five minutes and not for days; then the page has its button again."""
    at = good(ask(asked))
    message = webhooks.next_message(asked.site, "manager")
    while message is not None and message.state == "waiting":
        message = webhooks.settle_message(asked.site, message, NO)
        asked.clock(max(message.next_at, asked.now()))
    assert message is not None
    assert message.state == "given_up"
    assert message.settled_at is not None
    assert message.settled_at <= at + check.EVERY
    assert listed(asked)[0]["given_up"][0]["said"] == "status 500"


def test_what_is_told_of_policies_waits_behind_no_device(build: Build) -> None:
    """A retraction that comes after many questions is told first."""
    house = announced(build, {"all": (CHECK, "policy.retracted")})
    good(ask(house))
    good(ask(house, "u1"))
    house.retract()
    types = []
    while message := webhooks.next_message(house.site, "all"):
        types.append(message.type)
        webhooks.settle_message(house.site, message, YES)
    assert types == ["policy.retracted", CHECK, CHECK]


def test_the_device_is_forgotten_once_it_was_told(asked: House) -> None:
    """The body that names it goes with the answer; a day later nothing is left of it but the entry."""
    good(ask(asked))
    (waiting,) = kept(asked)
    assert "phone-u0" in str(waiting)
    told(asked, "manager")
    (delivered,) = kept(asked)
    assert "phone-u0" not in str(delivered)
    asked.clock(asked.now() + DAY)
    retention.keep_retention(asked.site)
    assert kept(asked) == []
    assert "CheckAsked" in asked.ledger()


def test_what_waits_goes_with_the_person(asked: House) -> None:
    """Who is shown what is held on them finds it; who is erased takes it along."""
    good(ask(asked))
    good(ask(asked, "u1"))
    record = good(person_record.export(asked.site, OPERATOR, "u0@corp.example", "They asked."))
    (row,) = record["tables"]["webhook_messages"]
    assert "phone-u0" in row["body"]
    assert "phone-u1" not in str(record)
    asked.retract()
    asked.deliver()
    with asked.site.store.writing() as conn:
        person = people.find(conn, "u0@corp.example")
        assert person is not None
        people.retire(conn, [person.ref], asked.now())
    good(erase.erase(asked.site, OPERATOR, "u0@corp.example", "their time is over", wait=lambda _: None))
    (left,) = kept(asked)
    assert "phone-u1" in str(left)
    asked.sound()


def test_one_of_everything_is_told_of_nobody(build: Build) -> None:
    """A chat that was set up to hear of every policy does not begin to hear of phones."""
    house = build()
    hook(house, {"chat": (), "both": ("policy.ended", CHECK)})
    everything, named = house.site.settings.webhooks["chat"], house.site.settings.webhooks["both"]
    assert everything.takes("policy.ended")
    assert not everything.takes("device.check_asked")
    assert named.takes("device.check_asked")
    assert not named.takes("policy.announced")


def test_a_device_s_name_is_a_value_in_the_message(build: Build) -> None:
    """I-36: whatever a device is called, the message has the same fields."""
    house = build(web__url=URL)
    hook(house, MANAGER)
    house.people("u0")
    name = 'x","platform":"none"},"type":"policy.retracted'
    house.phone("u0", [TIKTOK], id=name, eas_device_id="EAS0")
    house.announce()
    good(ask(house, device=name))
    (message,) = told(house, "manager")
    body = json.loads(message.body)
    assert (body["type"], body["data"]["device"], body["data"]["platform"]) == (CHECK, name, "ios")
