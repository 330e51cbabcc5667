"""Random worlds for the property tests: small, on a coarse grid of hours, so that instants coincide often.

Hypothesis draws a seed and plain randomness does the rest: building a world of a hundred draws by its strategies takes
16 ms, so that a thousand worlds would not fit into a test; and the worlds it prefers have no reports and no policies.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Device, Form, Ownership, Platform, Visibility
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import HOUR, Instant
from gatepost.core.policy.policy import Consequence, Deadline, Policy, Ring, Scope, Unseen
from tests.decision.worlds import PERSON, PHONE, POLICY, Announced, Report, World

T = TypeVar("T")

STEADY = settings(max_examples=500, derandomize=True, deadline=None, database=None)
"""The same worlds on every run: a failure is found by whoever caused it."""

APP_IDS = ("tiktok", "wechat", "helo")
PLATFORMS = (Platform.IOS, Platform.ANDROID, Platform.WINDOWS)
FORMS = (Form.PHONE, Form.LAPTOP)
COUNTRIES = ("US", "IN")
GROUPS = ("sales", "press", "legal")


def hour(random: Random, last: int = 60) -> Instant:
    return random.randint(0, last) * HOUR


def hour_or_none(random: Random, chance: float) -> Instant | None:
    return hour(random) if random.random() < chance else None


def some(random: Random, values: Sequence[T]) -> frozenset[T]:
    return frozenset(random.sample(values, random.randint(1, min(2, len(values)))))


def random_scope(random: Random, silence: float) -> Scope:
    """Each key is silent with this probability."""

    def names(values: Sequence[T]) -> frozenset[T]:
        return frozenset() if random.random() < silence else some(random, values)

    return Scope(
        forms=names(FORMS),
        platforms=names(PLATFORMS),
        ownership=names(tuple(Ownership)),
        kinds=names(tuple(Kind)),
        countries=names(COUNTRIES),
        groups=names(GROUPS),
    )


def random_person(random: Random, ref: str = "person") -> Person:
    groups = frozenset(random.sample(GROUPS, random.randint(0, 3)))
    emails = PERSON.emails if random.random() < 0.8 else ()
    kind, country = random.choice(tuple(Kind)), random.choice(COUNTRIES)
    return Person(ref, ref, "Ada", kind, country, "UTC", "en", emails, (ref,), groups)


def random_device(random: Random, ref: str = PHONE.ref, owner: str = "person") -> Device:
    return Device(
        ref,
        ref,
        owner,
        random.choice(FORMS),
        random.choice((Platform.IOS, *PLATFORMS)),
        random.choice(tuple(Ownership)),
        shared=random.random() < 0.25,
        managed=random.random() < 0.8,
    )


def random_policy(random: Random) -> Policy:
    return Policy(
        id=random.choice(("policy-a", "policy-b", "policy-c")),
        title="A policy",
        apps=(),
        lists=(),
        scope=random_scope(random, silence=0.8),
        except_=random_scope(random, silence=0.7) if random.random() < 0.3 else Scope(),
        shared=random.random() < 0.5,
        unseen=random.choice(tuple(Unseen)),
        deadline=random.choice((POLICY.deadline, POLICY.deadline, Deadline("immediately"))),
        consequence=random.choice((Consequence.BLOCK, Consequence.BLOCK, Consequence.BLOCK, *Consequence)),
        announcement=POLICY.announcement,
        correction=POLICY.correction,
        grace=hour(random, 24),
        tell_first=random.random() < 0.7,
    )


def random_rings(random: Random, policy: Policy) -> Policy:
    """With up to two rings; `immediately` has none."""
    if policy.deadline.immediately or random.random() < 0.2:
        return policy
    groups = random.sample(GROUPS, random.choice((1, 2, 2)))
    return replace(policy, rollout=tuple(Ring(group, policy.deadline) for group in groups))


def random_apps(random: Random) -> tuple[ActiveApp, ...]:
    """One to three apps, each with identifiers on some platforms, of catalogue revision 1 to 3."""

    def since() -> dict[Platform, int]:
        return {platform: random.choice((1, 1, 2, 3)) for platform in PLATFORMS if random.random() < 0.8}

    return tuple(ActiveApp(app, since()) for app in random.sample(APP_IDS, random.randint(1, 3)))


def random_report(random: Random) -> Report:
    visibility = random.choice((Visibility.FULL, Visibility.FULL, *Visibility))
    apps = frozenset(app for app in APP_IDS if random.random() < 0.2)
    return Report(hour(random, 40), visibility, apps, matched_under=random.randint(1, 3))


def random_announced(random: Random, number: int) -> Announced:
    started = hour(random, 30)
    policy = random_rings(random, random_policy(random))
    return Announced(
        policy=policy,
        apps=random_apps(random),
        number=number,
        revision=number,
        counts=random.random() < 0.85,
        held=random.random() < 0.15,
        deadline_at=hour(random),
        ring_at=tuple(hour(random, 20) for _ in policy.rollout),
        announced_at=started,
        told_at=random.choice((started, hour(random), hour_or_none(random, 0.5))),
        foreseen=random.random() < 0.7,
        admitted_at=hour_or_none(random, 0.6),
        due_since=hour_or_none(random, 0.3),
        notice=hour(random, 24),
        waivers=tuple(hour(random, 80) for _ in range(random.choice((0, 0, 1, 2)))),
        at_doors=random.random() < 0.25,
        contact_at=hour_or_none(random, 0.6),
    )


def random_attestations(random: Random) -> tuple[tuple[str, Instant], ...]:
    return tuple((random.choice(APP_IDS), hour(random, 80)) for _ in range(random.choice((0, 1, 3, 6))))


def random_world(random: Random) -> World:
    """One device of one person, up to three policies, up to three reports in any order, some attestations."""
    return World(
        random_person(random),
        random_device(random),
        tuple(random_announced(random, number) for number in range(1, random.randint(1, 3) + 1)),
        tuple(random_report(random) for _ in range(random.choice((0, 1, 1, 2, 3)))),
        random_attestations(random),
        stale_after=hour(random, 40),
    )


randomness = st.randoms(use_true_random=True)
worlds = st.builds(random_world, randomness)
