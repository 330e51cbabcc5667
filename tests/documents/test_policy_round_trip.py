"""Policy files: nothing is lost on the way out and back."""

import json
from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gatepost.core.fleet.device import Form, Ownership, Platform
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import DAY
from gatepost.core.policy.policy import Consequence, Deadline, Example, Policy, Ring, Scope, Text, Unseen
from gatepost.documents.policy_data import policy_data, policy_from_data
from gatepost.documents.policy_file import read_policy, write_policy


def read(text: str) -> Policy:
    policy = read_policy(text.encode(), "p.yaml")
    assert isinstance(policy, Policy), policy
    return policy


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20).map(
    lambda text: " ".join(text.split()) or "x"
)
bodies = st.one_of(
    names,
    st.lists(
        st.one_of(names, st.just(""), st.sampled_from(["- a", "#", "a: b", "  indented", "NO", "---"])), min_size=2
    )
    .map("\n".join)
    .map(str.strip)
    .filter(bool),
)
ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True)
texts = st.builds(Text, names, bodies)
languages = st.sampled_from(["en", "de", "pt-BR", "no"])
durations = st.integers(min_value=0, max_value=900 * DAY)
countries = st.frozensets(st.sampled_from(["NO", "IN", "DE", "XK"]))
scopes = st.builds(
    Scope,
    st.frozensets(st.sampled_from(Form)),
    st.frozensets(st.sampled_from(Platform)),
    st.frozensets(st.sampled_from(Ownership)),
    st.frozensets(st.sampled_from(Kind)),
    countries,
    st.frozensets(names, max_size=3),
)
moments = st.sampled_from(["2020-07-10", "2020-07-10T17:00", "2020-07-10T17:00+02:00"])
examples = st.builds(
    Example,
    st.sampled_from(Form),
    st.sampled_from(Platform),
    st.sampled_from(Ownership),
    st.booleans(),
    st.lists(ids, max_size=2, unique=True).map(tuple),
    st.booleans(),
    st.sampled_from(Kind),
    st.sampled_from(["", "NO"]),
    st.frozensets(names, max_size=2),
    st.booleans(),
    moments,
    st.sampled_from(["allow", "warn", "block"]),
)


rollouts = st.lists(names, max_size=3, unique=True).flatmap(
    lambda groups: st.tuples(
        *(st.builds(Ring, st.just(group), st.sampled_from([Deadline("2020-07-08"), Deadline("2020-07-07T09:00")]))
          for group in groups)
    )
)  # fmt: skip


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    spoken = draw(st.one_of(st.just({""}), st.sets(languages, min_size=1)))
    deadline = Deadline(draw(st.one_of(moments, st.just("immediately"))))

    def in_all() -> dict[str, Text]:
        return {language: draw(texts) for language in spoken}

    return Policy(
        id=draw(ids),
        title=draw(names),
        apps=tuple(draw(st.lists(ids, min_size=1, max_size=3, unique=True))),
        lists=tuple(draw(st.lists(ids, max_size=2, unique=True))),
        publisher_countries=tuple(draw(st.lists(st.sampled_from(["CN", "NO", "US"]), max_size=2, unique=True))),
        successors=draw(st.booleans()),
        scope=draw(scopes),
        except_=draw(scopes),
        shared=draw(st.booleans()),
        unseen=draw(st.sampled_from(Unseen)),
        deadline=deadline,
        rollout=() if deadline.immediately else draw(rollouts),
        consequence=draw(st.sampled_from(Consequence)),
        announcement=in_all(),
        correction=in_all(),
        withdrawal=in_all() if draw(st.booleans()) else {},
        reason=draw(st.one_of(st.just(""), bodies)),
        necessity=draw(st.one_of(st.just(""), bodies)),
        grace=draw(durations),
        notice=draw(st.one_of(st.none(), durations)),
        tell_first=draw(st.booleans()),
        reminders=tuple(draw(st.lists(durations, max_size=3, unique=True))),
        approvals=draw(st.dictionaries(ids, st.integers(1, 3), max_size=2)),
        press=draw(st.one_of(st.just(""), names)),
        examples=tuple(draw(st.lists(examples, max_size=2))),
    )


def unplaced(policy: Policy) -> Policy:
    """Without the lines of the examples, which belong to the file and not to the policy."""
    return replace(policy, examples=tuple(replace(example, line=0) for example in policy.examples))


def same(one: Policy, other: Policy) -> bool:
    return json.dumps(policy_data(one)) == json.dumps(policy_data(other)) and unplaced(one) == unplaced(other)


MET: dict[str, int] = {"block text": 0, "escaped text": 0, "languages": 0}


@settings(max_examples=50, deadline=None, derandomize=True)
@given(policies())
def test_a_policy_survives_its_file_and_its_data(policy: Policy) -> None:
    """Export is the same format as import: written and read back, or through JSON, it is the same policy (I-13 rests
    on this: what is approved is what is in force)."""
    text = write_policy(policy)
    MET["block text"] += "|-\n" in text
    MET["escaped text"] += "\\U" in text
    MET["languages"] += "" not in policy.announcement
    event("block text" if "|-\n" in text else "no block text")
    assert same(read(text), policy), text
    assert policy_from_data(json.loads(json.dumps(policy_data(policy)))) == policy
    assert write_policy(read(text)) == text


def test_the_round_trip_met_hard_texts() -> None:
    """The law above proves something only if it met texts of several lines, invisible characters and languages."""
    if not any(MET.values()):
        test_a_policy_survives_its_file_and_its_data()
    assert all(count > 5 for count in MET.values()), MET
