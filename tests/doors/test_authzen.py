"""AuthZEN at the door: the protocol as specified, the answers as the check gives them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gatepost.core.instant import DAY
from gatepost.doors import authzen, evaluation
from gatepost.doors.authzen import door_authzen
from gatepost.doors.check import Check
from gatepost.doors.copy import Copy
from tests.doors.authzen_door import ALICE, CERTIFICATE, URL, ask, by_device, copy_of_fleet, judge_of, send, several
from tests.doors.site import SITE, basic, plain

__all__ = ["copy_of_fleet"]


# --- what is answered


@pytest.mark.parametrize("mode", ["enforce", "observe", "open"])
def test_it_answers_as_the_check_does(copy: Copy, mode: str) -> None:
    """I-1: for every device and login, in every stance, the decision is whether the check lets the request through,
    with the same reason, and the same word for what would be answered."""
    judge = judge_of(copy, "observe" if mode == "observe" else "enforce")
    judge.opened = mode == "open"
    app, check = door_authzen(judge, URL), Check(judge)
    seen = set()
    for eas_id in ("CLEAN1", "clean1", "TIKTOK1", "WARNED1", "LATER1", "SHARED1", "NOBODYS"):
        for user in (ALICE, ALICE.upper(), "CORP\\alice@example.com", "mallory"):
            start = check.answer(
                [(b"x-original-uri", plain(eas_id)), (b"x-original-method", b"POST"), (b"authorization", basic(user))]
            )
            told = {name.decode().removeprefix("x-gatepost-"): value.decode() for name, value in start["headers"]}
            answer = ask(app, by_device(eas_id, user))
            context = answer["context"]
            assert answer["decision"] is (start["status"] == 204), (eas_id, user)
            assert (context["verdict"], context["reason_code"]) == (told["verdict"], told["reason"])
            assert context.get("would") == told.get("would")
            assert context["position"] == 10
            seen.add(context["reason_code"])
    assert seen == {"clear", "warned", "blocked", "foreign", "unknown"}


def test_a_user_may_be_the_subject(copy: Copy) -> None:
    """A subject of type user names its device in its properties or in the context; with none it is unidentified."""
    app = door_authzen(judge_of(copy), URL)
    asked = {
        "subject": {"type": "user", "id": ALICE},
        "action": {"name": "open"},
        "resource": {"type": "mailbox", "id": ALICE},
    }
    assert ask(app, asked)["context"]["reason_code"] == "unidentified"
    assert ask(app, asked | {"context": {"device": "CLEAN1"}})["decision"] is True
    named = {"type": "user", "id": ALICE, "properties": {"device": "TIKTOK1"}}
    assert ask(app, asked | {"subject": named, "context": {"device": "CLEAN1"}})["decision"] is False


def test_without_a_user_the_mailbox_names_one(copy: Copy) -> None:
    """A device that opens a mailbox does it as the mailbox's login, unless its own user is told."""
    app = door_authzen(judge_of(copy), URL)
    asked = by_device("CLEAN1")
    asked["subject"].pop("properties")
    assert ask(app, asked)["context"]["reason_code"] == "clear"
    assert ask(app, asked | {"resource": {"type": "mailbox", "id": "mallory"}})["context"]["reason_code"] == "foreign"
    other = by_device("CLEAN1") | {"resource": {"type": "mailbox", "id": "team@example.com"}}
    assert ask(app, other)["context"]["reason_code"] == "clear"


def test_a_certificate_goes_before_a_claimed_id(copy: Copy) -> None:
    """A device is known by its certificate, however the fingerprint is written."""
    app = door_authzen(judge_of(copy), URL)
    for written in (CERTIFICATE, CERTIFICATE.upper(), ":".join(["AB"] * 32)):
        assert ask(app, by_device("TIKTOK2", certificate=written))["context"]["reason_code"] == "blocked"
    assert send(app, authzen.EVALUATION, by_device("TIKTOK2", certificate="ab" * 31))[0] == 400
    assert ask(app, by_device("CLEAN1", certificate=CERTIFICATE))["context"]["reason_code"] == "mismatch"
    assert ask(app, by_device("CLEAN1", certificate="cd" * 32))["context"]["reason_code"] == "unknown"


