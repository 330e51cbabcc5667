"""The decision as a table: one row a clause of the design's section 3. The specification must agree on every row."""

from typing import Any

import pytest

from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Form, Ownership, Platform, Visibility
from gatepost.core.fleet.finding import Finding
from gatepost.core.fleet.person import Kind
from gatepost.core.instant import HOUR
from gatepost.core.policy.policy import Consequence, Deadline, Scope, Unseen
from tests.decision import specification
from tests.decision.worlds import CLEAN, HAS_IT, MOBILE, NOWHERE, TIKTOK, UNSEEING, WECHAT, Report, decide, world

ALLOW, WARN, BLOCK = "allow", "warn", "block"
NOW = Deadline("immediately")
BOTH = (TIKTOK, WECHAT)
LATER = ActiveApp("tiktok", dict.fromkeys(MOBILE, 2))
NEWER = ActiveApp("wechat", dict.fromkeys(MOBILE, 2))
ENDED = Report(11 * HOUR)
SEEN_IN_PART = Report(9 * HOUR, Visibility.MANAGED_ONLY, frozenset({"tiktok"}))
BLIND = Report(11 * HOUR, Visibility.NONE)
SHOWN_BLIND = Report(9 * HOUR, Visibility.NONE, frozenset({"tiktok"}))
WECHAT_ON_IT = Report(9 * HOUR, apps=frozenset({"wechat"}))


def scope(**keys: Any) -> Scope:
    return Scope(**{key: frozenset(values) for key, values in keys.items()})


def attested(app: str, hour: int) -> tuple[str, int]:
    return (app, hour * HOUR)


P, S, H, N = Finding.PRESENT, Finding.STALE, Finding.HIDDEN, Finding.NEVER
GOES_STALE: dict[str, Any] = {"reports": (CLEAN,), "stale_after": 111 * HOUR}
"""Absent at hour 9, stale from hour 120."""
ATTESTED: dict[str, Any] = {"reports": (UNSEEING,), "attestations": (attested("tiktok", 120),)}
AT_ONCE: dict[str, Any] = {"reports": (CLEAN,), "notice": 0, "deadline_at": 0}
"""Nothing but grace stands between the announcement at hour 10 and a block."""

