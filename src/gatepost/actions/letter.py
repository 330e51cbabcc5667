"""What one notice says: gathered from the proposal that was approved and from what is known of the person now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import Connection

from gatepost.actions.activation_mail import activation_facts
from gatepost.actions.alone import alone_behind, named
from gatepost.actions.cells import cell_of
from gatepost.actions.live import cells_of, live_rules, proposal_of, states
from gatepost.actions.own_link import own_address
from gatepost.actions.proposal_mail import own_deadline, policy_facts, renderer_of, replying
from gatepost.actions.site import Site
from gatepost.core.change.proposal import Proposal
from gatepost.core.change.rails import not_asked_of
from gatepost.core.change.rollout import ring_lines
from gatepost.core.change.warning import RESTS_ON_ONE
from gatepost.core.fleet.finding import Finding
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, Duration, Instant
from gatepost.core.notice.notice import ABOUT_APPROVAL, ABOUT_SITE, NoticeKind
from gatepost.core.policy.verdict import DueRule, RuleState, effect_of
from gatepost.notify.facts import (
    AccessFacts,
    Acted,
    ApprovalFacts,
    DeviceFacts,
    LooksFacts,
    NoticeFacts,
    PolicyFacts,
    RailsFacts,
    no_policy,
)
from gatepost.notify.language import language_of
from gatepost.notify.message import Mail, message_bytes
from gatepost.notify.render import Renderer, load_templates
from gatepost.signatures.link import code, secret
from gatepost.storage import audience, devices, exceptions, people, policies
from gatepost.storage.audience import Listener
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice
from gatepost.storage.policies import Revision

_WAIVERS = frozenset({NoticeKind.WAIVER_RESULT, NoticeKind.WAIVER_ENDS})
_ASKING = _WAIVERS | {NoticeKind.ANNOUNCEMENT, NoticeKind.REMINDER, NoticeKind.UPDATE}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed to the mail server."""

    notice: str
    recipient: str
    message: bytes


