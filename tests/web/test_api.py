"""The verbs and the looks over HTTP: who may, what is answered, what is refused and how."""

import contextlib
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions import access, backup, device_passwords, tokens
from gatepost.actions.ledger import show
from gatepost.cli.main import run
from gatepost.core.refusal import Code
from gatepost.core.token import Scope
from gatepost.signatures import ssh
from gatepost.web.api.problem import OURS, status_of
from gatepost.web.api.serve import MOST_BYTES, OPERATIONS
from tests.verbs.conftest import Build
from tests.verbs.houses import ADMIN, AUTHOR, OPERATOR, POLICY, SECURITY, House, good, memo, nothing_written, reopen
from tests.web.asking import TOKEN, URL, send
from tests.web.calling import API, Called, api, call, token

OF = f"/policies/{POLICY}"


@pytest.fixture
def open_house(build: Build) -> House:
    """A site whose API is on, with two people whose phones carry the app."""
    house = build(web__api=True, rails__large_impact_percent=0)
    house.owners(2)
    return house


def document(**changes: Any) -> dict[str, str]:
    return {"document": memo(**changes).decode()}


def ok(called: Called) -> Any:
    assert called.status == 200, called.data
    assert called.headers["content-type"] == "application/json"
    return called.data


def problem(called: Called, status: int, code: str) -> Any:
    """The problem details (RFC 9457), which must be these."""
    assert (called.status, called.data["status"], called.data["code"]) == (status, status, code), called.data
    assert called.headers["content-type"] == "application/problem+json"
    assert called.data["type"].endswith(f"{API}/problems/{code}")
    assert len(called.data["detail"]) > 10
    return called.data


def cli(house: House, *words: str) -> Any:
    """What the command line prints with --json."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(["--site", str(house.site.directory), "--json", *words]) == 0
    return json.loads(out.getvalue())


# --- who may


def test_it_is_there_only_where_the_settings_say_so(house: House) -> None:
    """Without `web.api` there is no such address."""
    status, _, _ = send(api(house), f"{API}/policies", b"", "GET", authorization=f"Bearer {token(house, AUTHOR)}")
    assert status == 404


def test_only_a_person_s_token_opens_it(open_house: House) -> None:
    """No token, one that is none, one that was revoked, and the site's own are 401, as RFC 6750 has it."""
    app, mine = api(open_house), token(open_house, AUTHOR)
    ok(call(app, mine, "/policies"))
    none = call(app, "", "/policies")
    problem(none, 401, "token_missing")
    assert none.headers["www-authenticate"] == 'Bearer realm="gatepost"'
    good(tokens.revoke_token(open_house.site, AUTHOR, mine.split("_")[1]))
    for shown in (mine, TOKEN, "x", f"{mine}x"):
        with nothing_written(open_house):
            said = call(app, shown, "/propose", document())
        problem(said, 401, "token_invalid")
        assert said.headers["www-authenticate"] == 'Bearer realm="gatepost", error="invalid_token"'
    problem(call(app, "", "/policies", authorization=f"Basic {mine}"), 401, "token_missing")


def test_a_token_does_what_it_was_made_for(open_house: House) -> None:
    """Another scope's operations are 403, and the answer names the scope; every operation asks for one."""
    app, looking = api(open_house), token(open_house, ADMIN, Scope.LOOK)
    for operation in OPERATIONS:
        path = operation.path.replace("{policy}", POLICY).replace("{waiver}", "w")
        called = call(app, looking, path, None if operation.method == "GET" else {})
        if operation.scope is Scope.LOOK:
            assert called.status != 403
            continue
        problem(called, 403, "scope_missing")
        assert f'scope="{operation.scope}"' in called.headers["www-authenticate"]
    assert {operation.scope for operation in OPERATIONS} == set(Scope)