def test_who_is_about_to_open_mail_is_a_sighting(copy: Copy) -> None:
    """An evaluation asked alone is seen like a check; several at once are not, nor what cannot be read."""
    seen: list[tuple[str, ...]] = []
    app = door_authzen(judge_of(copy), URL, lambda *told: seen.append(told))
    ask(app, by_device("CLEAN1"))
    ask(app, by_device("TIKTOK2", certificate=CERTIFICATE))
    ask(app, by_device("x") | {"subject": {"type": "user", "id": "mallory"}})
    several(app, by_device("CLEAN1"))
    send(app, authzen.EVALUATION, b"{")
    ask(app, by_device("CLEAN1") | {"action": {"name": "delete"}})
    assert seen == [
        (ALICE, "activesync", "CLEAN1", "clear"),
        (ALICE, "certificate", CERTIFICATE, "blocked"),
        ("mallory", "", "", "unidentified"),
    ]


def test_what_cannot_be_decided_is_denied(tmp_path: Path) -> None:
    """A door without a copy decides false, says that it could not decide, and when to ask again; never a 5xx."""
    empty = Copy(tmp_path / "empty", SITE, DAY)
    app = door_authzen(judge_of(empty), URL)
    for asked in (by_device("CLEAN1"), by_device("CLEAN1") | {"subject": {"type": "user", "id": ALICE}}):
        context = {"reason_code": "no-copy", "verdict": "undecided", "retry_after": 180}
        assert ask(app, asked) == {"decision": False, "context": context}
    empty.close()


