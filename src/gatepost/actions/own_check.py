"""From somebody's own page: a fresh report of a device of theirs, asked of its device manager.

The link alone is enough: what comes of it is a report that the manager would have sent sooner or later.
"""

from gatepost.actions import check
from gatepost.actions.change import changing, looking
from gatepost.actions.own_page import Page, device_on
from gatepost.actions.site import Site
from gatepost.actions.who import acting
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.storage.devices import Member


def ask_check(site: Site, token: str, device: str) -> Instant | Refusal:
    """Ask for a report of the device that the page shows under this name; since when it is awaited."""
    with looking(site) as conn:  # whoever presses again keeps nobody from writing
        found = _fit(device_on(site, conn, token, device))
        if isinstance(found, Refusal):
            return found
        page, member = found
        known = check.already(conn, member.device.ref, page.now)
        if known is not None:
            return known
    with changing(site) as change:
        found = _fit(device_on(site, change.conn, token, device))
        if isinstance(found, Refusal):
            return found
        page, member = found
        actor = acting(change, page.person.id)
        return actor if isinstance(actor, Refusal) else check.ask(change, member.device.ref)


def _fit(found: tuple[Page, Member] | Refusal) -> tuple[Page, Member] | Refusal:
    if isinstance(found, Refusal) or found[0].checkable(found[1]):
        return found
    text = "Nothing is asked of this device now that a new report could end: open your page again to see how it stands."
    return Refusal(Code.NOT_CONCERNED, text)
