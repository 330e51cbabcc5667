"""Device passwords of invented devices, as a door's copy holds them."""

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import ALWAYS
from gatepost.core.policy.verdict import DueRule, Standing
from gatepost.doors.device_password import DevicePassword, keep
from gatepost.doors.entry import encode_secret, encode_standing, password_key, secret_key
from tests.doors.site import Entry

ALICE, BOB = "alice@example.com", "bob@example.com"

PHONE, TABLET, WARNED, SHARED, GONE, BOBS = (DevicePassword(8 * sign, 20 * sign) for sign in "abcdef")
"""Alice's phone (blocked), her tablet (clear), a phone of hers that is warned; a shared one; a revoked one; Bob's.

Not random, so that a door's process has the same."""


def entries(password: DevicePassword, label: str, *logins: str, by: int | None = None) -> tuple[Entry, Entry]:
    """What a door hears of a password. `by`: the rule that its device is due under."""
    due = () if by is None else (DueRule(by, 0, 0, Finding.PRESENT, ALWAYS, ALWAYS),)
    standing = encode_standing(Standing(f"ref-{label}", logins, 0, due))
    secret = encode_secret(keep(password.secret, label))
    return (password_key(password.selector), standing), (secret_key(password.selector), secret)


PASSWORDS: tuple[Entry, ...] = (
    *entries(PHONE, "phone1", ALICE, "alice", by=1),
    *entries(TABLET, "tablet1", ALICE, "alice"),
    *entries(WARNED, "phone2", ALICE, "alice", by=2),
    *entries(SHARED, "shared1"),
    *entries(BOBS, "phone1", BOB),
)
"""Beside tests.doors.site.FLEET, whose rule 1 blocks and whose rule 2 warns."""
