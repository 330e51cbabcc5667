"""Level 1 kept true: whenever something about a device, its person or a rule's audience changes, its standing is
computed anew, written to the tables, published to the doors, and what changed for the person is recorded and told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from gatepost.actions import live
from gatepost.actions.announcing import queue_some
from gatepost.actions.cells import cell_of
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.contacts import FirstContacts
from gatepost.actions.live import LiveRule
from gatepost.actions.newly_due import NewHit, ask_anew, new_hit
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.site import Site
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.instant import ALWAYS, Instant
from gatepost.core.ledger.events import OutcomesChanged
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.compiled import Compiled, Rule
from gatepost.core.policy.due import Terms, due_app, due_rule
from gatepost.core.policy.policy import Consequence, Policy
from gatepost.core.policy.verdict import DueRule, Outcome, Standing, effect_of, outcome_at
from gatepost.doors.entry import certificate_key, encode_standing, identity_key, password_key
from gatepost.storage import admissions, audience, contacts, devices, exceptions, identities, people
from gatepost.storage.audience import DueRow, Listener, Recorded
from gatepost.storage.devices import Member
from gatepost.storage.notices import Notice, announced_to, stop_about, threads

NOBODY = ("\0",)
"""The logins of whoever has none: no request carries this one, while a device without any is bound to nobody."""

_KEYS: Mapping[identities.Kind, Callable[[str], bytes]] = {"certificate": certificate_key, "password": password_key}

PART = 2000
"""Devices brought up to date at once: enough to share look-ups, few enough to hold in memory."""


def refresh_many(change: Change, refs: Iterable[str], keys: Iterable[str] = ()) -> None:
    """As `refresh`; but more than a part is left to `catch_up`, in transactions of its own.

    There is one writer: a retraction must not have to wait until 100,000 standings are written.
    """
    wanted = list(dict.fromkeys(refs))
    if len(wanted) <= PART:
        refresh(change, wanted, keys)
        return
    refresh(change, (), keys)
    audience.postpone(change.conn, wanted)


def catch_up(site: Site) -> None:
    """Compute what was left; every command that leaves something calls this."""
    while catch_up_some(site):
        pass


def catch_up_some(site: Site) -> bool:
    """One part of it, for the worker, which has mail to send between two parts. Whether there was any."""
    if queue_some(site):
        return True
    with looking(site) as conn:
        if not audience.any_pending(conn):
            return False
    with changing(site) as change:
        refresh(change, audience.take_pending(change.conn, PART))
    return True


def refresh(change: Change, refs: Iterable[str], keys: Iterable[str] = ()) -> None:
    """Bring these devices up to date, and whatever stands behind these (case-folded) ActiveSync ids now."""
    wanted = dict.fromkeys(refs)
    for key, ref in _left(change, keys).items():
        if ref is None:
            change.publish({identity_key(key): None})
        else:
            wanted[ref] = None
    rules = live.live_rules(change.conn)
    compiled = live.compiled(rules)
    queue = iter(wanted)
    while part := list(islice(queue, PART)):
        Part(change, rules, compiled, part).write()


def _left(change: Change, keys: Iterable[str]) -> dict[str, str | None]:
    """What stands behind ActiveSync ids that a device gave up; None if nothing does any more."""
    wanted = [key for key in keys if key]
    found = devices.behind(change.conn, wanted)
    return {key: found.get(key) for key in wanted}


class Part:
    """Some devices, and all that their standings depend on, loaded together."""

    def __init__(self, change: Change, rules: Mapping[int, LiveRule], compiled: Compiled, refs: list[str]) -> None:
        conn = change.conn
        self.change, self.rules, self.compiled, self.refs = change, rules, compiled, refs
        self.states = live.states(rules)
        self.stale_after = change.site.settings.fleet.stale_after
        self.members = list(devices.members(conn, refs))
        self.people = people.load(conn, {member.person.ref for member in self.members})
        self.listeners = audience.of_people(conn, self.people, rules)
        self.announced = audience.announced_devices(conn, rules, refs)
        self.recorded = audience.outcomes_of(conn, refs)
        self.waived = exceptions.waived_until(conn, [*self.people, *refs])
        self.before = audience.due_of(conn, refs if self.waived else self.recorded)
        self.attested = exceptions.attested_until(conn, refs)
        self.contacts = FirstContacts(conn, rules, refs)
        self.joined: list[Listener] = []
        self.late: list[Listener] = []
        self.rows: list[DueRow] = []

    def write(self) -> None:
        """Compute, write, publish, record and tell."""
        standings = {member.device.ref: (member, self.standing(member)) for member in self.members}
        conn = self.change.conn
        audience.add(conn, self.joined)
        audience.set_due_since(conn, self.late)
        contacts.put(conn, self.contacts.new)
        audience.replace_due(conn, self.refs, self.rows)
        self._publish(standings)
        self._welcome()
        ask_anew(self.change, self._new_hits())
        self._record(standings)
        self._lapse()

    def standing(self, member: Member) -> Standing:
        person, device, evidence = self.people[member.person.ref], member.device, member.evidence
        attested = self.attested.get(device.ref, {})
        due: list[DueRule] = []
        for rule in self.compiled.select(self.compiled.concerned(person, device, evidence.present)):
            found = due_app(rule, device.platform, evidence, attested, self.stale_after)
            if found is None:
                continue
            known = self.rules[rule.number]
            terms = self._terms(known, person, device, attested, found.since)
            if row := due_rule(rule, device, evidence, terms, self.stale_after):
                due.append(row)
                self.rows.append(DueRow(device.ref, row, self._effect(row), self._ready(rule, member, terms, row)))
        return Standing(device.ref, logins_of(device, person), evidence.reported_at, tuple(due))

    def _terms(
        self, known: LiveRule, person: Person, device: Device, attested: Mapping[str, Instant], since: Instant
    ) -> Terms:
        policy = known.revision.policy
        ends = self.waived.get(policy, {})
        waived = max(ends.get(person.ref, ALWAYS), ends.get(device.ref, ALWAYS))
        listener = self.listeners.get((known.number, person.ref))
        if max(since, waived) <= self.change.now and person.working:
            begun = _begun(known, since, self._behind_waiver(known, device, waived), self.change.now)
            listener = self._heard(known, person, device, listener, begun)
        terms = Terms(
            announced_at=known.announced_at,
            cell=_cell(known, person, self.change),
            notice=known.proposal.notice,
            waived_until=waived,
            attested_until=attested,
        )
        if listener is None:
            return terms
        late = (known.number, device.ref) not in self.announced
        at_doors, contact_at = self.contacts.of(known.number, device.ref, listener.told_at)
        return replace(
            terms,
            cell=listener.cell,
            foreseen=listener.foreseen,
            admitted_at=listener.admitted_at,
            told_at=listener.told_at,
            at_doors=at_doors,
            contact_at=contact_at,
            due_since=listener.due_since if late else None,
        )

    def _behind_waiver(self, known: LiveRule, device: Device, waived: Instant) -> bool:
        """Whether the device was due while the waiver lasted: what came after its end is no business of the waiver."""
        rows = self.before.get(device.ref, ())
        return bool(waived) and any(row.rule == known.number and row.counts_from == waived for row in rows)

    def _heard(
        self, known: LiveRule, person: Person, device: Device, listener: Listener | None, begun: Instant
    ) -> Listener:
        """Somebody with a device that is due now is in the audience; grace begins once for what is due only later."""
        if listener is None:
            foreseen = person.ref in known.proposal.impact.foreseen
            cell = _cell(known, person, self.change)
            listener = Listener(known.number, person.ref, cell, foreseen, None, None, None, begun)
            self.joined.append(listener)
        elif listener.due_since is None and (known.number, device.ref) not in self.announced:
            listener = listener._replace(due_since=begun)
            self.late.append(listener)
        self.listeners[known.number, person.ref] = listener
        return listener

    def _effect(self, due: DueRule) -> Instant:
        return max(self.states[due.rule].effects[due.cell], due.not_before, due.counts_from)

    def _ready(self, rule: Rule, member: Member, terms: Terms, row: DueRule) -> Instant:
        """From when the row would take effect, were the person foreseen."""
        if terms.foreseen:
            return self._effect(row)
        foreseen = replace(terms, foreseen=True)
        return self._effect(due_rule(rule, member.device, member.evidence, foreseen, self.stale_after) or row)

    def _publish(self, standings: Mapping[str, tuple[Member, Standing]]) -> None:
        keyed = {member.device.eas_id.casefold(): ref for ref, (member, _) in standings.items() if member.device.eas_id}
        behind = devices.behind(self.change.conn, keyed)
        entries: dict[bytes, bytes | None] = {}
        for key, ref in behind.items():
            if ref in standings:
                entries[identity_key(key)] = encode_standing(standings[ref][1])
        for identity in identities.of(self.change.conn, self.refs):
            found = standings.get(identity.device)
            entries[key_of(identity)] = encode_standing(found[1]) if found else None
        self.change.publish(entries)

    def _welcome(self) -> None:
        """People who came into an audience late get its announcement as their own notice; so does whoever had no
        address when it went out and has one now, or has another one than that from which it came back."""
        new, kind = [], NoticeKind.ANNOUNCEMENT
        for rule, persons in self._untold().items():
            revision = self.rules[rule].revision
            had = announced_to(self.change.conn, revision.policy, revision.revision, persons)
            moved = people.readdressed_at(self.change.conn, had)
            for person in persons:
                if person not in had:
                    new.append(compose(self.change, revision.policy, revision.revision, kind, person))
                elif (ended := had[person]) is not None and ended < moved[person]:
                    step = f"to another address@{moved[person]}"
                    new.append(compose(self.change, revision.policy, revision.revision, kind, person, step=step))
        enqueue(self.change, new)

    def _new_hits(self) -> Iterator[NewHit]:
        """Devices that are due only now, of people who were told before, while their grace runs."""
        owners = {member.device.ref: member.person.ref for member in self.members}
        for row in self.rows:
            rule, owner = row.due.rule, owners[row.device]
            listener, announced = self.listeners.get((rule, owner)), (rule, row.device) in self.announced
            if listener is not None:
                known, person = self.rules[rule], self.people[owner]
                if hit := new_hit(known, person, listener, row, self.change.now, announced=announced):
                    yield hit

    def _untold(self) -> dict[int, list[str]]:
        """By rule, who has an address, a device that is due now, and was not told yet."""
        owners = {member.device.ref: member.person.ref for member in self.members}
        due = {(row.due.rule, owners[row.device]) for row in self.rows if row.due.counts_from <= self.change.now}
        found: dict[int, list[str]] = {}
        for rule, ref in sorted(due):
            listener, person = self.listeners.get((rule, ref)), self.people[ref]
            untold = listener is not None and listener.told_at is None
            if untold and person.emails and person.working and tells(self.rules[rule].proposal.policy):
                found.setdefault(rule, []).append(ref)
        return found

    def _lapse(self) -> None:
        """An admission lasts as long as the block that it let happen: what is to be blocked anew asks the cap anew."""
        admitted: dict[int, set[str]] = {}
        for (rule, person), listener in self.listeners.items():
            if not listener.foreseen and listener.admitted_at is not None:
                admitted.setdefault(rule, set()).add(person)
        lapsed: set[str] = set()
        for rule, persons in admitted.items():
            open_again = persons - admissions.blocked(self.change.conn, rule, persons, self.change.now)
            audience.set_admitted(self.change.conn, rule, open_again, None)
            lapsed |= open_again
        if lapsed:
            refs = devices.refs_of(self.change.conn, lapsed)
            Part(self.change, self.rules, self.compiled, refs).write()

    def _record(self, standings: Mapping[str, tuple[Member, Standing]]) -> None:
        """Write down what each device's verdict is now, and tell those whose mail was closed or opened."""
        outcomes = {
            ref: Recorded(member.person.ref, *outcome_at(standing.rules, self.states, self.change.now))
            for ref, (member, standing) in standings.items()
        }
        nothing = Recorded("", *outcome_at((), self.states, self.change.now))
        for ref in self.refs:
            outcomes.setdefault(ref, nothing)
        changed = {
            ref: row.outcome.word
            for ref, row in outcomes.items()
            if row.outcome is not self.recorded.get(ref, Outcome.ALLOW)
        }
        if changed:
            self.change.record(OutcomesChanged(changed))
        audience.set_outcomes(self.change.conn, outcomes)
        self._tell({ref: standings[ref] for ref in changed if ref in standings}, outcomes)

    def _tell(
        self,
        changed: Mapping[str, tuple[Member, Standing]],
        outcomes: Mapping[str, Recorded],
    ) -> None:
        """A mail in the thread of the rule that closed the door, or had closed it, for each device that changed."""
        letters: dict[str, list[tuple[Member, NoticeKind, int]]] = {}
        for ref, (member, standing) in changed.items():
            blocked = outcomes[ref].outcome is Outcome.BLOCK
            if not blocked and self.recorded.get(ref) is not Outcome.BLOCK:
                continue
            kind = NoticeKind.BLOCKED if blocked else NoticeKind.RESTORED
            before = self.before.get(ref, ())
            rule = (
                self._blocking(self._counting(standing)) if blocked else self._blocking(before) or self._eased(before)
            )
            if rule is not None and member.person.emails and member.person.working:
                letters.setdefault(self.states[rule].policy, []).append((member, kind, self.states[rule].revision))
        for policy, group in letters.items():
            known = threads(self.change.conn, policy, {member.person.ref for member, _, _ in group})
            about = {member.device.ref: member.person.ref for member, _, _ in group}
            stop_about(self.change.conn, policy, about, self.change.now)
            enqueue(self.change, (self._letter(policy, item, known) for item in group))

    def _counting(self, standing: Standing) -> Iterable[DueRule]:
        """What is due under rules that are not paused: one that is must not be told as what closed the door."""
        return (row for row in standing.rules if row.rule in self.states and self.states[row.rule].counts)

    def _blocking(self, due: Iterable[DueRule]) -> int | None:
        """The first rule whose effect has come."""
        for row in due:
            state = self.states.get(row.rule)
            if state is not None and effect_of(row, state) <= self.change.now:
                return row.rule
        return None

    def _eased(self, due: Iterable[DueRule]) -> int | None:
        """The first rule that was relaxed: by what it says now its effect never came."""
        rules = (row.rule for row in due if row.rule in self.rules)
        return next((rule for rule in rules if self.rules[rule].proposal.relaxes), None)

    def _letter(self, policy: str, item: tuple[Member, NoticeKind, int], known: Mapping[str, list[Notice]]) -> Notice:
        member, kind, revision = item
        person, device = member.person.ref, member.device.ref
        step = f"{device}@{self.change.now}"
        thread = known.get(person, [])
        return compose(self.change, policy, revision, kind, person, step=step, facts={"device": device}, thread=thread)


def key_of(identity: identities.Identity) -> bytes:
    """The door's key for a mail identity besides the ActiveSync id."""
    return _KEYS[identity.kind](identity.key)


def logins_of(device: Device, owner: Person) -> tuple[str, ...]:
    """The logins that a device is bound to; a shared one is to none."""
    return () if device.shared else owner.logins or NOBODY


def tells(policy: Policy) -> bool:
    """Whether the people concerned hear of a policy: one that only reports happens to nobody."""
    return policy.consequence is not Consequence.REPORT


def _begun(known: LiveRule, since: Instant, behind_waiver: bool, now: Instant) -> Instant:
    """When a device became due that was not at the announcement: not when we noticed, where time alone did it.

    Behind a waiver the time ran on, so that its end gives no grace.
    """
    if since > known.announced_at:
        return since
    return known.announced_at if behind_waiver else now


def _cell(known: LiveRule, person: Person, change: Change) -> int:
    """The cell of somebody whom no audience has frozen yet."""
    default_zone = change.site.settings.site.default_time_zone
    return cell_of(person, known.proposal.policy, known.cells, default_zone)
