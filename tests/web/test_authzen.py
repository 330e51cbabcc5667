"""The site's API: who may ask, what is answered, what is found, and what the ledger says of it afterwards."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions import backup
from gatepost.actions.change import changing
from gatepost.actions.ledger import show
from gatepost.actions.standing import refresh
from gatepost.documents.deadline import instant_text
from gatepost.storage import identities
from gatepost.storage.identities import Identity
from tests.verbs.houses import TIKTOK, Builder, House, good, nothing_written, reopen
from tests.web.asking import EVALUATION, EVALUATIONS, SEARCH, TOKEN, URL, WELL_KNOWN, application, ask, opens, send

U0, U1 = "u0@corp.example", "u1@corp.example"
CERTIFICATE = "cd" * 32
PURPOSE = "the VPN asks who may come in"


@pytest.fixture(scope="module")
def settled(builder: Builder) -> Path:
    """u0 has a blocked phone and a clean one, u1 a clean one; the policy is in force."""
    house = builder.build(web__token_purpose=PURPOSE)
    house.people("u0", "u1")
    house.phone("u0", [TIKTOK])
    house.phone("u0", id="clean-u0")
    house.phone("u1")
    house.announce()
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    house.close()
    (house.site.directory / "reserve").unlink()
    return house.site.directory


@pytest.fixture
def blocked(settled: Path, tmp_path: Path) -> Iterator[House]:
    """The same, for one test alone."""
    house = reopen(Path(shutil.copytree(settled, tmp_path / "site")))
    yield house
    house.close()


# --- who may ask


def test_only_the_token_may_ask(blocked: House) -> None:
    """Without the token, or with another or two, everything but health is 401; without a token in the settings too."""
    app, good_one = application(blocked), opens("phone-u1", U1)
    assert send(app, EVALUATION, good_one)[0] == 200
    assert send(app, EVALUATION, good_one, authorization=f"bearer {TOKEN}")[0] == 200
    for shown in ("", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}"):
        for path in (EVALUATION, EVALUATIONS, SEARCH + "subject", WELL_KNOWN, "/access/nowhere"):
            status, headers, body = send(app, path, good_one, authorization=shown, x_request_id="7")
            assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="gatepost"')
            assert headers["x-request-id"] == "7"
            assert TOKEN.encode() not in body
    assert send(application(blocked, ""), EVALUATION, good_one)[0] == 401
    assert send(application(blocked, ""), EVALUATION, good_one, authorization="Bearer ")[0] == 401


def test_health_is_anybodys(blocked: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process says that it is up; and whether it reaches its database."""
    app = application(blocked)
    assert send(app, "/healthz", method="GET", authorization="")[0] == 204
    assert send(app, "/readyz", method="GET", authorization="")[0] == 204
    blocked.close()
    path = blocked.site.store.path
    path.rename(path.with_suffix(".away"))
    assert send(app, "/healthz", method="GET", authorization="")[0] == 204
    assert send(app, "/readyz", method="GET", authorization="")[0] == 503
    assert send(app, EVALUATION, opens("phone-u1", U1))[0] == 500
    path.with_suffix(".away").rename(path)


# --- what is answered


def test_a_decision_says_what_it_rests_on(blocked: House) -> None:
    """I-2, I-37: the answer has the policy with its revision, the age of the evidence, the position; never the app."""
    answer = ask(application(blocked), EVALUATION, opens("phone-u0", U0))
    context = answer["context"]
    assert answer["decision"] is False
    assert (context["reason_code"], context["verdict"], context["valid_until"]) == ("blocked", "block", None)
    (policy,) = context["policies"]
    assert (policy["policy"], policy["revision"], policy["finding"]) == ("no-tiktok", 1, "present")
    assert "app" not in policy
    verdict = blocked.verdict("u0")
    assert verdict.reported_at is not None
    assert context["reported_at"] == instant_text(verdict.reported_at)
    assert context["position"] == verdict.position


