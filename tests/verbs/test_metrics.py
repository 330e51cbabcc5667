"""A site's figures: what they say, and of whom they say nothing."""

from gatepost.actions import pause
from gatepost.actions.metrics import FIGURES, site_figures
from gatepost.core.change.stage import Stage
from gatepost.core.instant import DAY, HOUR, MINUTE
from gatepost.core.notice.notice import NoticeState
from gatepost.storage import feed, sitemeta
from tests.verbs.conftest import Build
from tests.verbs.houses import OPERATOR, POLICY, SECURITY, TIKTOK, House, good

Values = dict[tuple[str, ...], float]
CANARY = "qxmetric"


def values(house: House) -> dict[str, Values]:
    return {shown.figure.name: dict(shown.values) for shown in site_figures(house.site)}


def one(house: House, name: str) -> float:
    return values(house)[name][()]


def test_every_figure_of_a_site_is_told(house: House) -> None:
    """What the reference lists is what a new site says, each with 0 where there is nothing yet."""
    told = site_figures(house.site)
    assert {shown.figure for shown in told} == set(FIGURES)
    assert len(told) == len(FIGURES)
    now = values(house)
    assert now["gatepost_policy_revisions"] == {(stage.value,): 0 for stage in Stage}
    assert now["gatepost_notices"] == {(state.value,): 0 for state in NoticeState}
    for name in ("gatepost_policies_paused", "gatepost_policies_held", "gatepost_blocks_frozen"):
        assert now[name] == {(): 0}
    assert now["gatepost_ledger_entries"] == {(): len(house.ledger())}


def test_a_policys_life_is_seen(house: House) -> None:
    """Stages, notices and the queue follow what happens; a pause is told, and its mails count as no queue."""
    house.owners(3)
    house.announce()
    assert values(house)["gatepost_policy_revisions"][("announced",)] == 1
    assert values(house)["gatepost_notices"][("queued",)] == 3
    assert one(house, "gatepost_notices_oldest_waiting_seconds") < 60
    house.clock(house.now() + 2 * MINUTE)
    assert 120 <= one(house, "gatepost_notices_oldest_waiting_seconds") < 180
    good(pause.pause(house.site, OPERATOR, POLICY, "wait"))
    assert one(house, "gatepost_policies_paused") == 1
    assert one(house, "gatepost_notices_oldest_waiting_seconds") == 0
    good(pause.resume(house.site, OPERATOR, POLICY))
    house.deliver()
    states = values(house)["gatepost_notices"]
    assert (states[("queued",)], states[("accepted",)] >= 3) == (0, True)
    house.retract()
    assert values(house)["gatepost_policy_revisions"][("retracted",)] == 1


def test_what_an_administrator_must_see_is_told(build: Build) -> None:
    """The cap that froze, a restored site, an activation's end, and when the worker last had looked at everything."""
    house = build(rails__cap_people_per_hour=1)
    end = house.now() + 3 * DAY
    before = one(house, "gatepost_apps_active")
    house.look_for("wechat", until=end)
    assert one(house, "gatepost_apps_active") == before + 1
    told = one(house, "gatepost_activation_first_end_timestamp_seconds")
    assert told == (end - house.site.clock.offset) / 1000
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.FROZEN, "1")
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "1")
    assert one(house, "gatepost_blocks_frozen") == one(house, "gatepost_restore_unacknowledged") == 1
    with house.site.store.writing() as conn:
        sitemeta.put(conn, sitemeta.UNACKNOWLEDGED, "")
    house.later(HOUR)
    before = one(house, "gatepost_worker_last_turn_timestamp_seconds")
    house.later(HOUR)
    assert 0 <= one(house, "gatepost_worker_last_turn_timestamp_seconds") - before < 60, "by the machine's own clock"


def test_doors_are_told_as_they_reported(house: House) -> None:
    """A door that never reported is unconfirmed; then it is what it said last, behind by what it has not confirmed."""
    assert one(house, "gatepost_doors_unconfirmed") == 1
    assert values(house)["gatepost_reported_stance"] == {}
    house.owners(1)
    with house.site.store.reading() as conn:
        newest = feed.position(conn)
    house.hear("mail", newest - 1, "the disk is full")
    now = values(house)
    assert now["gatepost_doors_unconfirmed"] == {(): 1}
    assert now["gatepost_reported_behind_positions"] == {("mail",): 1}
    assert now["gatepost_reported_problem"] == {("mail",): 1}
    stances = {("mail", "observe"): 0, ("mail", "enforce"): 1, ("mail", "open"): 0}
    assert now["gatepost_reported_stance"] == stances
    assert 0 <= now["gatepost_reported_silence_seconds"][("mail",)] < 60
    house.hear("mail", newest)
    assert one(house, "gatepost_doors_unconfirmed") == 0
    assert values(house)["gatepost_reported_problem"] == {("mail",): 0}


def test_no_figure_names_anybody(house: House) -> None:
    """I-37: labels hold stages, states, stances and the names of doors; no person, device, app or policy, whatever they
    are called."""
    house.people(CANARY, groups=CANARY)
    house.phone(CANARY, [TIKTOK], id=f"phone-{CANARY}")
    house.announce(policy=f"no-tiktok-{CANARY}")
    house.hear("mail", 0, f"{CANARY} broke")
    house.deliver()
    house.set(house.now() + 10 * DAY)
    told = site_figures(house.site)
    labels = {value for shown in told for key in shown.values for value in key}
    closed = {stage.value for stage in Stage} | {state.value for state in NoticeState} | {"observe", "enforce", "open"}
    assert labels - closed - {"mail", "true", "0.1.0"} == set()
    assert "tiktok" not in repr(told)
    assert CANARY not in repr(told)
    assert SECURITY not in repr(told)


def test_a_database_that_is_away_is_told(house: House) -> None:
    """Whoever watches learns that it is, and no other figure is made up meanwhile."""
    house.close()
    path = house.site.store.path
    for damage in (
        lambda: path.rename(path.with_suffix(".away")),
        lambda: path.write_bytes(b"nothing of a database" * 99),
    ):
        damage()
        told = values(house)
        assert told.pop("gatepost_info")
        assert told == {"gatepost_database_readable": {(): 0}}
        house.close()