class Desk:
    """Writes the letters of one batch: what they have in common is looked up once."""

    def __init__(
        self, conn: Connection, site: Site, batch: Sequence[Notice], now: Instant, *, links: bool = True
    ) -> None:
        """`links`: with the link to the person's own page; not where others than that person read the letter."""
        self.conn, self.site, self.now, self.links = conn, site, now, links
        self.rules = live_rules(conn)
        self.states = states(self.rules)
        self.people = people.load(conn, {notice.person for notice in batch})
        self.facts: dict[str, PolicyFacts] = {}
        self.revisions = {key: _revision(conn, *key) for key in {(n.policy, n.revision) for n in batch if n.policy}}
        self.members: dict[str, list[Member]] = {}
        for member in devices.members(conn, devices.refs_of(conn, self.people)):
            self.members.setdefault(member.person.ref, []).append(member)
        refs = [member.device.ref for group in self.members.values() for member in group]
        self.due = audience.due_of(conn, refs)
        numbers = {revision.rule for revision in self.revisions.values() if revision.rule is not None}
        self.listeners = audience.of_people(conn, self.people, numbers)

    def letter(self, notice: Notice) -> Letter | None:
        """The message for one notice; None if the person has no address any more."""
        person = self.people.get(notice.person)
        if person is None or not person.emails:
            return None
        if notice.kind in ABOUT_SITE:
            rendered = _shipped().render(notice.kind, self._about_site(notice, person))
        else:
            revision = self.revisions[notice.policy, notice.revision]
            proposal = proposal_of(self.conn, revision)
            rendered = renderer_of(proposal).render(notice.kind, self.facts_of(notice, person, revision, proposal))
        settings = self.site.settings
        message = message_bytes(
            Mail(
                sender=(settings.site.name, settings.smtp.sender),
                recipient=(person.name, person.emails[0]),
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                date=self.now,
                message_id=notice.message_id,
                kind=notice.kind,
                policy=notice.policy,
                revision=notice.revision,
                in_reply_to=notice.in_reply_to,
                references=tuple(notice.references.split()),
                exercise=self.site.exercise,
            )
        )
        return Letter(notice.id, person.emails[0], message)

    def facts_of(self, notice: Notice, person: Person, revision: Revision, proposal: Proposal) -> NoticeFacts:
        """What a mail about a policy says to this person now."""
        listener = self.listeners.get((revision.rule or 0, person.ref))
        cell = self._cell(listener, person, revision, proposal)
        deadline = own_deadline(revision, proposal, cell)
        found = self._devices(person, revision, proposal, notice)
        nothing_open = notice.kind in _ASKING and not any(device.open for device in found)
        facts = NoticeFacts(
            policy=self._policy(revision.proposal, proposal),
            name=person.name,
            locale=person.locale,
            time_zone=person.time_zone,
            deadline=deadline,
            notice=self._notice_period(notice, listener, proposal, deadline),
            grace=proposal.policy.grace,
            devices=found,
            still_blocking=self._still_blocking(person, revision),
            until=notice.facts.get("until"),
            statement_ends=notice.facts.get("ends"),
            revoked=bool(notice.facts.get("revoked")),
            declined=bool(notice.facts.get("declined")),
            goes_on=bool(notice.facts.get("goes_on")),
            of_device=notice.kind in _WAIVERS and "device" in notice.facts,
            exempt_until=self._exempt_until(person, revision) if nothing_open else None,
            past=self._past(notice, listener, proposal, deadline),
            nothing_open=nothing_open,
            moved_from=self._moved_from(notice, revision, proposal, cell, deadline),
            still_blocked=self._still_blocked(person, notice) if notice.kind is NoticeKind.RESTORED else (),
            note=str(notice.facts.get("note", "")),
            approval=self._approval(notice, person, revision, proposal),
            link=self._link(notice),
        )
        if notice.in_reply_to and notice.kind not in ABOUT_APPROVAL:
            return replying(facts, renderer_of(proposal))
        return facts

    def _link(self, notice: Notice) -> str:
        if not self.links or notice.kind in ABOUT_APPROVAL:
            return ""
        return own_address(self.site, notice.person, notice.policy, self.now)

    def _code(self, notice: Notice) -> str:
        """The code of a mail that has one; where others than the person read it, none."""
        if notice.kind is not NoticeKind.CODE:
            return ""
        return code(self.site.link_key, notice.id) if self.links else "-"

    def _sign_in_link(self, notice: Notice) -> str:
        """As of a code: who reads along must not sign in as them."""
        if notice.kind is not NoticeKind.SIGN_IN:
            return ""
        return f"{notice.facts['link']}/{secret(self.site.link_key, notice.id) if self.links else '-'}"

    def _about_site(self, notice: Notice, person: Person) -> NoticeFacts:
        """What a mail about no policy says: the site's words, and what its notice holds."""
        site = self.site.settings.site
        told = notice.facts
        access, rails = told.get("access"), told.get("rails")
        return NoticeFacts(
            policy=no_policy(site.contact, language_of(site.default_locale), self.site.exercise),
            name=person.name,
            locale=person.locale,
            time_zone=person.time_zone,
            deadline=None,
            devices=tuple(
                DeviceFacts(member.device.platform, member.device.form, name=member.device.id)
                for member in self.members.get(person.ref, ())
                if member.device.ref == told.get("device")
            ),
            note=str(told.get("note", "")),
            acted=Acted(str(told["by"]), int(told["at"]), str(told["about"])) if "by" in told else None,
            until=told.get("until"),
            link=self._sign_in_link(notice),
            activation=activation_facts(self.conn, told, person),
            code=self._code(notice),
            looks=tuple(LooksFacts(**{**look, "purposes": tuple(look["purposes"])}) for look in told.get("looks", ())),
            access=AccessFacts(**{**access, "confirmed_by": tuple(access["confirmed_by"])}) if access else None,
            rails=RailsFacts(rails["at"], tuple(map(tuple, rails["settings"]))) if rails else None,
        )

    def _cell(self, listener: Listener | None, person: Person, revision: Revision, proposal: Proposal) -> int:
        """As it was frozen; an approver's, say, who is in no audience, as it would be."""
        if listener is not None:
            return listener.cell
        numbers = cells_of(self.conn, revision)
        return cell_of(person, proposal.policy, numbers, self.site.settings.site.default_time_zone)

    def _notice_period(
        self, notice: Notice, listener: Listener | None, proposal: Proposal, deadline: Instant | None
    ) -> Duration | None:
        """The notice period, where it may end later than the deadline, so that the mail must say so (I-10)."""
        if not proposal.policy.tell_first or _of_new_hit(notice):
            return None
        told = (
            listener.told_at
            if listener and listener.told_at and notice.kind is not NoticeKind.ANNOUNCEMENT
            else self.now
        )
        return proposal.notice if deadline is None or told + proposal.notice > deadline else None

    def _policy(self, digest: str, proposal: Proposal) -> PolicyFacts:
        """Built once a batch: whoever renders compares it for every mail."""
        if digest not in self.facts:
            self.facts[digest] = policy_facts(self.site, proposal)
        return self.facts[digest]

    def _devices(
        self, person: Person, revision: Revision, proposal: Proposal, notice: Notice
    ) -> tuple[DeviceFacts, ...]:
        """The person's devices of which the policy asks something now; of a mail about one device, that one. A waiver's
        mail speaks of what counts once the waiver is over."""
        about, waiver = notice.facts.get("device"), notice.kind in _WAIVERS
        by = max(self.now, notice.facts.get("until") or self.now) if waiver else self.now
        found = []
        for member in self.members.get(person.ref, ()):
            device, due = member.device, self._due(member.device.ref, revision.rule)
            counts = due is not None and due.counts_from <= by
            asked = due is not None or not _of_new_hit(notice)
            if (device.ref == about and asked) if about is not None else counts:
                facts = _device_facts(member, proposal, due)
                found.append(replace(facts, open=counts or not waiver))
        return tuple(found)

    def _due(self, device: str, rule: int | None) -> DueRule | None:
        return next((due for due in self.due.get(device, ()) if due.rule == rule), None)

    def _still_blocking(self, person: Person, revision: Revision) -> tuple[str, ...]:
        """Titles of the other policies that block one of the person's devices now."""
        numbers = {
            due.rule
            for member in self.members.get(person.ref, ())
            for due in self.due.get(member.device.ref, ())
            if not self._same(due.rule, revision) and _blocks(due, self.states, self.now)
        }
        return tuple(self.rules[number].proposal.policy.title for number in sorted(numbers))

    def _same(self, rule: int, revision: Revision) -> bool:
        """Whether a rule is this revision's, or stands in its place because the policy was relaxed."""
        if rule == revision.rule:
            return True
        known = self.rules.get(rule)
        return known is not None and known.revision.policy == revision.policy and bool(known.proposal.relaxes)

    def _still_blocked(self, person: Person, notice: Notice) -> tuple[DeviceFacts, ...]:
        """The person's other devices that some policy blocks now."""
        return tuple(
            DeviceFacts(member.device.platform, member.device.form, name=member.device.id, shared=member.device.shared)
            for member in self.members.get(person.ref, ())
            if member.device.ref != notice.facts.get("device")
            if any(_blocks(due, self.states, self.now) for due in self.due.get(member.device.ref, ()))
        )

    def _exempt_until(self, person: Person, revision: Revision) -> Instant | None:
        """When the first of the person's devices that would be due is no longer exempted; None if none is."""
        own = [m.device.ref for m in self.members.get(person.ref, ()) if self._due(m.device.ref, revision.rule)]
        waived = exceptions.waived_until(self.conn, [person.ref, *own]).get(revision.policy, {})
        ends = [max(waived.get(ref, ALWAYS), waived.get(person.ref, ALWAYS)) for ref in own]
        return min((end for end in ends if end > self.now), default=None)

    def _past(self, notice: Notice, listener: Listener | None, proposal: Proposal, deadline: Instant | None) -> bool:
        """Whether deadline, notice and grace are over, so that a mail which is not the first asks at once."""
        if notice.kind is NoticeKind.ANNOUNCEMENT or notice.kind in ABOUT_APPROVAL:
            return False
        told = listener.told_at if listener else None
        if told is None:
            return False
        policy = proposal.policy
        bounds = [deadline or told + policy.grace, told + proposal.notice if policy.tell_first else 0]
        if notice.kind in _WAIVERS or _of_new_hit(notice):
            bounds.append(notice.facts.get("until") or 0)
        return max(bounds) <= self.now

    def _moved_from(
        self, notice: Notice, revision: Revision, proposal: Proposal, cell: int, deadline: Instant | None
    ) -> Instant | None:
        """The person's deadline before a relax moved it, in the mail that says so; a pause moves it without a relax."""
        if notice.kind is not NoticeKind.UPDATE or not proposal.relaxes or revision.paused_for or deadline is None:
            return None
        base = policies.revision(self.conn, revision.policy, proposal.relaxes)
        before = own_deadline(base, proposal_of(self.conn, base), cell) if base else None
        return before if before != deadline else None

    def _approval(self, notice: Notice, person: Person, revision: Revision, proposal: Proposal) -> ApprovalFacts | None:
        if notice.kind not in ABOUT_APPROVAL:
            return None
        given: dict[str, int] = {}
        for judgement in policies.judgements(self.conn, revision.policy, revision.revision):
            given[judgement.role] = given.get(judgement.role, 0) + judgement.approved
        author = people.load(self.conn, [revision.author]).get(revision.author)
        return ApprovalFacts(
            proposal=revision.proposal,
            author=author.name if author else "",
            deadline=proposal.policy.deadline.written,
            people=_columns(proposal.impact.people),
            devices=_columns(proposal.impact.devices),
            required=revision.asked,
            given=given,
            role=str(notice.facts.get("role", "")),
            approver=person.emails[0],
            checkpoint=str(notice.facts.get("checkpoint", "")),
            declined_by=str(notice.facts.get("declined_by", "")),
            warnings=_warnings(proposal.warnings, alone_behind(self.conn, self.site, revision.asked)),
            about=proposal.about,
            apps={app.id: app.name for app in proposal.apps},
            named=tuple(f"{app.name} ({app.by})" for app in proposal.apps),
            not_asked=not_asked_of(proposal),
            rings=ring_lines(proposal.policy, proposal.impact.rings),
            any_role=bool(proposal.relaxes),
        )


