"""The most valuable promise across the house: everybody who answers, answers the same (I-1)."""

from collections import Counter
from random import Random

from gatepost.actions import decide
from gatepost.core.instant import HOUR
from gatepost.core.policy.verdict import verdict
from gatepost.doors.entry import RULE, decode_standing, decode_state, effects_of, fast_outcome, identity_key
from gatepost.storage import feed
from tests.decision import specification
from tests.verbs.chronicle import Chronicle
from tests.verbs.conftest import Build
from tests.verbs.houses import good

SEEDS = range(3)
WANTED = {"allow", "warn", "block", "present", "attested", "waived", "a report that says nothing", "held", "retracted"}
WANTED |= {"a shared device", "held at the door"}


def test_the_command_the_door_and_the_specification_agree(build: Build) -> None:
    """I-1, I-8: after random days `decide`, the specification over the chronicle, and the door's decoded entries give
    one answer for every device, now and at every later instant at which anything could change, and just before it."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        chronicle = Chronicle(build(rails__cap_people_per_hour=2), Random(seed), seen)
        days(chronicle)
        chronicle.house.sound()
    assert {case for case, times in seen.items() if times} >= WANTED, seen
    assert all(seen[case] >= 100 for case in ("allow", "warn", "block")), seen


def days(chronicle: Chronicle) -> None:
    """Three policies, and two dozen things that happen; at the end everything is held, then one is retracted."""
    house, random = chronicle.house, chronicle.random
    chronicle.begin()
    deck = chronicle.deck()
    for part in range(3):
        chronicle.announce()
        for deed in deck[part::3]:
            house.clock(house.now() + random.choice((0, HOUR, 5 * HOUR, 11 * HOUR)))
            house.pass_time()
            deed()
        agree(chronicle)
    for deed in (house.pass_time, chronicle.quorum, chronicle.quorum, chronicle.retract):
        deed()
    agree(chronicle)


def agree(chronicle: Chronicle) -> None:
    """Compare all of them, on all devices. `decide` is asked at one instant of each; the rest is what it rests on."""
    house, entries, now = chronicle.house, published(chronicle), chronicle.house.now()
    states = {int(key[2:]): decode_state(value) for key, value in entries.items() if key.startswith(RULE)}
    for member, world in chronicle.worlds():
        entry = entries[identity_key(member.device.eas_id)]
        standing = decode_standing(entry)
        later = [at for at in specification.boundaries(world) if at > now]
        instants = sorted({now, *later, *(at - 1 for at in later)})
        asked = chronicle.random.choice(instants)
        for at in instants:
            wanted, why = specification.decide(world, at)
            found = verdict(standing, states, at, 0)
            assert (found.outcome, frozenset(found.reasons)) == (wanted, why), (member.device.id, at, world)
            assert fast_outcome(entry, effects_of(states), at) == (found.outcome, found.valid_until)
            chronicle.seen[found.outcome.word] += 1
            chronicle.seen["a shared device"] += member.device.shared
            chronicle.seen["held at the door"] += any(state.held for state in states.values())
            if at == asked:
                answer = good(decide.decide(house.site, None, member.person.id, member.device.id, at)).verdict
                assert answer == found._replace(position=answer.position)


def published(chronicle: Chronicle) -> dict[bytes, bytes]:
    """What a door that had followed the change stream from the beginning would hold."""
    with chronicle.house.site.store.reading() as conn:
        _, entries = feed.after(conn, 0, 10**9)
    return {key: value for key, value in entries if value is not None}