def test_what_goes_wrong_is_answered_as_declared(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-29: an error while deciding is answered as the site declared for a door that cannot decide."""
    judge = judge_of(copy)

    def fail(*_args: object) -> str:
        raise RuntimeError("broken")

    monkeypatch.setattr(judge, "recognise", fail)
    answer = ask(door_authzen(judge, URL), by_device("CLEAN1"))
    assert answer["decision"] is False
    assert (answer["context"]["reason_code"], answer["context"]["verdict"]) == ("error", "undecided")


def test_no_answer_says_which_app(copy: Copy) -> None:
    """I-37: whatever is asked, the door names neither an app nor a policy."""
    app = door_authzen(judge_of(copy), URL)
    for eas_id in ("CLEAN1", "TIKTOK1", "WARNED1", "LATER1", "NOBODYS"):
        text = json.dumps(ask(app, by_device(eas_id))["context"])
        assert "tiktok" not in text
        assert "policy" not in text


def test_something_else_is_not_decided_here(copy: Copy) -> None:
    """Another action, resource or subject type is denied, and its answer says what is decided here."""
    app = door_authzen(judge_of(copy), URL)
    good = by_device("CLEAN1")
    others: list[dict[str, Any]] = [
        {"action": {"name": "delete"}},
        {"resource": {"type": "calendar", "id": "x"}},
        {"subject": {"type": "spaceship", "id": "x"}},
    ]
    for other in others:
        answer = ask(app, good | other)
        assert (answer["decision"], answer["context"]["error"]["status"]) == (False, 404)


# --- the protocol


BAD: list[tuple[str, Any]] = [
    ("subject is missing", {"action": {"name": "open"}, "resource": {"type": "mailbox", "id": "a"}}),
    ("action is missing", {"subject": {"type": "device", "id": "a"}, "resource": {"type": "mailbox", "id": "a"}}),
    ("resource is missing", {"subject": {"type": "device", "id": "a"}, "action": {"name": "open"}}),
    ("subject.type is missing", by_device("a") | {"subject": {"id": "a"}}),
    ("subject.id is missing", by_device("a") | {"subject": {"type": "device"}}),
    ("action.name is missing", by_device("a") | {"action": {}}),
    ("resource.type is missing", by_device("a") | {"resource": {"id": "a"}}),
    ("resource.id is missing", by_device("a") | {"resource": {"type": "mailbox"}}),
    ("subject is not", by_device("a") | {"subject": "alice"}),
    ("action.name is not", by_device("a") | {"action": {"name": 123}}),
    ("subject.id is not", by_device("")),
    ("subject.properties is not", by_device("a") | {"subject": {"type": "device", "id": "a", "properties": []}}),
    ("context is not", by_device("a") | {"context": []}),
    ("half a character", by_device("\ud800")),
    ("not a JSON object", []),
    ("not JSON", b""),
    ("not JSON", b"{"),
    ("not JSON", b"\xff"),
    ("not JSON", b'{"a": NaN}'),
    ("twice", b'{"subject": 1, "subject": 2}'),
    ("nested too deep", b"[" * 60_000),
]


@pytest.mark.parametrize("path", [authzen.EVALUATION, authzen.EVALUATIONS])
@pytest.mark.parametrize(("text", "body"), BAD)
def test_bad_requests_are_named(copy: Copy, path: str, text: str, body: Any) -> None:
    """What cannot be read is answered 400 with a sentence that says what is wrong (10.1.7)."""
    status, headers, answer = send(door_authzen(judge_of(copy), URL), path, body)
    assert (status, headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert text in answer.decode()


def test_what_is_not_known_is_ignored(copy: Copy) -> None:
    """Fields, properties, options and a context that are not known change nothing."""
    asked = by_device("CLEAN1", department="Sales") | {"context": {"time": "now"}, "future": {"nested": True}}
    assert ask(door_authzen(judge_of(copy), URL), asked)["decision"] is True
    asked |= {"options": {"another": 1}, "evaluations": [{}]}
    assert ask(door_authzen(judge_of(copy), URL), asked, authzen.EVALUATIONS)["evaluations"][0]["decision"] is True


def test_http_around_it(copy: Copy) -> None:
    """Only JSON, only by POST, only at the paths that exist, only so long; in as many parts as it comes."""
    app, good = door_authzen(judge_of(copy), URL), by_device("CLEAN1")
    assert send(app, authzen.EVALUATION, good, parts=7)[0] == 200
    assert send(app, authzen.EVALUATION, good, {"content-type": "Application/JSON; charset=utf-8"})[0] == 200
    assert send(app, authzen.EVALUATION, good, {"content-type": "text/plain"})[0] == 400
    assert send(app, authzen.EVALUATION, good, method="GET")[:2][0] == 405
    assert send(app, authzen.SEARCH + "subject", good)[0] == 404
    fits = json.dumps(good).encode().ljust(evaluation.MOST_BYTES)
    assert send(app, authzen.EVALUATION, fits, parts=3)[0] == 200
    assert send(app, authzen.EVALUATION, fits + b" ", parts=3)[0] == 413


def test_a_body_that_does_not_come_is_not_waited_for(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends half a request holds nothing for long; whoever goes away gets no answer."""
    monkeypatch.setattr(authzen, "BODY_WITHIN", 0.01)
    app = door_authzen(judge_of(copy), URL)
    events: list[Any] = []
    scope = {"type": "http", "method": "POST", "path": authzen.EVALUATION, "headers": []}

    async def never() -> Any:
        await asyncio.Event().wait()

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def take(event: Any) -> None:
        events.append(event)

    asyncio.run(app(scope, gone, take))
    assert events == []
    asyncio.run(app(scope, never, take))
    assert events[0]["status"] == 408


def test_a_request_keeps_its_identifier(copy: Copy) -> None:
    """10.1.8: X-Request-ID comes back with an answer, and with an error."""
    app, sent = door_authzen(judge_of(copy), URL), {"x-request-id": "bfe9eb29-ab87"}
    for body in (by_device("CLEAN1"), b"{"):
        assert send(app, authzen.EVALUATION, body, sent)[1]["x-request-id"] == "bfe9eb29-ab87"
    assert "x-request-id" not in send(app, authzen.EVALUATION, b"{")[1]


def test_the_metadata_lists_what_there_is(copy: Copy) -> None:
    """9: the metadata names the door and its two endpoints, and no search, because a door has none."""
    status, headers, body = send(door_authzen(judge_of(copy), URL), authzen.WELL_KNOWN, b"", method="GET")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {
        "policy_decision_point": URL,
        "access_evaluation_endpoint": URL + "/access/v1/evaluation",
        "access_evaluations_endpoint": URL + "/access/v1/evaluations",
    }
    assert send(door_authzen(judge_of(copy), URL), authzen.WELL_KNOWN, b"", method="HEAD")[2] == b""
    assert send(door_authzen(judge_of(copy), URL), authzen.WELL_KNOWN, b"")[0] == 405