def _of_new_hit(notice: Notice) -> bool:
    """Whether a reminder is about one device that is due only now, or soon; `until` is its date, notice included."""
    return notice.kind is NoticeKind.REMINDER and "until" in notice.facts


def _device_facts(member: Member, proposal: Proposal, due: DueRule | None) -> DeviceFacts:
    device = member.device
    return DeviceFacts(
        platform=device.platform,
        form=device.form,
        found=(proposal.apps[due.app].name,) if due and due.finding is Finding.PRESENT else (),
        name=device.id,
        shared=device.shared,
        blockable=not device.shared or proposal.policy.shared,
    )


def _warnings(frozen: Sequence[str], alone: Sequence[str]) -> tuple[str, ...]:
    """Those that were frozen; on whom the quorum rests is said as it is now, with a name."""
    others = tuple(text for text in frozen if text != RESTS_ON_ONE)
    return (*others, named(alone)) if alone else others


def _columns(counts: Mapping[str, int]) -> dict[str, int | None]:
    shown = ("hit", "clear", "exempt", "cannot_tell", "unmanaged", "cannot_be_told")
    return {name: counts[name] for name in shown if name in counts}


def _blocks(due: DueRule, known: Mapping[int, RuleState], now: Instant) -> bool:
    state = known.get(due.rule)
    return state is not None and state.counts and effect_of(due, state) <= now


@cache
def _shipped() -> Renderer:
    """For mails about no policy: nobody approved their texts, so they are this version's."""
    return Renderer(load_templates())


def _revision(conn: Connection, policy: str, number: int) -> Revision:
    found = policies.revision(conn, policy, number)
    if found is None:
        raise LookupError(f"a notice is about {policy} revision {number}, which is missing")
    return found
