"""Attestations, tellings and releases: what people do about one policy for one person or device. Waivers: waive.py."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from gatepost.actions.cap import waiting_for_cap
from gatepost.actions.change import Change, changing
from gatepost.actions.live import live_rules
from gatepost.actions.lookup import revision_in
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.actions.who import HELPDESK, OPERATOR, Actor, acting
from gatepost.core.fleet.app import app_of
from gatepost.core.fleet.device import Device
from gatepost.core.instant import Instant, duration_text
from gatepost.core.ledger.events import (
    AttestationGiven,
    AttestationVoided,
    BlocksReleased,
    PersonTold,
)
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import audience, catalogue, devices, exceptions, people, sitemeta


@dataclass(frozen=True, slots=True)
class Attested:
    attestation: str
    device: str
    app: str
    until: Instant


def attest(site: Site, by: str | None, device_name: str, app: str, until: Instant | None = None) -> Attested | Refusal:
    """Record the owner's statement that an app is not on their device; the help desk may record it for them."""
    with changing(site) as change:
        actor = acting(change, by)
        if isinstance(actor, Refusal):
            return actor
        device = devices.find(change.conn, device_name)
        if device is None:
            return Refusal(Code.NO_SUCH_DEVICE, f"No device is known as {device_name}.")
        if refusal := _may_attest(change, actor, device, app):
            return refusal
        longest = change.now + site.settings.attestations.longest
        end = longest if until is None else until
        if not change.now < end <= longest:
            limit = duration_text(site.settings.attestations.longest)
            return Refusal(Code.UNTIL_INVALID, f"An attestation ends in the future, and at most {limit} from now.")
        return give(change, device, [app], end)[0]


def give(change: Change, device: Device, apps: Iterable[str], until: Instant) -> list[Attested]:
    """Record that these apps are not on a device, in the place of what was said before."""
    given = []
    earlier = exceptions.attestations_of(change.conn, [device.ref])
    for app in apps:
        for statement in earlier:
            if statement.app == app:
                change.record(AttestationVoided(statement.attestation, "replaced"))
        attestation = f"a_{secrets.token_hex(6)}"
        change.record(AttestationGiven(attestation, device.ref, app, until))
        given.append(Attested(attestation, device.id, app, until))
    refresh(change, [device.ref])
    return given


def _may_attest(change: Change, actor: Actor, device: Device, app: str) -> Refusal | None:
    if device.owner != actor.ref and not (actor.has(HELPDESK) or actor.has(OPERATOR)):
        return Refusal(
            Code.CANNOT_ATTEST, "An attestation is the owner's own statement; the help desk may record it for them."
        )
    if app not in catalogue.apps(change.conn):
        return Refusal(Code.NO_SUCH_APP, f"The catalogue has no {app}; `apps list` shows what there is.")
    evidence = next(devices.members(change.conn, [device.ref])).evidence
    if app in map(app_of, evidence.present):
        return Refusal(
            Code.APP_PRESENT,
            f"{app} was reported on this device; remove it, then a new report opens the door by itself.",
        )
    return None


def told(site: Site, by: str | None, policy: str, person: str, how: str) -> dict[str, object] | Refusal:
    """Record that somebody was told otherwise than by mail, and how: from now on their notice period runs."""
    if not how.strip():
        return Refusal(Code.PURPOSE_MISSING, "Say how the person was told: add --how TEXT.")
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        revision = revision_in(change.conn, policy, "told")
        if isinstance(revision, Refusal):
            return revision
        known = people.find(change.conn, person)
        if known is None:
            return Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {person}.")
        rule = revision.rule or 0
        listener = audience.of_people(change.conn, [known.ref], [rule]).get((rule, known.ref))
        if listener is None:
            return Refusal(Code.NOT_CONCERNED, f"{person} has no device that {policy} concerns.")
        change.record(PersonTold(policy, revision.revision, known.ref, change.words(how)))
        told_at = change.now if listener.told_at is None else listener.told_at
        if listener.told_otherwise_at is None:  # telling somebody twice gives them no second notice period
            audience.set_told_otherwise(change.conn, rule, known.ref, change.now)
            refresh(change, devices.refs_of(change.conn, [known.ref]))
        return {"policy": policy, "person": known.id, "told_at": instant_text(told_at)}


def release(site: Site, by: str | None, policy: str = "") -> dict[str, object] | Refusal:
    """Let unforeseen blocks go on, still at most the cap's number an hour, after the cap froze them.

    `policy`: only those of this one; "" for all.
    """
    with changing(site) as change:
        actor = acting(change, by, "approver")
        if isinstance(actor, Refusal):
            return actor
        if not sitemeta.get(change.conn, sitemeta.FROZEN):
            return Refusal(Code.NOTHING_FROZEN, "Nothing is frozen; unforeseen blocks go on within the cap.")
        rules = {
            number: known for number, known in live_rules(change.conn).items() if policy in ("", known.revision.policy)
        }
        if policy and not rules:
            return Refusal(
                Code.NO_SUCH_POLICY, f"No policy {policy} is announced or in force; `policy list` shows all."
            )
        waiting = len({one.person for one in waiting_for_cap(change.conn, rules, change.now)})
        change.record(BlocksReleased(waiting))
        sitemeta.put(change.conn, sitemeta.FROZEN, "")
        for rule in rules:
            sitemeta.put(change.conn, sitemeta.released_at(rule), str(change.now))
        return {"released": waiting}
