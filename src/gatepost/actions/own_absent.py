"""From somebody's own page: that an app is not on a device of theirs, stated with a code that went to their mailbox."""

from gatepost.actions import own_code
from gatepost.actions.change import Change
from gatepost.actions.exempt import give
from gatepost.actions.own_code import Wish
from gatepost.actions.own_page import Page
from gatepost.actions.site import Site
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import AbsentFacts
from gatepost.storage.devices import Member


def send_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """Send the person a code, if none that counts is on its way or there; what it would complete."""
    return own_code.send(site, _ABSENT, token, device)


def waiting_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """What the code that counts now would complete."""
    return own_code.waiting(site, _ABSENT, token, device)


def state_absent(site: Site, token: str, device: str, typed: str) -> tuple[str, ...] | Refusal:
    """Record the person's statement if they typed the code that counts now; the apps that it is about."""

    def state(change: Change, page: Page, member: Member) -> tuple[str, ...]:
        given = give(change, member.device, [app.id for app in page.unseen(member)], _ends(page))
        return tuple(one.app for one in given)

    return own_code.complete(site, _ABSENT, token, device, typed, state)


def _unfit(page: Page, member: Member) -> Refusal | None:
    if page.unseen(member):
        return None
    return Refusal(
        Code.NOT_CONCERNED, "Nothing is to be stated of this device: open your page again to see how it stands."
    )


def _facts(page: Page, member: Member, until: Instant) -> AbsentFacts:
    apps = tuple(app.name for app in page.unseen(member))
    return AbsentFacts(page.told(), page.named(member), apps, until, _ends(page))


def _ends(page: Page) -> Instant:
    return page.now + page.site.settings.attestations.longest


_ABSENT = Wish("absent", _unfit, _facts)