def test_the_roles_of_the_person_still_decide(open_house: House) -> None:
    """A token for everything lets an operator propose nothing, and nobody approve what is theirs."""
    app = api(open_house)
    problem(call(app, token(open_house, OPERATOR), "/propose", document()), 403, "role_missing")
    done = ok(call(app, token(open_house, AUTHOR), "/propose", document()))
    yes = {"role": "security", "hash": done["hash"]}
    problem(call(app, token(open_house, OPERATOR), f"{OF}/approve", yes), 403, "role_missing")
    good(access.grant_role(open_house.site, None, AUTHOR, "approver:security"))
    problem(call(app, token(open_house, AUTHOR), f"{OF}/approve", yes), 403, "author_approves")


def test_a_cookie_is_nobody(open_house: House) -> None:
    """Nothing that a browser sends by itself is looked at, and nothing is set in one."""
    app, mine = api(open_house), token(open_house, AUTHOR)
    problem(call(app, "", "/policies", cookie=f"token={mine}; session={mine}"), 401, "token_missing")
    problem(call(app, "", "/policies", query=f"access_token={mine}"), 401, "token_missing")
    assert "set-cookie" not in call(app, mine, "/policies").headers


def test_a_restored_site_answers_nobody(open_house: House, tmp_path: Path) -> None:
    """Until its newest checkpoint was shown: looks and verbs alike are 503, a retraction too."""
    open_house.announce()
    shown = token(open_house, ADMIN)
    good(backup.backup(open_house.site, None, tmp_path / "backup"))
    assert backup.restore(tmp_path / "backup", tmp_path / "restored") is None
    restored = reopen(tmp_path / "restored")
    with nothing_written(restored):
        problem(call(api(restored), shown, "/policies"), 503, "site_not_acknowledged")
        problem(call(api(restored), shown, f"{OF}/retract", {"reason": "x"}), 503, "site_not_acknowledged")
    restored.close()


# --- what is done and answered


def test_a_policy_s_whole_life(open_house: House) -> None:
    """Preview, propose, approve, announce, pause, resume, retract: each as its person's doing in the ledger."""
    app = api(open_house)
    author, security, operator = (token(open_house, person) for person in (AUTHOR, SECURITY, OPERATOR))
    assert ok(call(app, author, "/preview", document()))["policy"] == POLICY
    proposed = ok(call(app, author, "/propose", document()))
    assert proposed["approvals"] == {"security": 1}
    yes = ok(call(app, security, f"{OF}/approve", {"role": "security", "hash": proposed["hash"]}))
    assert (yes["stage"], yes["missing"]) == ("approved", {})
    open_house.deliver()
    assert ok(call(app, author, f"{OF}/announce", {}))["people"] == 2
    assert ok(call(app, operator, f"{OF}/pause", {"reason": "wait"}))["policy"] == POLICY
    assert ok(call(app, operator, f"{OF}/resume", {}))["told"] is False
    open_house.deliver()
    done = ok(call(app, operator, f"{OF}/retract", {"reason": "a mistake", "because": "error"}))
    assert done["corrections"] == 2
    said = good(show(open_house.site, None, 0, (), 1000))
    assert [(row["event"], row["by"]) for row in said if str(row["event"]).startswith("Policy")] == [
        ("PolicyProposed", AUTHOR),
        ("PolicyApproved", SECURITY),
        ("PolicyAnnounced", AUTHOR),
        ("PolicyPaused", OPERATOR),
        ("PolicyResumed", OPERATOR),
        ("PolicyRetracted", OPERATOR),
    ]
    open_house.sound()


def test_second_thoughts_have_their_verbs(open_house: House) -> None:
    """Decline, withdraw, relax and end."""
    app, author, security = api(open_house), token(open_house, AUTHOR), token(open_house, SECURITY)
    ok(call(app, author, "/propose", document()))
    assert ok(call(app, security, f"{OF}/decline", {"role": "security", "reason": "no"}))["declined"] is True
    assert ok(call(app, author, f"{OF}/withdraw", {}))["stage"] == "draft"
    open_house.announce()
    relaxed = ok(call(app, author, "/relax", document(deadline="2020-07-14")))
    assert relaxed["relaxes"] == 2
    ok(call(app, security, f"{OF}/approve", {"role": "security", "hash": relaxed["hash"]}))
    ended = ok(call(app, token(open_house, OPERATOR), f"{OF}/end", {"reason": "over"}))
    assert ended["revision"] == 3


