"""The door, the site's API and the command answer alike (I-1)."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from gatepost.actions.change import changing
from gatepost.actions.decide import decide
from gatepost.actions.standing import refresh
from gatepost.core.instant import DAY, HOUR
from gatepost.doors.authzen import decision as door_decision
from gatepost.doors.copy import Copy
from gatepost.doors.entry import Batch
from gatepost.doors.evaluation import Question
from gatepost.doors.judge import DoorRules, Judge
from gatepost.storage import feed, identities
from gatepost.storage.identities import Identity
from tests.verbs.chronicle import Chronicle
from tests.verbs.conftest import Build
from tests.verbs.houses import House, good
from tests.web.asking import EVALUATIONS, application, ask, opens

WANTED = {"clear", "warned", "blocked", "unknown", "foreign", "unidentified", "mismatch"}


def test_the_door_the_site_and_the_command_agree(build: Build, tmp_path: Path) -> None:
    """I-1: after random days, a door that followed the stream and the site's API give one decision, for one reason, to
    every login with every device; and `decide` gives its verdict wherever it knows the person."""
    seen: Counter[str] = Counter()
    house = build(rails__cap_people_per_hour=2, door__on_unknown="block")
    chronicle = Chronicle(house, Random(5), Counter())
    copy = Copy(tmp_path / "door", "stream", DAY)
    chronicle.begin()
    certify(house)
    deck = chronicle.deck()
    for part in range(3):
        chronicle.announce()
        agree(house, copy, seen)
        for deed in deck[part::12]:
            house.later(chronicle.random.choice((HOUR, 8 * HOUR, 20 * HOUR)))
            deed()
        agree(house, copy, seen)
    house.later(4 * DAY)
    agree(house, copy, seen)
    copy.close()
    assert seen.keys() >= WANTED, seen
    assert all(seen[reason] >= 5 for reason in WANTED), seen


def agree(house: House, copy: Copy, seen: Counter[str]) -> None:
    follow(house, copy)
    door = house.site.settings.door
    judge = Judge(copy, DoorRules(door.on_unknown, door.on_unidentified, mode="enforce"), "mail")
    with house.site.store.reading() as conn:
        position = feed.position(conn)
    known = certificates(house)
    questions = [
        Question(user, device, certificate)
        for user in logins(house)
        for device in devices(house)
        for certificate in ("", *(known if device in known.values() or not device else ()))
    ]
    asked = [question_of(question) for question in questions]
    app = application(house)
    answers: list[Any] = []
    for start in range(0, len(asked), 200):
        answers += ask(app, EVALUATIONS, {"evaluations": asked[start : start + 200]})["evaluations"]
    for question, answer in zip(questions, answers, strict=True):
        at_door: Any = door_decision(judge, question)
        told = answer["context"]
        assert answer["decision"] == at_door["decision"], question
        assert told["reason_code"] == at_door["context"]["reason_code"], question
        assert told["verdict"] == at_door["context"]["verdict"]
        assert told["position"] == at_door["context"]["position"] == position
        seen[told["reason_code"]] += 1
        if question.user.startswith("u") and not question.certificate:
            commanded = good(decide(house.site, None, question.user, question.device or None, None)).verdict
            assert commanded.outcome.word == told["verdict"], question


def question_of(question: Question) -> dict[str, Any]:
    properties = {"device": question.device, "certificate": question.certificate}
    told = {name: value for name, value in properties.items() if value}
    return opens("x", question.user) | {"subject": {"type": "user", "id": question.user, "properties": told}}


def logins(house: House) -> list[str]:
    return [row[0] for row in house.tables()["logins"] if row[0].startswith("u")] + ["mallory"]


def devices(house: House) -> list[str]:
    """ActiveSync ids; one that nobody knows, and none."""
    with house.site.store.reading() as conn:
        found = [row.eas_id for row in conn.exec_driver_sql("SELECT eas_id FROM devices ORDER BY eas_id")]
    return [*filter(None, found), "nobodys", ""]


def certify(house: House) -> None:
    """Two devices get a certificate."""
    with changing(house.site) as change:
        first, second, *_ = sorted(row[0] for row in change.conn.exec_driver_sql("SELECT ref FROM devices"))
        identities.attach(change.conn, Identity("certificate", "a" * 64, first))
        identities.attach(change.conn, Identity("certificate", "b" * 64, second))
        refresh(change, (first, second))


def certificates(house: House) -> dict[str, str]:
    """Fingerprint to the ActiveSync id of the device that has it; and one that nobody knows."""
    with house.site.store.reading() as conn:
        query = "SELECT key, eas_id FROM identities JOIN devices ON ref = device WHERE kind = 'certificate'"
        return {row[0]: row[1] for row in conn.exec_driver_sql(query)} | {"c" * 64: "nobodys"}


def follow(house: House, copy: Copy) -> None:
    """Bring a door's copy up to the site's stream and clock."""
    with house.site.store.reading() as conn:
        position, entries = feed.after(conn, copy.position, 10**9)
    copy.apply(Batch("stream", position, house.now(), house.site.clock.offset, tuple(entries)))
    copy.nothing_new()
