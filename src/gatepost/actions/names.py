"""The names of those whom a policy hits: once it was approved, for whoever carries it out, and recorded (I-34).

Before that a preview counts, and names nobody: who has an app on a phone is nobody's business until enough people have
agreed to a rule about it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from gatepost.actions.change import changing
from gatepost.actions.corrections import beyond_mail
from gatepost.actions.live import proposal_of
from gatepost.actions.looks import record_look, without_purpose
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, OPERATOR, acting
from gatepost.core.change.stage import LIVE, Stage
from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import audience, devices, people, policies
from gatepost.storage.policies import Revision


class Hit(NamedTuple):
    """Somebody whom a policy hits. `devices`: how many of theirs are due; `found`: on how many of these the app was
    seen, the others being those that nobody can see. Both None before the announcement. `told_at`: None until then."""

    ref: str
    devices: int | None = None
    found: int | None = None
    told_at: Instant | None = None


def name_people(
    site: Site, by: str | None, policy: str, purpose: str, *, untold: bool = False
) -> list[dict[str, object]] | Refusal:
    """Whom a policy hits, by name: of an approved one the people that were foreseen, of a live one those due now.

    `untold`: only those who have not been told, so that somebody can tell them otherwise; of a policy that is over,
    those who were told in person, whom no mail tells that it is over.
    """
    if refusal := without_purpose(purpose):
        return refusal
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        hit = _wanted(change.conn, policy, change.now, untold=untold)
        if isinstance(hit, Refusal):
            return hit
        record_look(change, "names", policy, [one.ref for one in hit], purpose)
        named = people.load(change.conn, [one.ref for one in hit])
        rows: list[dict[str, object]] = [
            {
                "person": named[one.ref].id,
                "name": named[one.ref].name,
                "address": next(iter(named[one.ref].emails), ""),
                "devices": one.devices,
                "found": one.found,
                "told_at": "" if one.told_at is None else instant_text(one.told_at),
            }
            for one in hit
            if one.ref in named
        ]
        return sorted(rows, key=lambda row: str(row["person"]))


def _wanted(conn: Connection, policy: str, now: Instant, *, untold: bool) -> list[Hit] | Refusal:
    revision = _agreed(conn, policy)
    if isinstance(revision, Revision):
        return [one for one in _hit(conn, revision, now) if not (untold and one.told_at)]
    announced = policies.announced(conn, policy)
    if untold and announced:
        return [Hit(ref, told_at=at) for ref, at in beyond_mail(conn, announced[-1]).items()]
    return revision


def _agreed(conn: Connection, policy: str) -> Revision | Refusal:
    """The revision that is being carried out, else the one that may be."""
    history = policies.history(conn, policy)
    if not history:
        return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
    for stages in (LIVE, {Stage.APPROVED}):
        if fitting := [revision for revision in history if revision.stage in stages]:
            return fitting[-1]
    newest = history[-1]
    if newest.stage in (Stage.DRAFT, Stage.PROPOSED):
        return Refusal(
            Code.NAMES_BEFORE_APPROVAL,
            f"{policy} revision {newest.revision} is {newest.stage.value}, and names are shown once it is approved. "
            "Until then `policy preview` counts.",
        )
    return Refusal(Code.WRONG_STAGE, f"{policy} revision {newest.revision} is {newest.stage.value}: it hits nobody.")


def _hit(conn: Connection, revision: Revision, now: Instant) -> Iterable[Hit]:
    """Those with a device that is due by now; one that time alone will make due is nobody's business yet."""
    if revision.rule is None:
        return [Hit(ref) for ref in sorted(proposal_of(conn, revision).impact.foreseen)]
    owned: dict[str, list[str]] = {}
    due = {
        device: rule.finding
        for device, rules in audience.due_of(conn, audience.due_devices(conn, revision.rule)).items()
        for rule in rules
        if rule.rule == revision.rule and rule.counts_from <= now
    }
    for member in devices.members(conn, due):
        owned.setdefault(member.person.ref, []).append(member.device.ref)
    seen = {device for device, finding in due.items() if finding is Finding.PRESENT}
    told = audience.of_people(conn, owned, [revision.rule])
    return [
        Hit(
            ref,
            len(mine),
            len(seen.intersection(mine)),
            told[revision.rule, ref].told_at if (revision.rule, ref) in told else None,
        )
        for ref, mine in owned.items()
    ]