def test_a_yes_is_to_the_hash_that_was_looked_at(open_house: House) -> None:
    """I-13: a yes to another hash than the proposal's is none, in an exercise too."""
    open_house.propose()
    app, security = api(open_house), token(open_house, SECURITY)
    with nothing_written(open_house):
        said = call(app, security, f"{OF}/approve", {"role": "security", "hash": "0" * 64})
    problem(said, 409, "out_of_date")


def test_on_a_live_site_a_yes_carries_a_signature(build: Build) -> None:
    """I-12: a token is no signature: without one, or with that of another hash, it is refused."""
    house = build(exercise=False, web__api=True, web__url=URL, rails__large_impact_percent=0)
    house.owners(1)
    key = Path(house.key(SECURITY))
    house.look_for("tiktok")
    proposed = house.propose(deadline="2099-07-10")
    app, security = api(house), token(house, SECURITY)
    yes = {"role": "security", "hash": proposed.hash}
    problem(call(app, security, f"{OF}/approve", yes), 403, "signature_missing")
    wrong = ssh.sign(key, b"0" * 64)
    problem(call(app, security, f"{OF}/approve", yes | {"signature": wrong}), 403, "signature_invalid")
    right = ssh.sign(key, proposed.hash.encode())
    assert ok(call(app, security, f"{OF}/approve", yes | {"signature": right}))["missing"] == {}
    house.sound()


def test_single_people_and_apps_have_their_verbs(open_house: House) -> None:
    """Waivers, tellings, reports and evidence, each with the answer of the command line."""
    open_house.announce()
    app, operator = api(open_house), token(open_house, OPERATOR)
    grant = {"policy": POLICY, "person": "u0@corp.example", "until": "2020-07-20", "reason": "work"}
    granted = ok(call(app, operator, "/waivers", grant))
    assert (granted["of"], granted["until"]) == ("person", "2020-07-21T00:00:00Z")
    said = problem(call(app, operator, "/waivers", grant | {"device": "phone-u0"}), 422, "invalid")
    assert said["problems"][0]["field"] == "person"
    ok(call(app, operator, f"/waivers/{granted['waiver']}/revoke", {"reason": "over"}))
    ok(call(app, operator, f"{OF}/told", {"person": "u1@corp.example", "how": "by telephone"}))
    row = open_house.phone_row("u0", [])
    assert ok(call(app, operator, "/devices/report", {"report": row}))["device"] == "phone-u0"
    claim = {"app": "tiktok", "who": "A paper", "stance": "alleges", "claim": "c", "date": "2020-07-06", "source": "s"}
    assert len(ok(call(app, operator, "/evidence", claim))["added"]) == 1
    said = problem(call(app, operator, "/evidence", claim | {"stance": "hopes", "date": "today"}), 422, "invalid")
    assert {one["field"] for one in said["problems"]} == {"stance", "date"}
    problem(call(app, operator, "/devices/report", {"report": row | {"form": "lamp"}}), 422, "invalid")
    open_house.sound()


def test_looks_answer_as_the_command_line_does(open_house: House) -> None:
    """The same data as `--json`: made in one place."""
    open_house.announce()
    open_house.deliver()
    app, admin = api(open_house), token(open_house, ADMIN)
    looks = {
        "/policies": ["policy", "list"],
        OF: ["policy", "show", POLICY],
        f"{OF}/notices": ["notices", "show", POLICY],
        "/doors": ["door", "list"],
        "/evidence": ["evidence", "list"],
        "/waivers": ["waiver", "list"],
        "/waivers/report": ["waiver", "report"],
        "/ledger": ["ledger", "show"],
    }
    for path, words in looks.items():
        assert ok(call(app, admin, path)) == cli(open_house, *words), path
    asked = {"query": "app=tiktok&as_of=2020-07-07"}
    words = ["policy", "statement", "--app", "tiktok", "--as-of", "2020-07-07"]
    assert ok(call(app, admin, "/statement", **asked)) == cli(open_house, *words)
    assert ok(call(app, admin, "/statement/history", **asked)) == cli(open_house, *words, "--history")
    some = ok(call(app, admin, "/ledger", query="from=3&limit=2&event=RoleGranted&event=PolicyProposed"))
    assert len(some) == 2
    assert some == cli(
        open_house, "ledger", "show", "--from", "3", "--limit", "2", "--event=RoleGranted", "--event=PolicyProposed"
    )


