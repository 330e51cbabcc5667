"""The ledger's pages: a search, each entry with what it is about, and a proof that others can check."""

import base64
import json

import pytest

from gatepost.actions import waive
from gatepost.core.instant import DAY
from gatepost.core.ledger.checkpoint import parse
from gatepost.core.ledger.merkle import leaf_hash, verify_inclusion
from gatepost.signatures import note
from tests.verbs.conftest import Build
from tests.verbs.houses import AUTHOR, OPERATOR, POLICY, SECURITY, TIKTOK, House, good
from tests.web.asking import URL
from tests.web.visiting import Browser, rows_of, signed_in, tags, words


@pytest.fixture
def house(build: Build) -> House:
    house = build(web__sign_in="mail", web__url=URL)
    house.owners(3, (TIKTOK,))
    house.announce()
    house.deliver()
    return house


def holds(house: House, browser: Browser, index: int) -> bool:
    """Whether the proof of an entry shows its bytes to stand in the ledger that the checkpoint is of."""
    leaf = browser.get(f"/ledger/{index}.json").text.encode()
    proof = browser.get(f"/ledger/{index}.tlog-proof").text
    head, _, signed = proof.partition("\n\n")
    first, said, *path = head.split("\n")
    assert (first, said) == ("c2sp.org/tlog-proof@v1", f"index {index}")
    text = note.verify(signed, house.site.note_key.verifier)
    checkpoint = parse(text)
    nodes = [base64.b64decode(line, validate=True) for line in path]
    return verify_inclusion(leaf_hash(leaf), index, checkpoint.size, nodes, checkpoint.root)


def test_every_entry_has_a_proof_that_holds(house: House) -> None:
    """I-32: the bytes, the path and a checkpoint that the site signed fit together, for each entry there is."""
    browser = signed_in(house, AUTHOR)
    number = len(house.ledger())
    assert number > 20
    assert all(holds(house, browser, index) for index in range(number))


def test_a_proof_of_other_bytes_does_not_hold(house: House) -> None:
    """I-32: the check above can fail: another entry's bytes do not fit, nor does another place."""
    browser = signed_in(house, AUTHOR)
    proof = browser.get("/ledger/3.tlog-proof").text
    head, _, signed = proof.partition("\n\n")
    nodes = [base64.b64decode(line) for line in head.split("\n")[2:]]
    checkpoint = parse(note.verify(signed, house.site.note_key.verifier))
    right = leaf_hash(browser.get("/ledger/3.json").text.encode())
    wrong = leaf_hash(browser.get("/ledger/4.json").text.encode())
    assert verify_inclusion(right, 3, checkpoint.size, nodes, checkpoint.root)
    assert not verify_inclusion(wrong, 3, checkpoint.size, nodes, checkpoint.root)
    assert not verify_inclusion(right, 4, checkpoint.size, nodes, checkpoint.root)


def test_an_entry_leads_to_what_it_is_about(house: House) -> None:
    """A policy, an app, a waiver: each field that has a page leads to it; and to the entries beside it."""
    until = house.now() + 3 * DAY
    done = good(
        waive.grant_waiver(house.site, OPERATOR, POLICY, person="u0@corp.example", until=until, reason="a film")
    )
    browser = signed_in(house, SECURITY)
    events = house.ledger()
    shown = browser.get(f"/ledger/{events.index('WaiverGranted')}")
    assert {f"/policies/{POLICY}", f"/waivers#{done.waiver}"} <= set(tags(shown.text).links)
    assert "u0@corp.example" not in shown.text
    assert f"By {OPERATOR}" in words(shown.text)
    granted = browser.get(f"/ledger/{events.index('RoleGranted')}")
    assert "/access" in tags(granted.text).links
    json.loads(browser.get("/ledger/0.json").text)
    for path in (f"/ledger/{10**6}", f"/ledger/{10**6}.json", f"/ledger/{10**6}.tlog-proof"):
        assert browser.get(path).status == 404


def test_the_search_finds_who_acted(house: House) -> None:
    """By address or login, and of nobody who is not known; the same entries as a file, none of which is a formula."""
    browser = signed_in(house, AUTHOR)
    found = browser.get("/ledger", f"by={SECURITY}")
    assert "PolicyApproved" in found.text
    assert "PolicyProposed</td>" not in found.text
    assert "No entry is like this" in browser.get("/ledger", "by=nobody@corp.example").text
    rows = rows_of(browser.get("/ledger.csv", f"by={SECURITY}").text)
    assert rows[0] == ["entry", "at", "by", "event", "policy", "says"]
    assert {row[2] for row in rows[1:]} == {SECURITY}
    assert {"SiteCreated"} <= {row[3] for row in rows_of(browser.get("/ledger.csv", "by=system").text)}
    assert browser.get("/ledger.csv", "event=Nonsense").status == 404
