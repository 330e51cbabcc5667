"""The cap: whatever the cause, unforeseen people are blocked a few an hour, and a flood stops until somebody looked."""

from collections.abc import Callable
from random import Random

from gatepost.actions import exempt, views, waive
from gatepost.actions.catalogue import add_entries
from gatepost.core.instant import DAY, HOUR, MINUTE, Instant
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Code
from gatepost.storage import audience, devices
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, POLICY, SECURITY, TIKTOK, House, good, refused

IN_FORCE = "2020-07-11T00:00:00Z"
CAP = 4


def blocked(house: House) -> set[str]:
    """Everybody whose mail is closed on some device now, as the tables have it after the worker's turn."""
    with house.site.store.reading() as conn:
        members = list(devices.members(conn, devices.in_use(conn)))
        outcomes = audience.outcomes_of(conn, [member.device.ref for member in members])
    return {m.person.id.partition("@")[0] for m in members if outcomes.get(m.device.ref) is Outcome.BLOCK}


def in_force(build: Build, **policy: object) -> House:
    """A policy in force that foresaw one person, and a cap of four."""
    house = build(rails__cap_people_per_hour=CAP)
    house.owners(1, prefix="foreseen")
    house.announce(**policy)
    house.deliver()
    house.set(IN_FORCE)
    assert blocked(house) == {"foreseen0"}
    return house


def newcomers(house: House, number: int, prefix: str = "new") -> list[str]:
    return house.owners(number, prefix=prefix)


class Watch:
    """Looks every twenty minutes who is newly blocked, and that they are never more than the cap in an hour."""

    def __init__(self, house: House, before: set[str]) -> None:
        self.house, self.foreseen, self.last = house, before, blocked(house)
        self.newly: list[tuple[Instant, str]] = []

    def run(self, duration: int, deed: Callable[[], None] = lambda: None) -> None:
        until = self.house.now() + duration
        while self.house.now() < until:
            deed()
            self.house.later(20 * MINUTE)
            self.house.deliver()
            self.look()

    def night(self) -> None:
        """Most of the notice period goes by."""
        self.house.deliver()
        self.house.later(23 * HOUR)
        self.house.deliver()
        self.look()

    def look(self) -> None:
        now, current = self.house.now(), blocked(self.house)
        self.newly += [(now, name) for name in current - self.last - self.foreseen]
        self.last = current
        assert len([1 for at, _ in self.newly if at > now - HOUR]) <= CAP, self.newly


def test_a_flood_of_unforeseen_people_comes_in_a_few_an_hour(build: Build) -> None:
    """I-17: eleven people found at once, all told and with the same grace, are blocked four an hour."""
    house = in_force(build, grace="24h")
    newcomers(house, 11)
    watch = Watch(house, {"foreseen0"})
    watch.night()
    watch.run(4 * HOUR)
    assert len(watch.newly) == 11
    assert "BlocksFrozen" not in house.ledger()
    house.sound()


def test_three_times_the_cap_stops_everything_until_an_approver_looked(build: Build) -> None:
    """I-17: twelve at once freeze; a release lets them go on, still four an hour; restores never wait (I-18)."""
    house = in_force(build)
    early = newcomers(house, 2, "early")
    house.deliver()
    house.later(25 * HOUR)
    assert blocked(house) == {"foreseen0", *early}
    newcomers(house, 12)
    watch = Watch(house, {"foreseen0"})
    watch.night()
    watch.run(2 * HOUR)
    assert house.ledger().count("BlocksFrozen") == 1
    assert watch.newly == []
    house.report("early0")
    assert house.word("early0") == "allow", "a restore waits for nobody"
    refused(exempt.release(house.site, OPERATOR), Code.ROLE_MISSING)
    assert good(exempt.release(house.site, SECURITY)) == {"released": 12}
    watch.run(4 * HOUR)
    assert len(watch.newly) == 12
    house.sound()


def test_a_retraction_works_while_everything_is_frozen_and_leaves_nothing_stuck(build: Build) -> None:
    """I-18: retract while frozen; the next policy's release is possible although nothing is live any more."""
    house = in_force(build)
    newcomers(house, 12)
    house.deliver()
    house.later(25 * HOUR)
    assert house.ledger().count("BlocksFrozen") == 1
    house.retract()
    house.pass_time()
    assert blocked(house) == set()
    good(exempt.release(house.site, SECURITY))
    house.sound()


