"""What somebody's own page on a policy shows: their own devices and nobody else's data, read and never written.

The page is opened by a link alone, so it shows what their mails say and what the help desk would tell them, and does
nothing. What it can start, own_absent.py, own_ask.py and own_check.py do.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property

from sqlalchemy import Connection

from gatepost.actions import check, live
from gatepost.actions.change import looking
from gatepost.actions.decide import Decider
from gatepost.actions.letter import Desk
from gatepost.actions.looks import seen
from gatepost.actions.own_link import opened
from gatepost.actions.site import Site
from gatepost.actions.waiver_asks import asks
from gatepost.core.change.proposal import NamedApp
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.fleet.finding import Finding, finding
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, NEVER, Instant
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.core.policy.compiled import Compiled
from gatepost.core.policy.policy import Unseen
from gatepost.core.policy.verdict import Outcome
from gatepost.core.refusal import Code, Refusal
from gatepost.notify.facts import DeviceFacts, NoticeFacts
from gatepost.notify.own import OwnAsk, OwnFacts, OwnLook, Stands
from gatepost.notify.own_device import OwnDevice
from gatepost.notify.untrusted import one_line
from gatepost.signatures.link import Sealed
from gatepost.storage import exceptions, people, policies
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Revision

_UNSEEN = frozenset({Finding.STALE, Finding.HIDDEN, Finding.NEVER})


def own_facts(site: Site, token: str) -> OwnFacts | None:
    """What the page of this link shows; None if the link is nobody's or over, and for whoever left or was erased."""
    with looking(site) as conn:
        page = page_of(site, conn, token)
        return None if page is None else page.facts()


def page_of(site: Site, conn: Connection, token: str) -> "Page | None":
    """The page that a link opens."""
    link = opened(site, token)
    if link is None:
        return None
    person = people.load(conn, [link.person]).get(link.person)
    announced = policies.announced(conn, link.policy)
    if person is None or not person.working or not announced:
        return None
    return Page(site, conn, person, announced[-1], link)


def device_on(site: Site, conn: Connection, token: str, name: str) -> "tuple[Page, Member] | Refusal":
    """The page that a link opens, and the one of its devices that it shows under this name."""
    page = page_of(site, conn, token)
    if page is None:
        return Refusal(Code.NO_SUCH_PERSON, "This link opens nothing any more; the newest mail has a newer one.")
    member = page.device_named(name)
    return member if isinstance(member, Refusal) else (page, member)


