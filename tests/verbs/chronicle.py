"""Random days at a random site, and a chronicle of them: the plain facts from which the slow specification decides.

The chronicle is kept beside the site, not read back from it, except for what the site itself decides: when somebody
was taken into an audience, told, admitted and first at a door after that.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from gatepost.actions import access, announce, exempt, live, retract, waive
from gatepost.actions.letter import Letter
from gatepost.core.change.proposal import Proposal
from gatepost.core.fleet.app import ActiveApp
from gatepost.core.fleet.device import Platform, Visibility
from gatepost.core.instant import DAY, HOUR, Instant
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text, local_instant
from gatepost.storage import audience, catalogue, contacts, devices, people, policies, sitemeta
from gatepost.storage.audience import Listener
from gatepost.storage.devices import Member
from gatepost.storage.policies import Revision
from tests.decision import specification
from tests.decision.worlds import Announced, Report, World
from tests.verbs.doorside import see, sighting
from tests.verbs.houses import LEGAL, ROLES, SECURITY, House, good

NAMES = tuple(f"u{number}" for number in range(9))
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
APPS = {
    "tiktok": {Platform.IOS: "com.zhiliaoapp.musically", Platform.ANDROID: "com.ss.android.ugc.trill"},
    "wechat": {Platform.IOS: "com.tencent.xin", Platform.ANDROID: "com.tencent.mm"},
}


@dataclass
class Chronicle:
    """One house, and what was done there. `seen`: how often each interesting thing happened."""

    house: House
    random: Random
    seen: Counter[str]
    reports: dict[str, list[Report]] = field(default_factory=dict)
    attested: dict[str, list[tuple[str, Instant]]] = field(default_factory=dict)
    waivers: list[tuple[str, str, Instant]] = field(default_factory=list)
    due_when_announced: dict[tuple[str, str], bool] = field(default_factory=dict)
    numbers: int = 0
    approvers: list[str] = field(default_factory=lambda: [SECURITY, LEGAL])
    since: Instant = 0
    contacts: dict[tuple[int, str], Instant] = field(default_factory=dict)

    # --- the beginning

    def begin(self) -> None:
        """People and devices of all kinds."""
        house, random = self.house, self.random
        house.look_for("wechat", until=house.now() + 300 * DAY)
        house.people_rows(*(self._person(name) for name in NAMES))
        for name in NAMES:
            for place in range(random.choice((1, 1, 2))):
                self.report(name, f"{name}-{place}", first=True)

    def _person(self, name: str) -> dict[str, str]:
        return {
            "email": "" if name == "u8" else f"{name}@corp.example",
            "id": f"{name}@corp.example",
            "logins": f"{name}@corp.example",
            "name": name,
            "kind": self.random.choice(("employee", "contractor")),
            "country": self.random.choice(("US", "IN")),
            "time_zone": self.random.choice(ZONES),
            "locale": "en",
            "groups": self.random.choice(("", "sales", "press")),
        }

    # --- what may happen

    def report(self, name: str, device: str, *, first: bool = False) -> None:
        """A report of this device, now or a while ago, or (at first) none."""
        house, random = self.house, self.random
        known = self.reports.setdefault(device, [])
        at = None if first and random.random() < 0.2 else house.now() - random.choice((0, HOUR, 30 * HOUR))
        platform = self._platform(device)
        apps = frozenset(app for app in APPS if random.random() < 0.35) if at is not None else frozenset()
        visibility = random.choice((Visibility.FULL, Visibility.FULL, Visibility.MANAGED_ONLY, Visibility.NONE))
        row = house.phone_row(
            name,
            [APPS[app][platform] for app in apps] + ["com.example.none-of-ours"] * (at is not None),
            id=device,
            at=at,
            platform=platform.value,
            visibility=visibility.word,
            ownership="company" if device.endswith("1") else "personal",
            shared="true" if device == "u7-0" else "",
        )
        house.devices(row)
        if at is None:
            return
        with house.site.store.reading() as conn:
            revision = sitemeta.number(conn, sitemeta.CATALOGUE_REVISION)
        if not known or at >= max(report.reported_at for report in known):
            self.attested[device] = [pair for pair in self.attested.get(device, []) if pair[0] not in apps]
            self.seen["present"] += bool(apps)
        else:
            self.seen["a report that says nothing"] += 1
        known.append(Report(at, visibility, apps, revision))

    @staticmethod
    def _platform(device: str) -> Platform:
        return Platform.ANDROID if device[1] in "13" else Platform.IOS

    def announce(self) -> None:
        """A new policy, sometimes announced some time after it was proposed."""
        house, random = self.house, self.random
        if not self.approvers:
            return
        approver = random.choice(self.approvers)
        self.numbers += 1
        policy = f"policy-{self.numbers}"
        changes: dict[str, Any] = {
            "policy": policy,
            "apps": random.choice((["tiktok"], ["wechat"], ["tiktok", "wechat"])),
            "devices": {"forms": ["phone"]}
            | random.choice(({}, {"ownership": ["personal"]}, {"shared": True}, {"platforms": ["ios"]})),
            "people": random.choice(({}, {}, {"countries": ["US"]}, {"kinds": ["employee"]})),
            "except_": random.choice(({}, {}, {"groups": ["press"]}, {"countries": ["IN"], "ownership": ["company"]})),
            "unseen": random.choice(("allow", "attest", "attest", "block")),
            "deadline": self._deadline(),
            "grace": random.choice(("0", "6h", "24h")),
            "consequence": random.choice(("block", "block", "block", "block", "notify", "report")),
            "tell_first": random.random() < 0.8,
            "approvals": {ROLES[approver].removeprefix("approver:"): 1},
        }
        proposed = house.propose(**changes)
        if random.random() < 0.5:
            name = random.choice(NAMES)
            self.report(name, f"{name}-0")
        house.approve(policy, *(w for w, role in ROLES.items() if role.removeprefix("approver:") in proposed.approvals))
        before = self.due_now(policy)
        good(announce.announce(house.site, None, policy))
        self.due_when_announced |= before

    def _deadline(self) -> str:
        """A date, a local time, an instant, or none at all."""
        day = instant_text(self.house.now() + self.random.choice((DAY, DAY, 2 * DAY)))[:10]
        return self.random.choice((day, f"{day}T17:00", f"{day}T19:30Z", "immediately"))

    def due_now(self, policy: str) -> dict[tuple[str, str], bool]:
        """By the specification: which devices are due now under a policy, waivers aside."""
        with self.house.site.store.reading() as conn:
            revision = policies.latest(conn, policy)
            assert revision is not None
            proposal = live.proposal_of(conn, revision)
            members = list(devices.members(conn, devices.in_use(conn)))
            apps = _apps(conn, proposal)
        now = self.house.now()
        found = {}
        for member in members:
            announced = Announced(proposal.policy, apps)
            found[policy, member.device.id] = specification.due(self._world(member, (announced,)), announced, now)
        return found

    def attest(self) -> None:
        name = self.random.choice(NAMES)
        device, app = f"{name}-0", self.random.choice(tuple(APPS))
        until = self.house.now() + self.random.choice((2 * HOUR, 20 * HOUR, 9 * DAY))
        answer = exempt.attest(self.house.site, None, device, app, until)
        if not isinstance(answer, Refusal):
            self.seen["attested"] += 1
            kept = [pair for pair in self.attested.get(device, []) if pair[0] != app]
            self.attested[device] = [*kept, (app, until)]

    def waive(self) -> None:
        if not self.numbers:
            return
        policy, name = f"policy-{self.random.randint(1, self.numbers)}", self.random.choice(NAMES)
        until = self.house.now() + self.random.choice((2 * HOUR, 30 * HOUR))
        person, device = self.random.choice(((f"{name}@corp.example", ""), ("", f"{name}-0")))
        answer = waive.grant_waiver(
            self.house.site, None, policy, person=person, device=device, until=until, reason="for a test"
        )
        if not isinstance(answer, Refusal):
            self.seen["waived"] += 1
            self.waivers.append((policy, answer.subject, until))

    def deliver(self) -> None:
        def answer(_letter: Letter) -> str:
            return self.random.choice(("accepted",) * 6 + ("refused", "uncertain", "deferred"))

        self.house.deliver(answer, most=1)

    def come(self) -> None:
        """Some phones are at a door; from then on doors tell of whom they see."""
        house, now = self.house, self.house.now()
        names = self.random.sample(NAMES, k=4)
        see(house, *(sighting(f"{name}@corp.example", f"eas{name}-0".casefold(), now, "warned") for name in names))
        house.pass_time()
        self.seen["at a door"] += 1

    def quorum(self) -> None:
        """An approver's role goes, so that what they alone approved is held."""
        if self.approvers:
            approver = self.approvers.pop()
            done = good(access.revoke_role(self.house.site, None, approver, ROLES[approver]))
            self.seen["held"] += bool(done.held)

    def retract(self) -> None:
        if self.numbers:
            policy = f"policy-{self.random.randint(1, self.numbers)}"
            done = retract.retract(self.house.site, None, policy, "", "error", lambda _seconds: None)
            self.seen["retracted"] += not isinstance(done, Refusal)

    def told(self) -> None:
        if self.numbers:
            policy = f"policy-{self.random.randint(1, self.numbers)}"
            exempt.told(self.house.site, None, policy, f"{self.random.choice(NAMES)}@corp.example", "by telephone")

    def move(self) -> None:
        """Somebody's zone, country or groups change."""
        self.house.people_rows(self._person(self.random.choice(NAMES)))

    def deck(self) -> list[Callable[[], None]]:
        """What happens in a history, in any order, none of it left to chance."""
        reports = [partial(self.report, name, f"{name}-0") for name in self.random.choices(NAMES, k=7)]
        deeds: list[Callable[[], None]] = [
            *reports,
            *[self.attest, self.waive, self.deliver] * 4,
            self.come,
            self.come,
            self.told,
            self.told,
            self.move,
            self.move,
        ]
        deeds.append(self.random.choice((self.quorum, self.retract)))
        self.random.shuffle(deeds)
        return deeds

    # --- the facts, as the specification wants them

    def worlds(self) -> Iterator[tuple[Member, World]]:
        with self.house.site.store.reading() as conn:
            members = list(devices.members(conn, devices.in_use(conn)))
            loaded = people.load(conn, {member.person.ref for member in members})
            known = [r for r in policies.history(conn) if r.rule is not None]
            frozen = [(r, live.proposal_of(conn, r), _apps(conn, live.proposal_of(conn, r))) for r in known]
            listeners = audience.of_people(conn, loaded, [r.rule or 0 for r in known])
            self.since = sitemeta.number(conn, sitemeta.SIGHTED_SINCE)
            self.contacts = contacts.of(conn, [r.rule or 0 for r in known], [m.device.ref for m in members])
        for member in members:
            person = loaded[member.person.ref]
            member = member._replace(person=person)
            announced = tuple(
                self._announced(member, *each, listeners.get((each[0].rule or 0, person.ref))) for each in frozen
            )
            yield member, self._world(member, announced)

    def _world(self, member: Member, announced: tuple[Announced, ...]) -> World:
        id_ = member.device.id
        return World(
            member.person,
            member.device,
            announced,
            tuple(self.reports[id_]),
            tuple(self.attested.get(id_, ())),
            self.house.site.settings.fleet.stale_after,
        )

    def _announced(
        self,
        member: Member,
        revision: Revision,
        proposal: Proposal,
        apps: tuple[ActiveApp, ...],
        listener: Listener | None,
    ) -> Announced:
        zone = member.person.time_zone if listener is None else proposal.cells[listener.cell][0]
        deadline, *rings = proposal.policy.deadlines
        late = not self.due_when_announced[revision.policy, member.device.id]
        subjects = {member.person.id, member.device.id}
        return Announced(
            policy=proposal.policy,
            apps=apps,
            number=revision.rule or 0,
            revision=revision.revision,
            counts=revision.stage.value in ("announced", "in_force"),
            held=revision.held,
            deadline_at=0 if deadline.immediately else local_instant(deadline.written, zone),
            ring_at=tuple(local_instant(ring.written, zone) for ring in rings),
            announced_at=revision.begun_at or 0,
            told_at=listener.told_at if listener else None,
            foreseen=listener is not None and listener.foreseen,
            admitted_at=listener.admitted_at if listener else None,
            due_since=listener.due_since if listener and late else None,
            at_doors=bool(listener and listener.told_at and 0 < self.since <= listener.told_at),
            contact_at=self._contact(revision.rule or 0, member, listener),
            notice=24 * HOUR,
            waivers=tuple(
                until for policy, who, until in self.waivers if policy == revision.policy and who in subjects
            ),
        )

    def _contact(self, rule: int, member: Member, listener: Listener | None) -> Instant | None:
        """When the device was first at a door after its person was told."""
        met = self.contacts.get((rule, member.device.ref))
        told_at = listener.told_at if listener else None
        return met if met is not None and told_at is not None and met >= told_at else None


def _apps(conn: Any, proposal: Proposal) -> tuple[ActiveApp, ...]:
    return catalogue.as_named(proposal.apps, catalogue.active(conn))
