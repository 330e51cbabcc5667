"""What lets a device in that a policy would else stop: its own exception, a waiver, or the owner's statement."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from gatepost.actions.live import LiveRule, live_rules
from gatepost.actions.site import Site
from gatepost.core.fleet.device import Device
from gatepost.core.instant import Instant
from gatepost.core.policy.compiled import Compiled
from gatepost.core.policy.due import DueApp, due_app
from gatepost.core.policy.policy import Consequence
from gatepost.storage import devices, exceptions, people
from gatepost.storage.devices import Member


class LetIn(NamedTuple):
    """Why a policy does not count for a device now. `by`: except, waiver or attestation; `name`: the waiver's or the
    statement's, "" for an exception. `until`: None where it has no end."""

    policy: str
    revision: int
    app: str
    by: Literal["except", "waiver", "attestation"]
    name: str
    until: Instant | None


def let_in(conn: Connection, site: Site, device: Device, at: Instant) -> tuple[LetIn, ...]:
    """What holds for a device in use at an instant, of the policies under which it would else be due; by policy."""
    member = next(devices.members(conn, [device.ref]))
    exemptions = _Exemptions(conn, site, device, member, at)
    return tuple(found for known in live_rules(conn).values() for found in exemptions.under(known))


class _Exemptions:
    """Of one device at one instant."""

    def __init__(self, conn: Connection, site: Site, device: Device, member: Member, at: Instant) -> None:
        self.device, self.evidence, self.at = device, member.evidence, at
        self.person = people.load(conn, [device.owner])[device.owner]
        self.stale_after = site.settings.fleet.stale_after
        self.attested = exceptions.attested_until(conn, [device.ref]).get(device.ref, {})
        self.statements = {statement.app: statement for statement in exceptions.attestations_of(conn, [device.ref])}
        self.waivers = [one for one in exceptions.waivers_of(conn, [self.person.ref, device.ref]) if one.until > at]

    def under(self, known: LiveRule) -> Iterator[LetIn]:
        """Under one rule, all of them that hold: taking one away would let the others hold on."""
        compiled, revision = Compiled([known.rule]), known.revision
        if not known.state.counts or known.proposal.policy.consequence is Consequence.REPORT:
            return
        due = self._due(known, attested=False)
        if due is None or not compiled.in_scope(self.person, self.device):
            return
        app = known.state.apps[due.place]
        if compiled.exempted(self.person, self.device):
            yield LetIn(revision.policy, revision.revision, app, "except", "", None)
        for waiver in self.waivers:
            if waiver.policy == revision.policy:
                yield LetIn(revision.policy, revision.revision, app, "waiver", waiver.waiver, waiver.until)
        if self._due(known, attested=True) is None and (statement := self.statements.get(app)):
            name, until = statement.attestation, statement.until
            yield LetIn(revision.policy, revision.revision, app, "attestation", name, until)

    def _due(self, known: LiveRule, *, attested: bool) -> DueApp | None:
        """By which app the device is due by now, its owner's statements taken into account or not."""
        statements = self.attested if attested else {}
        due = due_app(known.rule, self.device.platform, self.evidence, statements, self.stale_after)
        return due if due is not None and due.since <= self.at else None
