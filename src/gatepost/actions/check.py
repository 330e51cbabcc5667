"""A fresh report of one device, asked for by its owner or the help desk.

Gatepost reaches no device manager. It tells the webhooks that take it; whoever receives that asks the manager, and the
report comes in as every other. What was told is all that is kept, for a day: how often was asked is counted by it.
"""

from typing import Final

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.site import Site
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import DAY, MINUTE, Duration, Instant
from gatepost.core.ledger.ask_events import CheckAsked
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import webhooks

EVERY: Final[Duration] = 5 * MINUTE
"""A device is asked about once in this time, for which a question is worth telling: each wakes the device, which may
take a while to answer."""

MOST: Final = 60
"""Questions in a minute, of everybody: a webhook is told one thing at a time, so a receiver that takes a second for
each keeps up."""

_KEPT: Final[Duration] = DAY

_MAY_CHANGE: Final = frozenset({Finding.PRESENT, Finding.STALE, Finding.NEVER})
"""What a fresh report may end. A source that cannot see an app does not see it the next time either."""


def checkable(site: Site, device: Device, found: Finding | None) -> bool:
    """Whether somebody can ask the device's manager, and a report may change what is known of an app on it."""
    asks = any(webhook.takes("device.check_asked") for webhook in site.settings.webhooks.values())
    return asks and device.managed and found in _MAY_CHANGE


def asked_at(conn: Connection, device: str, now: Instant) -> Instant | None:
    """When a report of this device (by pseudonym) was asked for, if it is not asked for again yet."""
    return webhooks.asked_at(conn, device, now - EVERY)


def already(conn: Connection, device: str, now: Instant) -> Instant | Refusal | None:
    """Since when an answer is awaited, or why nobody is asked now; None if somebody can be."""
    asked = asked_at(conn, device, now)
    if asked is not None or webhooks.devices_since(conn, now - MINUTE) < MOST:
        return asked
    return Refusal(
        Code.CHECKS_SPENT,
        f"{MOST} reports were asked for in the last minute, as many as in any: try again in a minute. The device also"
        " reports by itself, or once somebody opens the device manager on it.",
    )


def ask(change: Change, device: str) -> Instant | Refusal:
    """Ask for a report of a device that is checkable, unless it was asked for already; since when it is awaited."""
    known = already(change.conn, device, change.now)
    if known is not None:
        return known
    change.record(CheckAsked(device))
    return change.now


def forget(conn: Connection, now: Instant) -> None:
    """Erase what was asked longer than a day ago."""
    webhooks.forget_devices(conn, now - _KEPT)