def test_a_device_is_known_by_each_of_its_names(blocked: House) -> None:
    """By its ActiveSync id, its id in the inventory, its certificate; and a user may be the subject."""
    ref = next(row[0] for row in blocked.tables()["devices"] if "phone-u0" in row)
    with changing(blocked.site) as change:
        identities.attach(change.conn, Identity("certificate", CERTIFICATE, ref))
        refresh(change, (ref,))
    app = application(blocked)
    for name in ("EASphone-u0", "easPHONE-u0", "phone-u0"):
        assert ask(app, EVALUATION, opens(name, U0))["context"]["reason_code"] == "blocked"
    for user in (U0, U0.upper(), f"CORP\\{U0}".replace("@corp.example", "")):
        expected = "blocked" if "\\" not in user else "foreign"
        assert ask(app, EVALUATION, opens("phone-u0", user))["context"]["reason_code"] == expected
    for name, certificate, reason in (
        ("phone-u0", CERTIFICATE.upper(), "blocked"),
        ("clean-u0", CERTIFICATE, "mismatch"),
        ("clean-u0", "ef" * 32, "unknown"),
        ("nobodys", "ef" * 32, "unknown"),
    ):
        asked = opens(name, U0, certificate=certificate)
        assert ask(app, EVALUATION, asked)["context"]["reason_code"] == reason
    as_user = opens("x", U0) | {"subject": {"type": "user", "id": U0, "properties": {"device": "phone-u0"}}}
    assert ask(app, EVALUATION, as_user)["decision"] is False


def test_several_are_decided_in_one_moment(blocked: House) -> None:
    """All evaluations of a request rest on one position; defaults and semantics are as at the door."""
    around = {"action": {"name": "open"}, "resource": {"type": "mailbox", "id": U0}}
    each = [{"subject": {"type": "device", "id": name}} for name in ("clean-u0", "phone-u0", "clean-u0")]
    answers = ask(application(blocked), EVALUATIONS, around | {"evaluations": each})["evaluations"]
    assert [answer["decision"] for answer in answers] == [True, False, True]
    assert len({answer["context"]["position"] for answer in answers}) == 1
    options = {"options": {"evaluations_semantic": "deny_on_first_deny"}}
    answers = ask(application(blocked), EVALUATIONS, around | {"evaluations": each} | options)["evaluations"]
    assert [answer["decision"] for answer in answers] == [True, False]


def test_a_decision_is_no_look_and_writes_nothing(blocked: House) -> None:
    """Being asked on each sign-in writes nothing."""
    app = application(blocked)
    with nothing_written(blocked):
        ask(app, EVALUATION, opens("phone-u0", U0))
        ask(app, SEARCH + "action", opens("phone-u0", U0))


def test_a_restored_site_blocks_nobody(blocked: House, tmp_path: Path) -> None:
    """I-8: until it was shown the newest checkpoint, a restored site may not know what was retracted; so it denies
    nothing by policy, and shows nobody."""
    good(backup.backup(blocked.site, None, tmp_path / "backup"))
    assert backup.restore(tmp_path / "backup", tmp_path / "restored") is None
    restored = reopen(tmp_path / "restored")
    assert ask(application(restored), EVALUATION, opens("phone-u0", U0))["decision"] is True
    status, _, body = send(application(restored), SEARCH + "subject", searched())
    assert (status, b"acknowledge" in body) == (403, True)
    restored.close()


# --- searches


def searched(mailbox: str = U0, **parts: Any) -> dict[str, Any]:
    """With which devices may this mailbox be opened?"""
    asked: dict[str, Any] = {
        "subject": {"type": "device"},
        "action": {"name": "open"},
        "resource": {"type": "mailbox", "id": mailbox},
    }
    return asked | parts


def found(house: House, name: str, asked: object) -> list[str]:
    answer = ask(application(house), SEARCH + name, asked)
    assert answer["page"] == {"next_token": "", "count": len(answer["results"]), "total": len(answer["results"])}
    return [result.get("id") or result["name"] for result in answer["results"]]


def test_what_is_found_would_be_permitted(blocked: House) -> None:
    """8.1: a search finds exactly what an evaluation would answer by true."""
    assert found(blocked, "subject", searched()) == ["clean-u0"]
    assert found(blocked, "subject", searched(U1)) == ["phone-u1"]
    user = {"type": "user", "properties": {"device": "clean-u0"}}
    assert found(blocked, "subject", searched(subject=user)) == [U0]
    user["properties"] = {"device": "phone-u0"}
    assert found(blocked, "subject", searched(subject=user)) == []
    mailbox = {"type": "mailbox"}
    for device, mailboxes in {"clean-u0": [U0], "phone-u0": [], "nobodys": []}.items():
        assert found(blocked, "resource", searched(subject={"type": "device", "id": device}, resource=mailbox)) == (
            mailboxes
        )
        assert found(blocked, "action", searched(subject={"type": "device", "id": device})) == (
            ["open"] if device != "phone-u0" else []
        )
    by_user = {"type": "user", "id": U1, "properties": {"device": "phone-u1"}}
    assert found(blocked, "resource", searched(subject=by_user, resource=mailbox)) == [U1]


