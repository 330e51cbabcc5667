"""What several previews together may say of single people: held against a slow count of who is behind each number."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from random import Random

import pytest

from gatepost.core.change.differencing import Allowed, Scoped, Watch, scoped
from gatepost.core.change.impact import HIDDEN_UNDER, By
from gatepost.core.fleet.device import Device, Form, Ownership, Platform
from gatepost.core.fleet.finding import NOTHING
from gatepost.core.fleet.person import Kind, Person
from gatepost.core.instant import ALWAYS
from gatepost.core.policy.policy import Policy, Scope
from gatepost.fleet_index.likes import likes
from tests.decision.columns import Row, fleet_of
from tests.decision.specification import within
from tests.decision.worlds import world

GROUPS = ("sales", "press", "lab")
COUNTRIES = ("DE", "US", "IN")


def some_person(random: Random, ref: str) -> Person:
    groups = frozenset(group for group in GROUPS if random.random() < 0.4)
    country, kind = random.choice(COUNTRIES), random.choice([Kind.EMPLOYEE, Kind.EMPLOYEE, Kind.CONTRACTOR])
    return Person(ref, ref, ref, kind, country, "UTC", "en", (f"{ref}@corp.example",), (ref,), groups)


def some_device(random: Random, ref: str, owner: str) -> Device:
    form, platform = random.choice(
        [(Form.PHONE, Platform.IOS), (Form.PHONE, Platform.ANDROID), (Form.LAPTOP, Platform.MACOS)]
    )
    ownership = random.choice([Ownership.COMPANY, Ownership.PERSONAL])
    return Device(ref, ref, owner, form, platform, ownership, shared=random.random() < 0.1)


def some_fleet(random: Random) -> list[Row]:
    rows = []
    for number in range(random.randint(8, 40)):
        person = some_person(random, f"p{number}")
        devices = [some_device(random, f"d{number}-{place}", person.ref) for place in range(random.choice([1, 1, 2]))]
        rows += [Row(person, device, NOTHING, {}, ALWAYS) for device in devices]
    return rows


def some_policy(random: Random) -> Policy:
    """Scopes as an author who is curious would write them: much alike, and narrow now and then."""
    (announced,) = world().policies
    scope = Scope(
        forms=random.choice([frozenset(), frozenset({Form.PHONE})]),
        countries=random.choice([frozenset(), frozenset(), frozenset({"DE"}), frozenset({"DE", "US"})]),
        groups=random.choice([frozenset(), frozenset(), frozenset({"sales"})]),
    )
    except_ = random.choice(
        [Scope(), Scope(), Scope(groups=frozenset({"press"})), Scope(groups=frozenset({"press", "lab"}))]
    )
    return replace(announced.policy, id=random.choice("ab"), scope=scope, except_=except_, shared=random.random() < 0.3)


Waived = Mapping[str, Mapping[str, int]]
Shown = frozenset[str]
"""The devices that one number counts."""


@dataclass
class Desk:
    """Answers previews over one fleet, one after the other."""

    rows: Sequence[Row]
    waived: Waived
    before: list[Scoped] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    refused: int = 0
    hidden: int = 0

    def preview(self, policy: Policy) -> Allowed:
        watch = Watch(policy, [one for one in self.before if one != scoped(policy)], 1, self.waived)
        watch.looked(likes(fleet_of(self.rows), watch, HIDDEN_UNDER))
        allowed = watch.answer()
        if allowed.too_few or allowed.too_near:
            self.refused += 1
            return allowed
        self.before.append(scoped(policy))
        self.shown.append(self.audience(policy))
        for (by, value), devices in self.cells(policy):
            if value in allowed.hidden.get(by, ()):
                self.hidden += 1
            else:
                self.shown.append(devices)
        return allowed

    def audience(self, policy: Policy) -> Shown:
        """Straight from the words: named, not excepted, not waived."""
        waived = self.waived.get(policy.id, {})
        return frozenset(
            row.device.ref
            for row in self.rows
            if within(policy.scope, row.person, row.device)
            and not (not policy.except_.is_empty() and within(policy.except_, row.person, row.device))
            and row.person.ref not in waived
            and row.device.ref not in waived
        )

    def cells(self, policy: Policy) -> Iterator[tuple[tuple[By, str], Shown]]:
        """The numbers of a preview's breakdowns: for each value, the devices behind it."""
        mine = [row for row in self.rows if row.device.ref in self.audience(policy)]
        of: dict[By, Callable[[Row], set[str]]] = {
            By.COUNTRY: lambda row: {row.person.country},
            By.KIND: lambda row: {row.person.kind.value},
            By.GROUP: lambda row: set(row.person.groups),
            By.PLATFORM: lambda row: {row.device.platform.value},
            By.OWNERSHIP: lambda row: {row.device.ownership.value},
        }
        for by, values in of.items():
            for value in sorted({value for row in mine for value in values(row)}):
                yield (by, value), frozenset(row.device.ref for row in mine if value in values(row))

    def owners(self, devices: Shown) -> set[str]:
        return {row.person.ref for row in self.rows if row.device.ref in devices}