# what the row shows, the hour, the outcome, the finding in the first reason (None: no reason), what differs
CASES: list[tuple[str, int, str, Finding | None, dict[str, Any]]] = [
    # the deadline
    ("present, long before the deadline", 50, WARN, P, {}),
    ("present, at the deadline", 100, BLOCK, P, {}),
    ("present, after the deadline", 101, BLOCK, P, {}),
    ("absent, after the deadline", 101, ALLOW, None, {"reports": (CLEAN,)}),
    ("the consequence is to notify", 101, WARN, P, {"consequence": Consequence.NOTIFY}),
    ("the consequence is to report", 101, ALLOW, P, {"consequence": Consequence.REPORT}),
    ("the policy does not count", 101, ALLOW, None, {"counts": False}),
    ("the quorum was lost", 101, WARN, P, {"held": True}),
    # scope
    ("a laptop where phones are named", 101, ALLOW, None, {"form": Form.LAPTOP}),
    ("a tablet where tablets are named too", 101, BLOCK, P, {"form": Form.TABLET}),
    ("an empty scope is everything", 101, BLOCK, P, {"scope": Scope(), "form": Form.LAPTOP}),
    ("another platform is named", 101, ALLOW, None, {"scope": scope(platforms=[Platform.ANDROID])}),
    ("this platform is named", 101, BLOCK, P, {"scope": scope(platforms=[Platform.ANDROID, Platform.IOS])}),
    ("company devices are named", 101, ALLOW, None, {"scope": scope(ownership=[Ownership.COMPANY])}),
    ("personal devices are named", 101, BLOCK, P, {"scope": scope(ownership=[Ownership.PERSONAL])}),
    ("contractors are named", 101, ALLOW, None, {"scope": scope(kinds=[Kind.CONTRACTOR])}),
    ("employees are named", 101, BLOCK, P, {"scope": scope(kinds=[Kind.EMPLOYEE])}),
    ("another country is named", 101, ALLOW, None, {"scope": scope(countries=["IN"])}),
    ("this country is among those named", 101, BLOCK, P, {"scope": scope(countries=["IN", "US"])}),
    ("none of the groups named", 101, ALLOW, None, {"scope": scope(groups=["legal", "press"])}),
    ("one of the groups named", 101, BLOCK, P, {"scope": scope(groups=["legal", "sales"])}),
    ("one key of the scope fails", 101, ALLOW, None, {"scope": scope(countries=["US"], groups=["legal"])}),
    ("an exception wins", 101, ALLOW, None, {"except_": scope(groups=["sales"])}),
    ("somebody else's exception", 101, BLOCK, P, {"except_": scope(groups=["press"])}),
    ("half of an exception is none", 101, BLOCK, P, {"except_": scope(groups=["sales"], countries=["IN"])}),
    ("both keys of an exception", 101, ALLOW, None, {"except_": scope(groups=["sales"], countries=["US"])}),
    ("an exception for a device", 101, ALLOW, None, {"except_": scope(ownership=[Ownership.PERSONAL])}),
    # findings
    ("never reported", 101, BLOCK, N, {"reports": ()}),
    ("reported before the app was active", 101, BLOCK, N, {"reports": (CLEAN,), "apps": (LATER,)}),
    ("seen before its identifiers changed", 101, BLOCK, P, {"apps": (LATER,)}),
    ("a work profile hides it", 101, BLOCK, H, {"reports": (UNSEEING,)}),
    ("absent, a moment before it is stale", 119, ALLOW, None, GOES_STALE),
    ("stale where unseen is allowed", 500, ALLOW, None, GOES_STALE | {"unseen": Unseen.ALLOW}),
    ("hidden where unseen is allowed", 101, ALLOW, None, {"reports": (UNSEEING,), "unseen": Unseen.ALLOW}),
    ("never reported where unseen is allowed", 101, ALLOW, None, {"reports": (), "unseen": Unseen.ALLOW}),
    ("present where unseen is allowed", 101, BLOCK, P, {"unseen": Unseen.ALLOW}),
    ("hidden where unseen blocks", 101, BLOCK, H, {"reports": (UNSEEING,), "unseen": Unseen.BLOCK}),
    ("absent where unseen blocks", 101, ALLOW, None, {"reports": (CLEAN,), "unseen": Unseen.BLOCK}),
    ("no identifier for the platform", 101, ALLOW, None, {"platform": Platform.WINDOWS, "reports": ()}),
    ("no identifier anywhere", 101, ALLOW, None, {"apps": (NOWHERE,), "reports": (CLEAN,), "unseen": Unseen.BLOCK}),
    # present is sticky
    ("a later report without it", 101, ALLOW, None, {"reports": (HAS_IT, ENDED)}),
    ("a later report that sees less", 101, BLOCK, P, {"reports": (HAS_IT, BLIND)}),
    ("seen in part, gone in part", 101, BLOCK, H, {"reports": (SEEN_IN_PART, UNSEEING)}),
    ("shown and then not shown by a source that sees nothing", 101, BLOCK, P, {"reports": (SHOWN_BLIND, BLIND)}),
    ("a report older than the last", 101, BLOCK, P, {"reports": (HAS_IT, Report(8 * HOUR))}),
    ("of two equally old ones the later", 101, ALLOW, None, {"reports": (HAS_IT, CLEAN)}),
    ("age does not end a present", 9999, BLOCK, P, {"stale_after": 10 * HOUR}),
    # attestations
    ("attested", 101, ALLOW, None, ATTESTED),
    ("attested and never reported", 101, ALLOW, None, ATTESTED | {"reports": ()}),
    ("an attestation against a present", 101, BLOCK, P, ATTESTED | {"reports": (HAS_IT,)}),
    ("an attestation where unseen blocks", 101, BLOCK, H, ATTESTED | {"unseen": Unseen.BLOCK}),
    ("an attestation ends: grace", 120, WARN, H, ATTESTED),
    ("an attestation ended and grace is over", 144, BLOCK, H, ATTESTED),
    ("an attestation that ended before the announcement", 100, BLOCK, H, ATTESTED | {"attestations": (("tiktok", 5),)}),
    ("an attestation about another app", 101, BLOCK, H, ATTESTED | {"attestations": (attested("wechat", 900),)}),
    ("stale but attested", 130, ALLOW, None, GOES_STALE | {"attestations": (attested("tiktok", 140),)}),
    # staleness
    ("becomes stale: grace", 120, WARN, S, GOES_STALE),
    ("became stale, a moment before grace is over", 143, WARN, S, GOES_STALE),
    ("became stale and grace is over", 144, BLOCK, S, GOES_STALE),
    ("became stale, but the person had their grace", 120, BLOCK, S, GOES_STALE | {"due_since": 60 * HOUR}),
    ("stale from the announcement on: no grace", 10, BLOCK, S, AT_ONCE | {"stale_after": HOUR}),
    ("stale an hour later: grace", 11, WARN, S, AT_ONCE | {"stale_after": 2 * HOUR}),
    # several apps
    ("the second app is present", 101, BLOCK, P, {"apps": BOTH, "reports": (WECHAT_ON_IT,)}),
    ("present outranks never", 101, BLOCK, P, {"apps": (NEWER, TIKTOK)}),
    ("never outranks hidden", 101, BLOCK, N, {"apps": (TIKTOK, NEWER), "reports": (UNSEEING,)}),
    ("one of two attested", 101, BLOCK, H, ATTESTED | {"apps": BOTH}),
    ("the app without identifiers needs no attestation", 101, ALLOW, None, ATTESTED | {"apps": (TIKTOK, NOWHERE)}),
    # telling
    ("not told", 9999, WARN, P, {"told_at": None}),
    ("told late: the notice runs", 119, WARN, P, {"told_at": 96 * HOUR}),
    ("told late and the notice is over", 120, BLOCK, P, {"told_at": 96 * HOUR}),
    ("not told where the policy does not tell first", 100, BLOCK, P, {"told_at": None, "tell_first": False}),
    ("a shorter notice", 97, BLOCK, P, {"told_at": 96 * HOUR, "notice": HOUR, "deadline_at": 0}),
    # at a door
    ("not at a door since its person was told", 9999, WARN, P, {"at_doors": True}),
    ("at a door at once: the deadline as announced", 100, BLOCK, P, {"at_doors": True, "contact_at": 11 * HOUR}),
    ("first at a door after the deadline: grace", 223, WARN, P, {"at_doors": True, "contact_at": 200 * HOUR}),
    ("first at a door, and grace is over", 224, BLOCK, P, {"at_doors": True, "contact_at": 200 * HOUR}),
    ("not at a door, where the policy gives no grace", 100, BLOCK, P, {"at_doors": True, "grace": 0}),
    ("a contact where doors say nothing", 100, BLOCK, P, {"contact_at": 200 * HOUR}),
    ("at doors where the policy does not tell first", 100, BLOCK, P, {"at_doors": True, "tell_first": False}),
    # immediately
    ("immediately: grace after being told", 83, WARN, P, {"deadline": NOW, "deadline_at": 0, "told_at": 60 * HOUR}),
    ("immediately: grace is over", 84, BLOCK, P, {"deadline": NOW, "deadline_at": 0, "told_at": 60 * HOUR}),
    ("immediately: a longer notice", 84, WARN, P, {"deadline": NOW, "told_at": 60 * HOUR, "notice": 48 * HOUR}),
    (
        "immediately, unasked: grace from the announcement",
        33,
        WARN,
        P,
        {"deadline": NOW, "deadline_at": 0, "tell_first": False},
    ),
    ("immediately, unasked: grace is over", 34, BLOCK, P, {"deadline": NOW, "deadline_at": 0, "tell_first": False}),
    # grace
    ("due since later: grace", 113, WARN, P, {"due_since": 90 * HOUR}),
    ("due since later and grace is over", 114, BLOCK, P, {"due_since": 90 * HOUR}),
    ("grace over before the deadline", 99, WARN, P, {"due_since": 20 * HOUR}),
    # waivers
    ("waived", 149, ALLOW, None, {"waivers": (150 * HOUR,)}),
    ("a waiver ends: no grace", 150, BLOCK, P, {"waivers": (150 * HOUR,)}),
    ("the longer of two waivers", 149, ALLOW, None, {"waivers": (120 * HOUR, 150 * HOUR)}),
    ("a waiver that ended before the deadline", 99, WARN, P, {"waivers": (50 * HOUR,)}),
    ("a waiver ends after staleness and its grace", 150, BLOCK, S, GOES_STALE | {"waivers": (150 * HOUR,)}),
    ("a waiver ends within the grace of staleness", 130, WARN, S, GOES_STALE | {"waivers": (130 * HOUR,)}),
    # foreseen
    ("unforeseen, not admitted", 9999, WARN, P, {"foreseen": False}),
    ("unforeseen, a moment before admission", 199, WARN, P, {"foreseen": False, "admitted_at": 200 * HOUR}),
    ("unforeseen and admitted", 200, BLOCK, P, {"foreseen": False, "admitted_at": 200 * HOUR}),
    ("foreseen needs no admission", 100, BLOCK, P, {"admitted_at": 200 * HOUR}),
    # shared
    ("shared, and the policy does not say so", 9999, WARN, P, {"own_shared": True}),
    ("shared, and the policy says so", 101, BLOCK, P, {"own_shared": True, "shared": True}),
]


@pytest.mark.parametrize(
    ("hour", "outcome", "found", "changes"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_case(hour: int, outcome: str, found: Finding | None, changes: dict[str, Any]) -> None:
    """Every clause of the design gives the outcome and the finding it says, and the specification agrees (I-1)."""
    facts = world(**changes)
    verdict = decide(facts, hour * HOUR)
    assert verdict.outcome.word == outcome
    assert (verdict.reasons[0].finding if verdict.reasons else None) is found
    assert (verdict.outcome, frozenset(verdict.reasons)) == specification.decide(facts, hour * HOUR)


def test_the_table_is_a_table() -> None:
    """No clause is written twice, and each outcome is asked for often enough to mean something."""
    names = [row[0] for row in CASES]
    assert len(set(names)) == len(names) >= 60
    assert all(sum(1 for row in CASES if row[2] == outcome) >= 15 for outcome in (ALLOW, WARN, BLOCK))