def test_what_is_not_known_is_found_nowhere(blocked: House) -> None:
    """An unknown person, type or action finds nothing, and is no error; nobody was looked at, so nothing is written."""
    with nothing_written(blocked):
        assert found(blocked, "subject", searched("nobody@corp.example")) == []
        assert found(blocked, "subject", searched(subject={"type": "spaceship"})) == []
        assert found(blocked, "subject", searched(action={"name": "delete"})) == []
        assert found(blocked, "subject", searched(resource={"type": "calendar", "id": U0})) == []
        spaceship = {"type": "spaceship", "id": "x"}
        assert found(blocked, "resource", searched(subject=spaceship, resource={"type": "mailbox"})) == []
        assert found(blocked, "action", searched(subject=spaceship)) == []
        device = {"type": "device", "id": "nobodys"}
        assert found(blocked, "resource", searched(subject=device, resource={"type": "mailbox"})) == []


def test_searches_miss_nothing_that_they_need(blocked: House) -> None:
    """What a search must have and lacks is 400; what it does not need is ignored."""
    app = application(blocked)
    for name, missing in (("subject", "action"), ("resource", "subject"), ("action", "resource")):
        asked = searched(subject={"type": "device", "id": "x"})
        assert send(app, SEARCH + name, {part: asked[part] for part in asked if part != missing})[0] == 400
    assert send(app, SEARCH + "subject", searched(resource={"type": "mailbox"}))[0] == 400
    assert send(app, SEARCH + "resource", searched(resource={"type": "mailbox"}))[0] == 400
    assert send(app, SEARCH + "subject", searched(subject={"type": "device", "id": "ignored"}))[0] == 200


def test_pages_part_the_results(blocked: House) -> None:
    """8.2: with a limit the results come in parts, by tokens that are good for this search alone; each part is a
    look."""
    for place in range(5):
        blocked.phone("u1", id=f"more-{place}")
    app, results, token, pages = application(blocked), [], "", 0
    while token or not pages:
        answer = ask(app, SEARCH + "subject", searched(U1, page={"limit": 2} | ({"token": token} if token else {})))
        results += [result["id"] for result in answer["results"]]
        assert (answer["page"]["count"], answer["page"]["total"]) == (len(answer["results"]), 6)
        token, pages = answer["page"]["next_token"], pages + 1
        if token:
            for body in (searched(U0, page={"token": token}), searched(U1, page={"token": token[4:]})):
                assert send(app, SEARCH + "subject", body)[0] == 400
    assert (results, pages) == ([*(f"more-{place}" for place in range(5)), "phone-u1"], 3)
    wrong: list[Any] = [{"limit": -1}, {"limit": "2"}, {"limit": True}, {"token": "?"}, {"token": 7}, []]
    for page in wrong:
        assert send(app, SEARCH + "subject", searched(U1, page=page))[0] == 400


def test_a_search_is_a_look(blocked: House) -> None:
    """I-34: each search that finds a person's devices or mailboxes is an entry, with the token's purpose."""
    before = len(looks(blocked))
    found(blocked, "subject", searched())
    found(blocked, "resource", searched(subject={"type": "device", "id": "clean-u0"}, resource={"type": "mailbox"}))
    new = looks(blocked)[before:]
    assert len(new) == 2
    person = next(row[0] for row in blocked.tables()["people"] if U0 in row)
    assert [look["data"]["people"] for look in new] == [[person], [person]]
    assert any(PURPOSE in row for row in blocked.tables()["texts"])
    blocked.sound()


def looks(house: House) -> list[dict[str, Any]]:
    return good(show(house.site, None, 0, ("NamesLooked",), 1000))


def test_without_a_purpose_nobody_searches(house: House) -> None:
    """Named people are shown for a stated purpose only."""
    house.people("u0")
    house.phone("u0")
    with nothing_written(house):
        status, _, body = send(application(house), SEARCH + "subject", searched())
        assert (status, b"token_purpose" in body) == (403, True)


def test_the_metadata_lists_every_endpoint(blocked: House) -> None:
    """9: a site has all five."""
    status, _, body = send(application(blocked), WELL_KNOWN, method="GET")
    assert status == 200
    assert json.loads(body) == {
        "policy_decision_point": URL,
        "access_evaluation_endpoint": f"{URL}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{URL}/access/v1/evaluations",
        "search_subject_endpoint": f"{URL}/access/v1/search/subject",
        "search_resource_endpoint": f"{URL}/access/v1/search/resource",
        "search_action_endpoint": f"{URL}/access/v1/search/action",
    }