def test_a_preview_answers_as_the_command_line_does(open_house: House, tmp_path: Path) -> None:
    """Hidden counts included: made in one place."""
    file = tmp_path / "memo.yaml"
    file.write_bytes(memo())
    found = ok(call(api(open_house), token(open_house, AUTHOR), "/preview", document()))
    assert found == cli(open_house, "policy", "preview", str(file), "--as", AUTHOR)
    assert found["people"]["hit"] is None, "fewer than five"


def test_a_look_at_names_is_recorded(open_house: House) -> None:
    """I-34: with a purpose people are named, and the ledger has the look; without one they are not."""
    open_house.announce()
    app, author = api(open_house), token(open_house, AUTHOR)
    assert "u0@corp.example" not in json.dumps(ok(call(app, author, f"{OF}/notices")))
    assert "NamesLooked" not in open_house.ledger()
    named = ok(call(app, author, f"{OF}/notices/named", query="purpose=the+help+desk+asks"))
    assert {row["person"] for row in named if row["kind"] == "announcement"} == {"u0@corp.example", "u1@corp.example"}
    assert open_house.ledger()[-1] == "NamesLooked"


# --- what is refused, and how


def test_every_refusal_has_a_status(open_house: House) -> None:
    """What is refused is never a success nor our fault; each code's type can be looked up."""
    app = api(open_house)
    for code in Code:
        assert status_of(code) in (401, 403, 404, 409, 422, 429, 503)
        assert call(app, "", f"/problems/{code.value}").data["code"] == code.value
    for ours in OURS:
        assert len(call(app, "", f"/problems/{ours}").data["about"]) > 10
    problem(call(app, "", "/problems/nothing"), 404, "not_found")


def test_refusals_keep_their_codes(open_house: House) -> None:
    """As on the command line, with the status that fits: not there, not so now, not like this."""
    app, author = api(open_house), token(open_house, AUTHOR)
    problem(call(app, author, "/policies/none"), 404, "no_such_policy")
    problem(call(app, author, "/policies/none/announce", {}), 404, "no_such_policy")
    open_house.propose()
    problem(call(app, author, f"{OF}/announce", {}), 409, "quorum_missing")
    problem(call(app, author, "/propose", document()), 409, "revision_open")


def test_a_bad_document_is_told_with_every_place(open_house: House) -> None:
    """The problems are those of `policy check`: file, line, column, field, sentence."""
    app, author = api(open_house), token(open_house, AUTHOR)
    with nothing_written(open_house):
        said = call(app, author, "/propose", {"document": "policy: x\nunsen: allow\n"})
    found = problem(said, 422, "invalid")["problems"]
    assert any(one["line"] == 2 and 'did you mean "unseen"?' in one["text"] for one in found)


def test_what_is_sent_is_read_strictly(open_house: House) -> None:
    """Unknown fields, wrong types, fields in two places, no JSON, JSON in two readings: each is said, none is done."""
    app, author = api(open_house), token(open_house, AUTHOR)
    with nothing_written(open_house):
        for body, field in (
            ({"document": "x", "dry": True}, "dry"),
            ({"document": 7}, "document"),
            ({}, "document"),
            ({"document": "x" * 200_001}, "document"),
        ):
            assert problem(call(app, author, "/propose", body), 422, "invalid")["problems"][0]["field"] == field
        twice = call(app, author, f"{OF}/announce", {"policy": POLICY})
        assert problem(twice, 422, "invalid")["problems"][0]["field"] == "policy"
        problem(call(app, author, f"{OF}/withdraw", {"reason": "\x00"}), 422, "invalid")
        for wrong in (b"{", b"[]", b'{"reason": "a", "reason": "b"}', b'{"reason": NaN}', b"\xff", b"[" * 5000):
            problem(call(app, author, f"{OF}/withdraw", wrong), 400, "malformed")
        problem(call(app, author, f"{OF}/announce", {}, query="policy=x"), 400, "malformed")
        for query, field in (("limit=0", "limit"), ("limit=1e1", "limit"), ("from=-1", "from"), ("x=1", "x")):
            assert problem(call(app, author, "/ledger", query=query), 422, "invalid")["problems"][0]["field"] == field
        problem(call(app, author, "/ledger", query="limit=1&limit=2"), 422, "invalid")
        problem(call(app, author, "/ledger", query="from=%ff"), 400, "malformed")
        wrong_day = call(app, author, "/statement", query="app=tiktok&as_of=2020-13-01")
        assert problem(wrong_day, 422, "invalid")["problems"][0]["field"] == "as_of"


