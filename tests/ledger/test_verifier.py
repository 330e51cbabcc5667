"""What the stand-alone verifier finds in a ledger that a dishonest site has written."""

import base64
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost import verifier
from gatepost.core.ledger import events
from gatepost.core.ledger.merkle import leaf_hash, root_of
from gatepost.documents.canonical import canonical
from gatepost.signatures import ssh
from tests.ledger.houses import ADMIN, AUTHOR, LEGAL, ORIGIN, POLICY, SECURITY, House, announced, staffed

OTHER = "p_other"


def test_an_honest_ledger_has_no_problem(tmp_path: Path) -> None:
    """A site that did everything right is found right: size, root, counts and signatures (I-12, I-32)."""
    house = announced(tmp_path)
    house.say("system", events.PolicyInForce(POLICY, 1))
    report = house.verify(house.checkpoint(3), house.checkpoint())
    assert report.problems == []
    assert report.unchecked == []
    assert (report.size, report.approvals_checked, report.approvals_by_as) == (len(house.leaves), 2, 0)
    assert report.checkpoints_checked == 2
    assert report.root_hex == root_of([leaf_hash(leaf) for leaf in house.leaves]).hex()
    assert report.entries_by_event["PolicyApproved"] == 2
    assert sum(report.entries_by_event.values()) == report.size


def test_an_exercise_needs_no_signatures(tmp_path: Path) -> None:
    """In an exercise --as stands for a signature and the clock may be set; the report says how many stood so."""
    house = staffed(tmp_path, exercise=True)
    house.say(ADMIN, events.ClockSet(1000))
    house.propose()
    house.approve_as(SECURITY, "security")
    house.approve(LEGAL, "legal")
    house.announce()
    report = house.verify(house.checkpoint())
    assert report.problems == []
    assert (report.approvals_checked, report.approvals_by_as) == (1, 1)


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    """Without the proposal's bytes, a checkpoint or a means to check SSH signatures, the report says so by name."""
    house = announced(tmp_path)
    report = verifier.verify(house.leaves, lambda _: None, house.site_key.verifier, [], lambda *_: None)
    assert report.problems == []
    assert report.approvals_checked == 0
    assert [text.split(":")[0] for text in report.unchecked] == [
        "no checkpoint that somebody kept elsewhere",
        "entry 7",
        "entry 8",
        "entry 9",
    ]


def test_an_empty_ledger_is_no_sites(tmp_path: Path) -> None:
    """No entries at all: the root is that of the empty tree (RFC 6962), and the site's creation is missing."""
    report = House(tmp_path).verify()
    assert [problem.code for problem in report.problems] == ["no_site"]
    assert report.root_hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


GOOD = {"v": 1, "index": 0, "at": 5, "by": "system", "event": "X", "data": {}}


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"\xff",
        b"[]",
        canonical(GOOD) + b" ",
        canonical(GOOD).replace(b'{"at":5,', b'{"at":5,"at":5,'),
        canonical(GOOD).replace(b'"at":5', b'"at":5.0'),
        canonical(GOOD).replace(b'"at":5', b'"at":-0'),
        canonical(GOOD).replace(b'"at":5', b'"at":9007199254740992'),
        canonical(GOOD).replace(b'"X"', b'"\\u0058"'),
        canonical(GOOD).replace(b'"X"', b'"\\ud800"'),
        canonical(GOOD).replace(b"{}", b'{"a":null}'),
        canonical(GOOD).replace(b"{}", b'{"b":1,"a":1}'),
        canonical(GOOD | {"v": 2}),
        canonical(GOOD | {"v": True}),
        canonical(GOOD | {"by": 1}),
        canonical(GOOD | {"more": 1}),
        canonical({key: value for key, value in GOOD.items() if key != "at"}),
        b"[" * 100_000,
    ],
)
def test_a_leaf_has_one_form(tmp_path: Path, leaf: bytes) -> None:
    """A leaf that is not canonical, or whose envelope is another, is found, and the verifier goes on."""
    house = announced(tmp_path)
    house.leaves.append(leaf)
    assert house.codes() == {"leaf"}


JSON = st.recursive(
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5))
def test_canonical_form_agrees_with_the_library(data: dict[str, object]) -> None:
    """What the product's RFC 8785 library writes, the verifier's own code takes for canonical."""
    leaf = canonical(GOOD | {"data": data})
    report = verifier.verify([leaf], lambda _: None, "", [], lambda *_: None)
    assert [problem.code for problem in report.problems] == ["no_site"]


def of_another_type(house: House) -> tuple[str, str]:
    """The site's key and checkpoint, with a key id that fits, as if the key were for another kind of signature."""
    data = b"\x02" + base64.b64decode(house.site_key.verifier.split("+", 2)[2])[1:]
    key_id = sha256(f"{ORIGIN}\n".encode() + data).digest()[:4]
    text, _, line = house.checkpoint().rpartition("\n\n")
    signature = key_id + base64.b64decode(line.split(" ")[2])[4:]
    note = f"{text}\n\n\u2014 {ORIGIN} {base64.b64encode(signature).decode()}\n"
    return f"{ORIGIN}+{key_id.hex()}+{base64.b64encode(data).decode()}", note


