"""From somebody's own page: a waiver for a device of theirs, asked for with a code that went to their mailbox.

Those who may grant it hear of it at once. What waits is what the ledger says was asked, and nobody has answered.
"""

import secrets

from gatepost.actions import own_code
from gatepost.actions.change import Change
from gatepost.actions.outbox import tell_of
from gatepost.actions.own_code import Wish
from gatepost.actions.own_page import Page
from gatepost.actions.site import Site
from gatepost.actions.waive import granting_roles
from gatepost.core.instant import Instant
from gatepost.core.ledger.ask_events import WaiverAsked
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import AskFacts
from gatepost.storage import access, people
from gatepost.storage.devices import Member


def send_code(site: Site, token: str, device: str) -> AskFacts | Refusal:
    """Send the person a code, if none that counts is on its way or there; what it would complete."""
    return own_code.send(site, _WAIVER, token, device)


def waiting_code(site: Site, token: str, device: str) -> AskFacts | Refusal:
    """What the code that counts now would complete."""
    return own_code.waiting(site, _WAIVER, token, device)


def ask_waiver(site: Site, token: str, device: str, typed: str, reason: str) -> str | Refusal:
    """Ask for it, for a reason, if the person typed the code that counts now; the name under which it waits."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "Say what the app is needed for: whoever decides reads it.")

    def ask(change: Change, page: Page, member: Member) -> str:
        name, policy = f"k_{secrets.token_hex(6)}", page.revision.policy
        change.record(WaiverAsked(name, policy, member.device.ref, change.words(reason.strip())))
        _tell(change, page, member, reason.strip())
        return name

    return own_code.complete(site, _WAIVER, token, device, typed, ask)


def _tell(change: Change, page: Page, member: Member, reason: str) -> None:
    """Everybody who may grant it hears of it, but for whoever asks."""
    wanted = set(granting_roles(change.site))
    any_approver = "approver" in wanted
    holders = {
        grant.person
        for grant in access.held(change.conn, change.now)
        if grant.role in wanted or (any_approver and grant.role.startswith("approver:"))
    }
    about = f"{page.revision.policy}: {member.device.id}"
    for person in people.load(change.conn, holders - {page.person.ref}).values():
        if person.working and person.emails:
            tell_of(change, NoticeKind.WAIVER_ASKED, person.ref, page.person.name, about, note=reason)


def _unfit(page: Page, member: Member) -> Refusal | None:
    if page.askable(member):
        return None
    text = "Nothing is asked of this device now, or a waiver was asked for already: open your page again."
    return Refusal(Code.NOT_CONCERNED, text)


def _facts(page: Page, member: Member, until: Instant) -> AskFacts:
    return AskFacts(page.told(), page.named(member), until)


_WAIVER = Wish("waiver", _unfit, _facts)