class Page:
    """One person's devices under the newest announced revision of a policy, at one instant."""

    def __init__(self, site: Site, conn: Connection, person: Person, revision: Revision, link: Sealed) -> None:
        self.site, self.conn, self.person, self.revision, self.link = site, conn, person, revision, link
        decider = Decider(site, conn)
        self.now = decider.at
        self.proposal = live.proposal_of(conn, revision)
        self.notice = _as_reminder(person, revision, self.now)
        self.desk = Desk(conn, site, [self.notice], self.now, links=False)
        self.rule = self.desk.rules.get(revision.rule or 0)
        self.compiled = Compiled([self.rule.rule] if self.rule else [])
        members = self.desk.members.get(person.ref, ())
        refs = [member.device.ref for member in members]
        self.attested = exceptions.attested_until(conn, refs)
        self.waived = exceptions.waived_until(conn, [person.ref, *refs]).get(revision.policy, {})
        self.verdicts = {
            member.device.ref: decider.known(decider.standing(member.device), member.device.id, "").verdict
            for member in members
        }
        # What is blocked first: that is why somebody without mail is here.
        self.members = sorted(members, key=lambda one: (-self.verdicts[one.device.ref].outcome, one.device.id))

    def told(self) -> NoticeFacts:
        """What a mail of this moment would say."""
        return self.desk.facts_of(self.notice, self.person, self.revision, self.proposal)

    def facts(self) -> OwnFacts:
        own = {member.device.ref: self._device(member) for member in self.members}
        due = [ref for ref in own if self._due(ref)]
        told = self.told()
        return OwnFacts(
            notice=replace(told, devices=tuple(own[ref].device for ref in due)),
            stands=self._stands(due, told.exempt_until is not None),
            devices=tuple(own.values()),
            evidence=self.proposal.about.evidence,
            looks=tuple(_looks(self.conn, self.person.ref)),
            until=self.link.until,
            asked=tuple(OwnAsk(self.named(member), at) for member, at in self._asked),
            askable=tuple(self.named(member) for member in self.members if self.askable(member)),
        )

    @cached_property
    def _asked(self) -> list[tuple[Member, Instant]]:
        """The waivers that wait for an answer: for which device, since when."""
        waiting = {one.device: one.at for one in asks(self.conn, self.now, self.revision.policy)}
        return [(one, waiting[one.device.ref]) for one in self.members if one.device.ref in waiting]

    def askable(self, member: Member) -> bool:
        """Whether a waiver can be asked for: the policy asks something of a device now, none was asked for already, and
        a code can reach its owner."""
        asked = self.revision.stage in LIVE and self._due(member.device.ref) and bool(self.person.emails)
        return asked and all(other is not member for other, _ in self._asked)

    def checkable(self, member: Member) -> bool:
        """Whether its device manager can be asked for a report that may end what is asked of it."""
        asks = self.revision.stage in LIVE and self.revision.paused_at is None and self._due(member.device.ref)
        return asks and check.checkable(self.site, member.device, self._found(member)[0])

    def _stands(self, due: Collection[str], exempt: bool) -> Stands:
        if self.revision.stage is Stage.RETRACTED:
            return Stands.WITHDRAWN if self.revision.because == "withdrawn" else Stands.ERROR
        if self.revision.stage not in LIVE:
            return Stands.ENDED
        if self.revision.paused_at is not None:
            return Stands.PAUSED
        if not due:
            return Stands.EXEMPT if exempt else Stands.CLEAR
        return Stands.BLOCKED if any(self._blocks(ref) for ref in due) else Stands.ASKED

    def _blocks(self, device: str) -> bool:
        """Whether this policy keeps it from mail now."""
        reasons = self.verdicts[device].reasons
        return any(one.policy == self.revision.policy and one.outcome is Outcome.BLOCK for one in reasons)

    def _due(self, device: str) -> bool:
        """Whether something is asked of it now, and not only once a waiver ends or a report grows old."""
        rows = self.desk.due.get(device, ())
        return any(row.rule == self.revision.rule and row.counts_from <= self.now for row in rows)

    def _device(self, member: Member) -> OwnDevice:
        device, verdict = member.device, self.verdicts[member.device.ref]
        found, present = self._found(member)
        counting = [reason for reason in verdict.reasons if reason.outcome is verdict.outcome]
        titles = {rule.revision.policy: rule.proposal.policy.title for rule in self.desk.rules.values()}
        others = sorted({one.policy for one in counting if one.outcome is Outcome.BLOCK} - {self.revision.policy})
        checkable = self.checkable(member)
        exempt = max(self.waived.get(self.person.ref, ALWAYS), self.waived.get(device.ref, ALWAYS))
        return OwnDevice(
            device=self.named(member, present),
            found=found,
            outcome=verdict.outcome,
            effect_at=min((reason.effect_at for reason in counting), default=NEVER),
            reported_at=member.evidence.reported_at,
            others=tuple(titles[policy] for policy in others),
            attested_until=self._attested(device.ref, found),
            exempt_until=exempt if exempt > self.now else None,
            statable=bool(self.unseen(member)),
            checkable=checkable,
            asked_at=check.asked_at(self.conn, device.ref, self.now) if checkable else None,
        )

    def device_named(self, name: str) -> Member | Refusal:
        """The one of theirs that the page shows under this name."""
        found = [one for one in self.members if one_line(one.device.id) == name]
        if len(found) != 1:
            return Refusal(Code.NO_SUCH_DEVICE, "This is no device of yours; open your page again.")
        return found[0]

    def named(self, member: Member, present: tuple[str, ...] = ()) -> DeviceFacts:
        """A device as the page names it, with the apps found on it."""
        device = member.device
        blockable = not device.shared or self.proposal.policy.shared
        return DeviceFacts(device.platform, device.form, present, device.id, device.shared, blockable=blockable)

    def unseen(self, member: Member) -> list[NamedApp]:
        """The apps of which the person can state now that they are not on a device: something is asked of it because
        nobody can see, the policy takes their word, and a code can reach them."""
        if self.proposal.policy.unseen is not Unseen.ATTEST or not self.person.emails:
            return []
        found = self._findings(member) if self._due(member.device.ref) else []
        if any(seen is Finding.PRESENT for _, seen in found):
            return []
        return [app for app, seen in found if seen in _UNSEEN]

    def _found(self, member: Member) -> tuple[Finding | None, tuple[str, ...]]:
        """The strictest finding of the policy's apps, and the names of those that are present; None where it asks
        nothing of the device."""
        found = self._findings(member)
        present = tuple(app.name for app, seen in found if seen is Finding.PRESENT)
        return max((seen for _, seen in found), default=None), present

    def _findings(self, member: Member) -> list[tuple[NamedApp, Finding]]:
        """What is known of each of the policy's apps that a device of its platform can have; of a device that it does
        not concern nothing."""
        person, device, evidence = self.person, member.device, member.evidence
        scoped = self.compiled.in_scope(person, device) and not self.compiled.exempted(person, device)
        if self.rule is None or not scoped:
            return []
        stale_after = self.site.settings.fleet.stale_after
        apps = zip(self.proposal.apps, self.rule.rule.apps, strict=True)
        found = [(named, finding(app, device.platform, evidence, stale_after, self.now)) for named, app in apps]
        return [(named, seen) for named, seen in found if seen is not None]

    def _attested(self, device: str, found: Finding | None) -> Instant | None:
        """Until when a statement takes the place of what cannot be seen."""
        if self.proposal.policy.unseen is not Unseen.ATTEST or found not in _UNSEEN:
            return None
        ends = self.attested.get(device, {})
        named = {app.id for app in self.proposal.apps}
        return min((end for app, end in ends.items() if app in named and end > self.now), default=None)


def _as_reminder(person: Person, revision: Revision, now: Instant) -> Notice:
    """The mail that the page says the same as, which is never sent."""
    return Notice(
        id="",
        policy=revision.policy,
        revision=revision.revision,
        kind=NoticeKind.REMINDER,
        person=person.ref,
        step="",
        state=NoticeState.WITHDRAWN,
        message_id="",
        in_reply_to="",
        references="",
        facts={},
        created_at=now,
        not_before=now,
    )


def _looks(conn: Connection, ref: str) -> Iterator[OwnLook]:
    """Every look at them, newest first."""
    for look, by, purpose in reversed(seen(conn, ref)):
        yield OwnLook(look.at, by, look.what, purpose)