def test_a_catalogue_change_closes_nobodys_door(build: Build) -> None:
    """I-17, I-13: new identifiers, even once they are looked for, say nothing to a policy whose approvers did not see
    them: earlier reports stay what they were to it."""
    house = build(rails__cap_people_per_hour=CAP)
    house.owners(1, prefix="foreseen")
    names = house.owners(13, apps=())
    house.announce(unseen="block")
    house.deliver()
    house.set(IN_FORCE)
    entry = b"apps: {tiktok: {name: TikTok, identifiers: {ios: [com.zhiliaoapp.musically, com.example.renamed]}}}"
    good(add_entries(house.site, None, entry, "apps.yaml"))
    house.look_for("tiktok")
    house.report(names[0], ["com.example.renamed"])
    watch = Watch(house, {"foreseen0"})
    watch.night()
    watch.run(2 * HOUR)
    assert watch.newly == []
    assert "BlocksFrozen" not in house.ledger()
    assert {house.word(name) for name in names} == {"allow"}
    house.sound()


def test_a_source_that_falls_silent_as_a_whole_blocks_nobody_unforeseen(build: Build) -> None:
    """Section 3: all absents go stale in one instant; that is an alarm, not a block."""
    house = build(rails__cap_people_per_hour=CAP)
    silent_from = house.now()
    house.owners(1, prefix="foreseen")
    house.owners(12, apps=())
    house.announce(unseen="block", deadline="2020-07-10")
    house.deliver()
    house.set(silent_from + house.site.settings.fleet.stale_after - 10 * MINUTE)
    watch = Watch(house, {"foreseen0"})
    assert watch.last == {"foreseen0"}
    house.later(20 * MINUTE)
    watch.night()
    watch.run(2 * HOUR)
    assert watch.newly == []
    assert "BlocksFrozen" in house.ledger()


def test_a_policy_that_blocks_nobody_uses_up_no_cap(build: Build) -> None:
    """Unforeseen people under a policy that only warns neither freeze nor wait."""
    house = in_force(build)
    house.announce(policy="warns", consequence="notify", deadline="2020-07-20")
    newcomers(house, 2)
    house.look_for("wechat", until=house.now() + DAY)
    house.owners(12, apps=["com.tencent.xin"], prefix="chat")
    house.announce(policy="chat", apps=["wechat"], consequence="notify", deadline="2020-07-20")
    house.owners(30, apps=["com.tencent.xin"], prefix="more")
    house.deliver()
    house.later(26 * HOUR)
    assert "BlocksFrozen" not in house.ledger()
    assert blocked(house) == {"foreseen0", "new0", "new1"}


def test_whoever_removed_the_app_while_waiting_waits_no_more(build: Build) -> None:
    """Only people who could still be blocked count as waiting."""
    house = in_force(build, grace="24h")
    names = newcomers(house, 11)
    house.deliver()
    for name in names[:8]:
        house.report(name)
    newcomers(house, 4, "later")
    house.later(MINUTE)
    assert "BlocksFrozen" not in house.ledger()
    shown = good(views.show_policy(house.site, POLICY))
    assert shown["due"] == {"devices": 8, "waiting": 7, "frozen": False}


def test_the_cap_holds_over_a_long_random_history(build: Build) -> None:
    """I-17: apps come and go and come back in crowds, waivers end together, ids move: never more than four newly
    blocked in any hour, and people do get blocked."""
    random = Random(5)
    house = in_force(build, grace="2h")
    names = newcomers(house, 9)
    watch = Watch(house, {"foreseen0"})
    watch.night()

    def deed() -> None:
        crowd = random.sample(names, 5)
        match random.randrange(8):
            case 0:
                house.devices(*(house.phone_row(name, []) for name in crowd))
            case 1 | 2:
                house.devices(*(house.phone_row(name, [TIKTOK]) for name in crowd))
            case 3:
                for name in crowd[:3]:
                    end = house.now() + 2 * HOUR
                    person = f"{name}@corp.example"
                    waive.grant_waiver(house.site, OPERATOR, POLICY, person=person, until=end, reason="a while")
            case 4:
                house.devices(*(house.phone_row(name, [TIKTOK], id=f"second-{name}") for name in crowd[:2]))
            case _:
                pass

    watch.run(14 * HOUR, deed)
    assert len(watch.newly) >= 15
    assert len(set(watch.newly)) == len(watch.newly)
    house.sound()


def test_clock_steps_let_nobody_past_the_cap(build: Build) -> None:
    """I-11, I-17: back and forth within the hour admits nobody beyond the cap."""
    house = in_force(build)
    newcomers(house, 10)
    house.deliver()
    house.later(25 * HOUR)
    now = house.now()
    assert len(blocked(house)) == 1 + CAP
    for step in (-30 * MINUTE, 20 * MINUTE, -3 * HOUR, 50 * MINUTE):
        house.set(now + step)
    house.set(now + 55 * MINUTE)
    assert len(blocked(house)) <= 1 + CAP
    house.sound()