def some_waivers(random: Random, rows: Sequence[Row]) -> Waived:
    refs = [ref for row in rows for ref in (row.person.ref, row.device.ref)]
    return {"a": dict.fromkeys(random.sample(refs, random.choice([0, 1])), 100)}


def test_no_two_numbers_that_were_shown_differ_by_few_people() -> None:
    """Whatever is previewed in whatever order, by however many accounts: behind any number that is shown, and behind
    the difference of any two, are the devices of nobody, or of five people or more."""
    pairs = refused = hidden = 0
    for seed in range(150):
        random = Random(seed)
        rows = some_fleet(random)
        desk = Desk(rows, some_waivers(random, rows))
        for _ in range(6):
            desk.preview(some_policy(random))
        for number in desk.shown:
            assert not number or len(desk.owners(number)) >= HIDDEN_UNDER
        for one, two in combinations(desk.shown, 2):
            behind = desk.owners(one ^ two)
            assert not behind or len(behind) >= HIDDEN_UNDER, (seed, behind)
            pairs += bool(behind)
        refused, hidden = refused + desk.refused, hidden + desk.hidden
    assert min(pairs, refused, hidden) > 200, (pairs, refused, hidden)


@pytest.fixture
def desk() -> Desk:
    """Twelve people in Germany with a phone each, three of them in the press team; six in India."""
    rows = []
    for number in range(18):
        groups = frozenset({"press"}) if number < 3 else frozenset()
        country = "DE" if number < 12 else "IN"
        ref = f"p{number}"
        person = Person(ref, ref, ref, Kind.EMPLOYEE, country, "UTC", "en", (), (ref,), groups)
        device = Device(f"d{number}", f"d{number}", ref, Form.PHONE, Platform.IOS, Ownership.COMPANY)
        rows.append(Row(person, device, NOTHING, {}, ALWAYS))
    return Desk(rows, {})


def about(countries: tuple[str, ...] = (), except_: tuple[str, ...] = (), id_: str = "a") -> Policy:
    (announced,) = world().policies
    scope, left_out = Scope(countries=frozenset(countries)), Scope(groups=frozenset(except_))
    return replace(announced.policy, id=id_, scope=scope, except_=left_out)


def test_leaving_three_people_out_of_the_same_preview_is_refused(desk: Desk) -> None:
    """The plainest attack: the same preview once with and once without the three."""
    assert not desk.preview(about()).too_near
    assert desk.preview(about(except_=("press",))).too_near


def test_a_cell_and_a_preview_of_its_own_are_held_against_one_another(desk: Desk) -> None:
    """What a breakdown says of a country and what a preview says of that country without three people, in any order."""
    desk.preview(about())
    assert desk.preview(about(("DE",), ("press",))).too_near
    other = Desk(desk.rows, {})
    other.preview(about(("DE",), ("press",)))
    assert other.preview(about()).hidden[By.COUNTRY] >= {"DE"}


def test_the_same_scope_may_be_previewed_again_whatever_became_of_the_fleet(desk: Desk) -> None:
    """Somebody left, somebody changed the group: that is no attack, and the scope is held against itself."""
    desk.preview(about(except_=("press",)))
    desk.rows = [row._replace(person=replace(row.person, groups=frozenset())) for row in desk.rows[2:]]
    again = desk.preview(about(except_=("press",)))
    assert (again.too_near, again.too_few) == (False, False)


def test_a_waiver_for_one_person_is_no_way_around(desk: Desk) -> None:
    """Under another id the same file would count whoever is exempt from the first."""
    desk.waived = {"a": {"p5": 100}}
    desk.preview(about(id_="a"))
    assert desk.preview(about(id_="b")).too_near


def test_fewer_than_five_are_not_counted_at_all(desk: Desk) -> None:
    """Of four people any number speaks; of nobody none does."""
    desk.rows = desk.rows[:4]
    assert desk.preview(about()).too_few
    desk.rows = []
    assert not desk.preview(about()).too_few


def test_a_shared_device_that_could_be_blocked_is_a_number_of_its_own(desk: Desk) -> None:
    """`shared: true` adds to those who would be blocked: one keeper's device must not be found by that."""
    first = desk.rows[0]
    desk.rows = [first._replace(device=replace(first.device, shared=True)), *desk.rows[1:]]
    desk.preview(about())
    assert desk.preview(replace(about(), shared=True)).too_near
