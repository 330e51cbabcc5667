"""From somebody's own page: that an app is not on a device of theirs, stated with a code that went to their mailbox."""

from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions import own_code
from gatepost.actions.change import Change
from gatepost.actions.exempt import give
from gatepost.actions.own_code import Put, Question, Wish
from gatepost.actions.own_page import Page, page_of
from gatepost.actions.site import Site
from gatepost.core.change.proposal import NamedApp
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.own import AbsentFacts
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice


@dataclass(frozen=True, slots=True)
class _Absent:
    """What is to be stated, of what."""

    page: Page
    member: Member
    apps: list[NamedApp]
    notice: Notice | None
    wish: Wish = Wish.ABSENT

    @property
    def ends(self) -> Instant:
        return self.page.now + self.page.site.settings.attestations.longest

    def facts(self, until: Instant) -> AbsentFacts:
        apps = tuple(app.name for app in self.apps)
        return AbsentFacts(self.page.told(), self.page.named(self.member), apps, until, self.ends)


def send_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """Send the person a code, if none that counts is on its way or there; what it would complete."""
    return own_code.send(site, _put(site, token, device))


def waiting_code(site: Site, token: str, device: str) -> AbsentFacts | Refusal:
    """What the code that counts now would complete."""
    return own_code.waiting(site, _put(site, token, device))


def state_absent(site: Site, token: str, device: str, typed: str) -> tuple[str, ...] | Refusal:
    """Record the person's statement if they typed the code that counts now; the apps that it is about."""

    def state(change: Change, question: Question[AbsentFacts]) -> tuple[str, ...]:
        stated = [app.id for app in question.page.unseen(question.member)]
        ends = question.facts(change.now).ends
        return tuple(one.app for one in give(change, question.member.device, stated, ends))

    return own_code.complete(site, _put(site, token, device), typed, state)


def _put(site: Site, token: str, device: str) -> Put[AbsentFacts]:
    def put(conn: Connection) -> _Absent | Refusal:
        page = page_of(site, conn, token)
        if page is None:
            return Refusal(Code.NO_SUCH_PERSON, "This link opens nothing any more; the newest mail has a newer one.")
        member = page.device_named(device)
        if isinstance(member, Refusal):
            return member
        apps = page.unseen(member)
        if not apps:
            text = "Nothing is to be stated of this device: open your page again to see how it stands."
            return Refusal(Code.NOT_CONCERNED, text)
        return _Absent(page, member, apps, own_code.counting(conn, page, member, Wish.ABSENT))

    return put
