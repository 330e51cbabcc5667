"""Grace of a phone that was not at a door since its person was told."""

from gatepost.actions.decide import decide
from gatepost.core.instant import DAY, HOUR
from gatepost.core.policy.verdict import Outcome
from tests.verbs.conftest import Build
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import POLICY, TIKTOK, House, good

GRACE = 24 * HOUR


def watched(build: Build, *names: str, **policy: object) -> House:
    """A house whose door learns; these people have TikTok on their phones and were told on Monday."""
    house = build()
    house.people("other", *names)
    house.devices(*(house.phone_row(name, [TIKTOK]) for name in names))
    see(house, sighting("other@corp.example", "own", house.now(), "unknown"))
    house.announce(grace="24h", **policy)
    house.deliver()
    return house


def waits(house: House, owner: str) -> tuple[str, ...]:
    """The policies that wait for a phone's first contact."""
    return good(decide(house.site, None, f"{owner}@corp.example", f"phone-{owner}", None)).waits_for_contact


def come(house: House, *names: str) -> None:
    """These phones are at the door, and the worker hears of it."""
    now = house.now()
    see(house, *(sighting(f"{name}@corp.example", f"easphone-{name}", now, "warned") for name in names))
    house.pass_time()


def test_a_phone_that_stayed_away_has_its_grace_from_its_first_contact(build: Build) -> None:
    """Of two told on Monday one opens mail that week and is blocked at the deadline; the other comes a week later, is
    warned for as long as the policy's grace, and blocked then."""
    house = watched(build, "here", "away")
    house.later(HOUR)
    come(house, "here")
    house.set("2020-07-11T00:00:00Z")
    assert (house.word("here"), house.word("away")) == ("block", "warn")
    house.set("2020-07-18T09:00:00Z")
    assert house.word("away") == "warn"
    assert waits(house, "away") == (POLICY,)
    assert waits(house, "here") == ()
    first = house.now()
    come(house, "away")
    assert waits(house, "away") == ()
    assert house.word("away", at=first + GRACE - 1) == "warn"
    assert house.word("away", at=house.now() + GRACE) == "block"
    house.later(HOUR)
    come(house, "away", "here")  # grace is given once
    house.set(first + GRACE + 1000)
    assert house.verdict("away").outcome is Outcome.BLOCK
    assert house.deliver()[-1].recipient == "away@corp.example"
    house.sound()


def test_where_doors_say_nothing_nobody_waits_for_them(build: Build) -> None:
    """Without any sighting a deadline is a deadline; and doors that begin to tell open nothing that was blocked."""
    house = build()
    house.owners(1)
    house.announce(grace="24h")
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert house.word("u0") == "block"
    see(house, sighting("zoe@corp.example", "x", house.now(), "unknown"))
    house.report("u0", [TIKTOK])
    assert house.word("u0") == "block"


def test_a_phone_that_no_door_can_see_does_not_wait(build: Build) -> None:
    """A device without a mail identity never comes to a door by itself: its deadline is the announced one."""
    house = build()
    house.people("blind", "other")
    house.phone("blind", [TIKTOK], eas_device_id="")
    see(house, sighting("other@corp.example", "own", house.now(), "unknown"))
    house.announce(grace="24h")
    house.deliver()
    house.set("2020-07-12T00:00:00Z")
    assert house.word("blind") == "block"


def test_only_its_own_person_s_request_is_a_contact(build: Build) -> None:
    """Somebody else who claims the phone's id begins no grace; nor does what was before the telling."""
    house = build()
    house.people("away", "mallory")
    house.phone("away", [TIKTOK])
    see(house, sighting("away@corp.example", "easphone-away", house.now()))
    house.announce(grace="24h")
    house.deliver()
    house.later(HOUR)
    see(house, sighting("mallory@corp.example", "easphone-away", house.now(), "foreign"))
    house.set("2020-07-18T09:00:00Z")
    assert house.word("away") == "warn"
    house.sound()


def test_what_the_site_heard_before_it_knew_of_the_telling_counts(build: Build) -> None:
    """A phone that was at a door between the mail server's answer and its being written down has been there."""
    house = build()
    house.people("here")
    house.phone("here", [TIKTOK])
    see(house, sighting("here@corp.example", "easphone-here", house.now()))
    house.announce(grace="24h")
    told = house.now()
    house.later(HOUR)
    come(house, "here")
    house.later(HOUR)
    house.deliver()
    assert house.now() > told + HOUR
    house.set("2020-07-11T00:00:00Z")
    assert house.word("here") == "warn"  # told after it was seen: it was not at a door since
    come(house, "here")
    assert house.word("here", at=house.now() + GRACE) == "block"


def test_who_waits_for_a_first_contact_is_not_admitted_ahead(build: Build) -> None:
    """I-17: phones that stayed away are no blocks yet, so the cap counts them when their grace is over."""
    house = build(rails__cap_people_per_hour=2)
    house.people("seed", *(f"late{n}" for n in range(4)))
    house.phone("seed", [TIKTOK])
    see(house, sighting("seed@corp.example", "easphone-seed", house.now()))
    house.announce(grace="24h")
    house.deliver()
    names = [f"late{n}" for n in range(4)]
    house.devices(*(house.phone_row(name, [TIKTOK]) for name in names))
    house.deliver()
    house.set("2020-07-18T09:00:00Z")
    assert {house.word(name) for name in names} == {"warn"}
    come(house, *names)
    assert {house.word(name) for name in names} == {"warn"}
    house.later(2 * DAY)
    assert sum(house.word(name) == "block" for name in names) == 2
    house.later(HOUR)
    house.later(1000)
    assert all(house.word(name) == "block" for name in names)
    house.sound()