def test_machinery_is_told_by_its_status(open_house: House) -> None:
    """404, 405 with Allow, 413, 415: problem details too, and nothing is done."""
    app, author = api(open_house), token(open_house, AUTHOR)
    problem(call(app, author, "/nothing"), 404, "not_found")
    problem(call(app, author, "/"), 404, "not_found")
    problem(call(app, author, "/policies/a\nb"), 422, "invalid")
    wrong = call(app, author, "/policies", {})
    problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD"
    status, headers, body = send(app, f"{API}/propose", b"", "DELETE", authorization=f"Bearer {author}")
    assert (status, headers["allow"], json.loads(body)["code"]) == (405, "POST", "method_not_allowed")
    large = b'{"document": "' + b"x" * MOST_BYTES + b'"}'
    problem(call(app, author, "/propose", large), 413, "too_large")
    for kind in ("application/x-www-form-urlencoded", "text/plain", "", "application/json, text/plain"):
        sent = call(app, author, "/propose", document(), content_type=kind)
        problem(sent, 415, "unsupported_media_type")
    status, headers, body = send(app, f"{API}/policies", b"", "HEAD", authorization=f"Bearer {author}")
    assert (status, body) == (200, b"")


def test_what_breaks_is_told_without_what_it_was(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is 500 and a database that is away 503; neither says what stands in the log."""
    app, author = api(open_house), token(open_house, AUTHOR)
    with monkeypatch.context() as patched:
        patched.setattr("gatepost.actions.views.show_policy", lambda *_: 1 / 0)
        said = call(app, author, OF)
    assert "division" not in json.dumps(problem(said, 500, "failed"))
    open_house.close()
    path = open_house.site.store.path
    path.rename(path.with_suffix(".away"))
    problem(call(app, author, "/policies"), 503, "unavailable")
    path.with_suffix(".away").rename(path)


def test_a_retraction_waits_behind_no_other_request(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """I-18: however many requests are being worked on, what stops a policy has a place of its own."""
    open_house.announce()
    app, author, operator = api(open_house), token(open_house, AUTHOR), token(open_house, OPERATOR)
    go_on, began = threading.Event(), threading.Semaphore(0)

    def slow(*_: object) -> Any:
        began.release()
        go_on.wait(30)
        return ()

    monkeypatch.setattr("gatepost.web.api.policies.preview_policy", slow)
    others = [threading.Thread(target=call, args=(app, author, "/preview", document())) for _ in range(12)]
    for other in others:
        other.start()
    try:
        for _ in range(8):
            assert began.acquire(timeout=30)
        done = call(app, operator, f"{OF}/retract", {"reason": "a mistake"})
    finally:
        go_on.set()
        for other in others:
            other.join()
    assert ok(done)["revision"] == 1


def test_nothing_that_is_shown_is_a_secret(open_house: House) -> None:
    """No look holds a token, a password or what recognises one."""
    shown, app = token(open_house, ADMIN), api(open_house)
    password = good(device_passwords.issue(open_house.site, OPERATOR, "phone-u0", reason="new"))
    for path in ("/policies", "/ledger", "/doors", "/waivers"):
        said = json.dumps(ok(call(app, shown, path)))
        assert shown.rpartition("_")[2] not in said
        assert password.password not in said
