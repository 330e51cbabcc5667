"""Whether one document could make any verdict stricter than another: for whom, on what, at any instant.

It is asked of the documents and not of the fleet, which may be another one tomorrow. Both are decided by the decision
itself (verdict.py), for people, devices and courses of events that stand for all others:

- Two people, or two devices, are told apart by a document only by what its scopes and rings name. So of all values that
  the same scopes name one is enough, and of groups no more than three: one to be in each scope by, one to be excepted
  or in a ring by. Of those who are alike in who is concerned, and in their ring, one person with one device is enough.
- What keeps a device open is the latest of some instants: the deadline, and a duration after each thing that can
  happen. Each of these is let happen so late that it alone decides. If none of them comes earlier then, the latest of
  them never does.
- A verdict gets stricter by itself only at the instants from which a rule counts and blocks: these are looked at.

What a document does not say is the same on both sides: apps, waivers, admissions, whether the quorum stands. An app may
be on any platform.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Final, NamedTuple, TypeVar

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.fleet.finding import NOTHING, Evidence
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import ALWAYS, DAY, NEVER, Duration, Instant
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import Terms, standing
from gatepost.core.policy.policy import Cell, Policy
from gatepost.core.policy.verdict import Outcome, RuleState, outcome_at

Value = TypeVar("Value", bound=str)

_GROUPS_AT_ONCE: Final = 3
_APP: Final = ActiveApp("app", dict.fromkeys(Platform, 0))


@dataclass(frozen=True, slots=True)
class Side:
    """A document as it is decided by. `notice`: the period that holds. `effects`: the own deadline in each cell."""

    policy: Policy
    notice: Duration
    effects: Mapping[Cell, Instant]


class Course(NamedTuple):
    """What happened to a device. `terms`: but for cell and notice, which each side has of its own."""

    words: str
    evidence: Evidence
    terms: Terms
    shared: bool = False


class CounterExample(NamedTuple):
    """Somebody with a device whose verdict would be stricter at an instant."""

    person: Person
    device: Device
    course: Course
    at: Instant
    was: Outcome
    would_be: Outcome


def stricter(old: Side, new: Side, now: Instant = ALWAYS) -> CounterExample | None:
    """A verdict that is stricter under the new document, by the decision itself; None if there is none at any instant.

    Both have the same groups in their rings, and the same cells. `now`: an example from before it is the last resort.
    """
    early, late = _bounds(old, new, now)
    courses = list(_courses(early, late))
    for person, device, both in _representatives(old.policy, new.policy):
        ring = new.policy.ring(person.groups)
        zones = _zones(old, new, ring)
        for zone, course in product(zones if both else zones[:1], courses):
            there, own = replace(person, time_zone=zone), replace(device, shared=course.shared)
            before, after = (_decided(side, (zone, ring), there, own, course) for side in (old, new))
            instants = {late, late - 1, *after.steps} - {-1}
            for at in sorted(instants, key=lambda at: (at < now, at)):
                if after.outcome(at) > before.outcome(at):
                    return CounterExample(there, own, course, at, before.outcome(at), after.outcome(at))
    return None


class _Decided(NamedTuple):
    """`steps`: the instants at which the outcome may get stricter by itself."""

    outcome: Callable[[Instant], Outcome]
    steps: frozenset[Instant]


def _decided(side: Side, cell: Cell, person: Person, device: Device, course: Course) -> _Decided:
    """The decision on one device under one document alone."""
    rule = Rule(1, side.policy, (_APP,))
    terms = replace(course.terms, notice=side.notice)
    rules = standing(Compiled([rule]), person, device, course.evidence, lambda _: terms, stale_after=0).rules
    effect = side.effects[cell]
    states = {1: RuleState(side.policy.id, 1, True, False, side.policy.consequence, (_APP.id,), (effect,))}
    steps = {at for due in rules for at in (due.counts_from, max(effect, due.not_before, due.counts_from))}
    return _Decided(lambda at: outcome_at(rules, states, at)[0], frozenset(at for at in steps if at < NEVER))


# --- instants


def _bounds(old: Side, new: Side, now: Instant) -> tuple[Instant, Instant]:
    """An instant so early that no duration after it reaches a deadline, and one so late that each decides alone."""
    longest = max(old.notice, new.notice, old.policy.grace, new.policy.grace)
    written = [at for side in (old, new) if not side.policy.deadline.immediately for at in side.effects.values()]
    early = min([*written, *([] if written else [now])]) - longest - DAY
    return max(ALWAYS, early), max([*written, now]) + longest


def _zones(old: Side, new: Side, ring: int) -> list[str]:
    """The zones in which the deadline of a ring is earlier than it was; where there are none, any one."""
    zones = [zone for zone, of in new.effects if of == ring]
    return [zone for zone in zones if new.effects[zone, ring] < old.effects[zone, ring]] or zones[:1]


def _courses(early: Instant, late: Instant) -> Iterator[Course]:
    """Everything that can happen to a device, each as late as can be, the others early or not at all."""
    present = Evidence(early, Visibility.FULL, 0, {_APP.id: Visibility.FULL})
    terms = Terms(announced_at=early, cell=0, notice=0, foreseen=True, told_at=early)
    yield Course("has the app", present, terms)
    yield Course("has the app, and was told late", present, replace(terms, told_at=late))
    yield Course("has the app, and was not told", present, replace(terms, told_at=None))
    yield Course("is shared and has the app", present, terms, shared=True)
    yield Course("was never reported", NOTHING, terms)
    yield Course("was never reported, but attested", NOTHING, replace(terms, attested_until={_APP.id: late}))
    yield Course("was last reported without the app, long ago", Evidence(late, Visibility.FULL, 0, {}), terms)
    yield Course("got the app late", present, replace(terms, due_since=late))
    at_doors = replace(terms, at_doors=True)
    yield Course("has the app, and was at no door since its owner was told", present, at_doors)
    yield Course("has the app, and came to a door late", present, replace(at_doors, contact_at=late))
    yield Course("has the app, announced late", present, replace(terms, announced_at=late, told_at=late))


# --- people and devices


def _representatives(old: Policy, new: Policy) -> Iterator[tuple[Person, Device, bool]]:
    """People with devices that the new document concerns, one for each way that differs; whether the old one does too.

    Those whom the old one leaves alone come first: they are the plainest examples.
    """
    compiled = [Compiled([Rule(1, policy, (_APP,))]) for policy in (old, new)]
    found: dict[tuple[bool, int], tuple[Person, Device]] = {}
    for person, device in _profiles(old, new):
        was, is_now = (each.in_scope(person, device) and not each.exempted(person, device) for each in compiled)
        if is_now:
            found.setdefault((bool(was), new.ring(person.groups)), (person, device))
    for (both, _), (person, device) in sorted(found.items(), key=lambda item: item[0]):
        yield person, device, both


def _profiles(old: Policy, new: Policy) -> Iterator[tuple[Person, Device]]:
    """Every combination of values that the documents tell apart."""
    scopes = (old.scope, old.except_, new.scope, new.except_)
    rings = [ring.group for ring in new.rollout]
    groups = _apart({*rings, *(name for scope in scopes for name in scope.groups)}, [s.groups for s in scopes], rings)
    parts = (
        _apart(Form, [scope.forms for scope in scopes]),
        _apart(Platform, [scope.platforms for scope in scopes]),
        _apart(Ownership, [scope.ownership for scope in scopes]),
        _apart(Kind, [scope.kinds for scope in scopes]),
        _apart({"", *(name for scope in scopes for name in scope.countries)}, [s.countries for s in scopes]),
        [frozenset(some) for size in range(_GROUPS_AT_ONCE + 1) for some in combinations(groups, size)],
    )
    for form, platform, ownership, kind, country, some in product(*parts):
        person = Person("person", "person", "", kind, country, "", "en", (), (), some)
        yield person, Device("device", "device", "person", form, platform, ownership)


def _apart(values: Iterable[Value], named: list[frozenset[Value]], singles: Iterable[Value] = ()) -> list[Value]:
    """Of values that the same scopes name, the first; and every one of `singles`."""
    first: dict[object, Value] = {}
    for value in [*singles, *sorted(set(values) - {*singles}, key=str)]:
        signs = tuple(value in names for names in named)
        first.setdefault(value if value in singles else signs, value)
    return list(first.values())


# --- in words


def in_words(example: CounterExample, instant_text: Callable[[Instant], str]) -> str:
    """The example as a sentence; `instant_text` writes an instant as its reader would."""
    person, device = example.person, example.device
    who = [person.kind.value, *([f"in {person.country}"] if person.country else [])]
    who += [f"of the time zone {person.time_zone}"]
    who += [f"in {', '.join(sorted(person.groups))}"] if person.groups else ["in none of the groups named"]
    what = f"a {device.ownership.value} {device.form.value} with {device.platform.value} that {example.course.words}"
    then = f"at {instant_text(example.at)} the answer is {example.was.word}, and would be {example.would_be.word}"
    return f"{' '.join(who)}, {what}: {then}."