CHANGES = [
    "another key",
    "another site",
    "no signature",
    "one bad signature",
    "not a checkpoint",
    "not a key",
    "another key id",
    "another type of key",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_that_is_not_the_sites(tmp_path: Path, change: str) -> None:
    """A checkpoint by another key, of another origin, or unsigned is a problem and vouches for nothing."""
    house, stranger = announced(tmp_path), House(tmp_path)
    note = house.checkpoint()
    vkey = house.site_key.verifier
    if change == "another key":
        note = replace(house, site_key=stranger.site_key).checkpoint()
    elif change == "another site":
        note = house.site_key.sign(note.rpartition("\n\n")[0].replace("acme", "other") + "\n")
    elif change == "no signature":
        note = note.rpartition("\n\n")[0] + "\n"
    elif change == "not a checkpoint":
        note = house.site_key.sign("gatepost.example/acme\nmany\n")
    elif change == "one bad signature":
        mine = note.splitlines()[-1].split(" ")[2]
        note += f"\u2014 {ORIGIN} {base64.b64encode(base64.b64decode(mine)[:4] + bytes(64)).decode()}\n"
    elif change == "not a key":
        vkey = vkey.replace("+", "-", 1)
    elif change == "another key id":
        vkey = f"{ORIGIN}+00000000+{vkey.split('+', 2)[2]}"
    else:
        vkey, note = of_another_type(house)
    report = verifier.verify(house.leaves, house.proposals.get, vkey, (), ssh.verify, [note])
    expected = {"checkpoint"} | ({"verifier_key"} if vkey != house.site_key.verifier else set())
    assert {problem.code for problem in report.problems} == expected
    assert report.checkpoints_checked == 0
    assert any("no checkpoint that" in text for text in report.unchecked)


def test_a_ledger_s_own_checkpoints_speak_for_nothing(tmp_path: Path) -> None:
    """I-32: whoever makes a ledger anew makes its checkpoints anew, so what only they cover is named; and so is what
    came after the newest that somebody kept elsewhere."""
    house = announced(tmp_path)
    own = [house.checkpoint(3), house.checkpoint()]

    def unchecked(*kept: str) -> list[str]:
        report = verifier.verify(house.leaves, house.proposals.get, house.site_key.verifier, own, ssh.verify, kept)
        assert report.problems == []
        assert report.checkpoints_checked == 2 + len(kept)
        return [text.split(":")[0] for text in report.unchecked]

    assert unchecked() == ["no checkpoint that somebody kept elsewhere"]
    assert unchecked(house.checkpoint(4)) == [f"entries 4 to {len(house.leaves) - 1}"]
    assert unchecked(house.checkpoint(4), house.checkpoint()) == []


def test_a_clock_that_was_wrong_is_said(tmp_path: Path) -> None:
    """An entry that is dated hours before an earlier one is no problem by itself, and no secret: what hangs on time may
    rest on it."""
    house, hour = announced(tmp_path), 3600 * 1000
    for back, said in ((hour, 0), (2 * hour, 1)):
        house.say(ADMIN, events.RoleGranted(OTHER, "auditor"), at=house.now() - back)
        report = house.verify(house.checkpoint())
        assert report.problems == []
        assert len(report.unchecked) == said
    assert f"entry {len(house.leaves) - 1}: it is dated 1 h before" in report.unchecked[0]
    (tmp_path / "exercise").mkdir()
    exercise = announced(tmp_path / "exercise", exercise=True)
    exercise.say(ADMIN, events.ClockSet(-99), at=hour)
    assert exercise.verify(exercise.checkpoint()).unchecked == []


@pytest.mark.parametrize("number", [True, "1", 0, -1, [1]])
def test_approvals_are_asked_of_whole_people(tmp_path: Path, number: object) -> None:
    """A count that is no count of people is found, and asks for nothing."""
    house = staffed(tmp_path)
    data = {"policy": POLICY, "revision": 1, "proposal": "0" * 64, "approvals": {"legal": number}, "expires": 1}
    leaf = GOOD | {"index": len(house.leaves), "event": "PolicyProposed", "data": data}
    house.leaves.append(canonical(leaf))
    assert house.codes() == {"data"}


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with an entry of every event that the verifier looks into."""
    house = announced(tmp_path_factory.mktemp("house"))
    house.say(LEGAL, events.PolicyDeclined(POLICY, 1, house.hash, "legal", "0" * 64))
    house.say("system", events.QuorumLost(POLICY, 1))
    house.say("system", events.QuorumRegained(POLICY, 1))
    house.say("system", events.PolicyInForce(POLICY, 1))
    house.say(ADMIN, events.RoleRevoked(LEGAL, "approver:legal"))
    house.say(ADMIN, events.KeyRevoked(LEGAL, "SHA256:x"))
    house.say(AUTHOR, events.PolicyWithdrawn(POLICY, 1, "0" * 64))
    return house


def test_nothing_in_an_entry_stops_the_verifier(complete: House) -> None:
    """Whatever stands in an entry's data, the verifier reports and goes on to the end; it never raises."""
    found: set[str] = set()

    @settings(max_examples=80, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(complete.leaves) - 1))
        leaf = json.loads(complete.leaves[place])
        leaf["data"][data.draw(st.sampled_from(sorted(leaf["data"])))] = data.draw(JSON)
        leaves = [*complete.leaves[:place], canonical(leaf), *complete.leaves[place + 1 :]]
        report = complete.verify(leaves=leaves)
        assert report.size == len(leaves)
        found.update(problem.code for problem in report.problems)

    check()
    assert {"data", "quorum"} <= found
