"""An invented site for the door's tests: devices, rules, and the batches that tell of them."""

import base64

from gatepost import clock
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS, NEVER, Instant
from gatepost.core.policy.policy import Consequence
from gatepost.core.policy.verdict import DueRule, RuleState, Standing
from gatepost.doors.entry import Batch, encode_standing, encode_state, identity_key, rule_key

SITE = "site-1"
Entry = tuple[bytes, bytes | None]


def device(eas_id: str, *logins: str, rule: int | None = None, not_before: Instant = ALWAYS) -> Entry:
    """A device of these logins; with a rule, one that carries its app."""
    due = () if rule is None else (DueRule(rule, 0, 0, Finding.PRESENT, ALWAYS, not_before),)
    return identity_key(eas_id), encode_standing(Standing(f"ref-{eas_id}", logins, 0, due))


def rule(
    number: int,
    effect: Instant = ALWAYS,
    *,
    counts: bool = True,
    consequence: Consequence = Consequence.BLOCK,
) -> Entry:
    """A policy revision, by default one that blocks everywhere since always."""
    state = RuleState(f"policy-{number}", 1, counts, False, consequence, ("tiktok",), (effect,))
    return rule_key(number), encode_state(state)


def batch(position: int, *entries: Entry, site: str = SITE, server_now: Instant | None = None) -> Batch:
    return Batch(site, position, clock.system_now() if server_now is None else server_now, 0, entries)


FLEET: tuple[Entry, ...] = (
    rule(1),
    rule(2, consequence=Consequence.NOTIFY),
    rule(3, NEVER - 1),
    device("CLEAN1", "alice@example.com"),
    device("TIKTOK1", "alice@example.com", rule=1),
    device("WARNED1", "alice@example.com", rule=2),
    device("LATER1", "alice@example.com", rule=3),
    device("SHARED1"),
    device("76313430446576696365", "alice@example.com", rule=1),  # hex of v140Device
    device("v140Device", "alice@example.com"),
)
"""Of alice: a clean phone, a blocked, a warned, one to be blocked later; one shared; one with two names."""

PENNY = "penny@example.com"
LATER = tuple(device(f"PENNY{number}", PENNY, rule=3) for number in range(5))
"""Of Penny, all to be blocked later."""

V140 = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"
"""Microsoft's example of a base64 query: Sync, device v140Device, protocol 14.0."""


def basic(user: str, password: str = "secret") -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


def plain(device_id: str, command: str = "Sync") -> bytes:
    return f"/Microsoft-Server-ActiveSync?Cmd={command}&User=x&DeviceId={device_id}&DeviceType=iPhone".encode()
