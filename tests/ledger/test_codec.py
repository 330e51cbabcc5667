import json
from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.core.ledger.codec import EVENTS, LARGEST, EventError, from_data, to_data
from gatepost.core.ledger.events import Event, OutcomesChanged, PolicyProposed, RoleGranted, SiteCreated
from gatepost.core.ledger.leaf import SYSTEM, Leaf, envelope, parse
from gatepost.core.notice.notice import NoticeKind
from gatepost.documents.canonical import canonical

WHOLE = st.integers(-LARGEST, LARGEST)
TEXT = st.text(max_size=8)
SHAPES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: WHOLE,
    bool: st.booleans(),
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    Mapping[str, int]: st.dictionaries(TEXT, WHOLE, max_size=3),
    Mapping[str, str]: st.dictionaries(TEXT, TEXT, max_size=3),
}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    return st.builds(kind, **{field: SHAPES[shape] for field, shape in get_type_hints(kind).items()})


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_survives_its_leaf(name: str) -> None:
    """Any event of any class, put in an envelope and made canonical, reads back equal, and canonical again."""

    @settings(max_examples=25, deadline=None)  # of each of some forty classes
    @given(events_of(EVENTS[name]), st.integers(0, LARGEST))
    def check(event: Event, number: int) -> None:
        leaf = Leaf(number, number, "p1", event)
        data = canonical(envelope(leaf))
        assert parse(data) == leaf
        assert canonical(envelope(parse(data))) == data

    check()


def test_the_leaf_as_stored() -> None:
    """The bytes of a leaf, to the letter: what proofs of years are over must never change by accident."""
    proposed = PolicyProposed("no-tiktok", 1, "ab" * 32, {"security": 1, "legal": 2}, 1594353600000)
    assert canonical(envelope(Leaf(7, 1594339200000, "p9", proposed))) == (
        b'{"at":1594339200000,"by":"p9","data":{"approvals":{"legal":2,"security":1},"expires":1594353600000,'
        b'"policy":"no-tiktok","proposal":"' + b"ab" * 32 + b'","revision":1},"event":"PolicyProposed","index":7,"v":1}'
    )


def test_words_of_enumerations_are_plain() -> None:
    """A value of an enumeration of words is written as the word."""
    assert to_data(OutcomesChanged({"d1": NoticeKind.UPDATE})) == {"outcomes": {"d1": "update"}}


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("Nothing", {}, "no such event: Nothing"),
        ("Event", {}, "no such event: Event"),
        ("RoleGranted", [], "RoleGranted: the data must be an object"),
        ("RoleGranted", {"person": "p1"}, "RoleGranted: missing role"),
        ("RoleGranted", {"person": "p1", "role": "admin", "x": 1}, "RoleGranted: unknown field x"),
        ("RoleGranted", {"person": 1, "role": "admin"}, "RoleGranted.person: expected a string, got 1"),
        ("PolicyInForce", {"policy": "a", "revision": True}, "PolicyInForce.revision: expected a whole number"),
        ("PolicyInForce", {"policy": "a", "revision": 1.0}, "PolicyInForce.revision: expected a whole number"),
        ("ClockSet", {"offset": 2**53}, "ClockSet.offset: expected a whole number of at most 53 bits"),
        ("SiteCreated", {"site": "s", "exercise": 1, "verifier_key": "k"}, "SiteCreated.exercise: expected true"),
        (
            "NamesLooked",
            {"what": "names", "about": "", "people": "p1", "purpose_hash": "h"},
            "NamesLooked.people: expected",
        ),
        ("OutcomesChanged", {"outcomes": {"d1": 1}}, "OutcomesChanged.outcomes: expected a string, got 1"),
        ("OutcomesChanged", {"outcomes": []}, "OutcomesChanged.outcomes: expected an object"),
    ],
)
def test_what_is_no_event_is_refused(name: str, data: object, text: str) -> None:
    """Unknown names and fields, missing fields and wrong types raise an error that names the event and the field."""
    with pytest.raises(EventError) as caught:
        from_data(name, data)
    assert str(caught.value).startswith(text)


def test_what_cannot_be_written_is_refused() -> None:
    """A number that JSON readers disagree about never reaches the ledger."""
    with pytest.raises(EventError, match=r"ClockSet\.offset"):
        to_data(EVENTS["ClockSet"](offset=2**62))  # type: ignore[call-arg]  # the class is known by its name only


GOOD = {"v": 1, "index": 0, "at": 5, "by": SYSTEM, "event": "RoleGranted", "data": {"person": "p1", "role": "admin"}}


def test_a_leaf_by_the_system() -> None:
    """An envelope written by hand reads as the leaf that it says."""
    assert parse(json.dumps(GOOD).encode()) == Leaf(0, 5, SYSTEM, RoleGranted("p1", "admin"))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"index": "0"},
        {"at": 1.5},
        {"by": None},
        {"event": 3},
        {"event": "Nothing"},
        {"extra": 1},
    ],
)
def test_what_is_no_leaf_is_refused(change: dict[str, object]) -> None:
    """An envelope of another version, with a key too many or a wrong type, raises."""
    with pytest.raises(EventError):
        parse(json.dumps(GOOD | change).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"null"])
def test_bytes_that_are_no_leaf_are_refused(data: bytes) -> None:
    """Other JSON, and what is not JSON, raises."""
    with pytest.raises(EventError):
        parse(data)


def test_site_created_round_trip() -> None:
    """A boolean stays one."""
    site = SiteCreated("acme", True, "key")
    assert from_data("SiteCreated", to_data(site)) == site
