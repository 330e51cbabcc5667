"""Activation: apps are looked for once those agreed who stand for the privacy of all whose phones are looked at.

It is approved as a policy is: frozen bytes, signed over their hash, by people who owe neither role nor key to whoever
proposed it. Ending it needs nobody else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.activation_mail import activation_of, ask_privacy, tell_asker
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.hold import voice
from gatepost.actions.live import live_rules
from gatepost.actions.lookup import unknown_apps
from gatepost.actions.naming import frozen
from gatepost.actions.signed import signing_key
from gatepost.actions.site import Site
from gatepost.actions.standing import catch_up, refresh_many
from gatepost.actions.who import ADMIN, APPROVER, AUTHOR, Actor, acting
from gatepost.core.change.activation import Activation
from gatepost.core.change.quorum import fault, missing
from gatepost.core.fleet.app import Matcher
from gatepost.core.fleet.sensitive import touches
from gatepost.core.instant import Instant
from gatepost.core.ledger.activation_events import (
    ActivationApproved,
    ActivationDeclined,
    ActivationProposed,
    AppActivated,
    AppDeactivated,
)
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.activation import freeze_activation
from gatepost.documents.canonical import digest
from gatepost.documents.deadline import instant_text
from gatepost.storage import activations, catalogue, devices, ledger, people, sitemeta
from gatepost.storage.activations import Proposed
from gatepost.storage.policies import Judgement


def matcher(conn: Connection) -> Matcher:
    """What tells active apps, by the identifiers that were approved, from everything else, which is forgotten."""
    return Matcher({app: active.since for app, active in catalogue.active(conn).items()})


@dataclass(frozen=True, slots=True)
class Waiting:
    """An activation that waits for approvals. `looked_for_by`: per app, the identifiers that would be matched, each
    with its platform. `unmatched`: apps of a list that no identifier is known of, and that are not looked for.
    `touches`: per app, what having it may tell. `missing`: the approvals that are still asked, by role."""

    proposal: str
    apps: tuple[str, ...]
    looked_for_by: Mapping[str, tuple[str, ...]]
    unmatched: tuple[str, ...]
    purpose: str
    until: str
    who_may_see: str
    touches: Mapping[str, tuple[str, ...]]
    sensitive_because: str
    proposed_by: str
    expires: str
    missing: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Approved:
    """`active`: the quorum stands, and the apps are looked for from now on. Else approvals are `missing`, by role."""

    apps: tuple[str, ...]
    proposal: str
    role: str
    active: bool
    missing: Mapping[str, int]


def propose(
    site: Site,
    by: str | None,
    names: Sequence[str],
    purpose: str,
    until: Instant,
    who_may_see: str = "",
    sensitive_because: str = "",
) -> Waiting | Refusal:
    """Ask that apps be looked for: `names` are ids of apps and of lists. A proposal that is open about any of them is
    replaced."""
    if not purpose.strip():
        return Refusal(Code.PURPOSE_MISSING, "An app is looked for only for a stated purpose: add --purpose TEXT.")
    with changing(site) as change:
        actor = acting(change, by, AUTHOR)
        if isinstance(actor, Refusal):
            return actor
        asked = dict.fromkeys(sorted(site.settings.rails.activation_roles), 1)
        wanted = _wanted(change, actor.ref, names, asked, (purpose.strip(), until, who_may_see, sensitive_because))
        if isinstance(wanted, Refusal):
            return wanted
        proposed = _ask(change, wanted)
        ask_privacy(change, proposed)
        return _described(change.conn, proposed, site.exercise)


def begin_exercise(change: Change, app: str, until: Instant) -> Refusal | None:
    """What an exercise looks for from the start. It reaches no live door and no live recipient (I-19), so nobody is
    asked; the proposal says so by asking for no approval, which no live site's can."""
    wanted = _wanted(change, change.by, [app], {}, ("An exercise", until, "", ""))
    if isinstance(wanted, Refusal):
        return wanted
    _begin(change, _ask(change, wanted).proposal, wanted)
    return None


_Words = tuple[str, Instant, str, str]
"""Purpose, end, who may see what, and why it is looked for although it is sensitive."""


def _wanted(
    change: Change, author: str, names: Sequence[str], asked: Mapping[str, int], words: _Words
) -> Activation | Refusal:
    """What would be approved, or why it cannot be."""
    purpose, until, who_may_see, because = words
    apps, lists = catalogue.apps(change.conn), catalogue.lists(change.conn)
    named: dict[str, str] = {}
    for name in names:
        members = dict.fromkeys(lists[name].apps, f"list {name}") if name in lists else {name: "app"}
        named |= {member: by for member, by in members.items() if member not in named}
    if refusal := unknown_apps(named, apps):
        return refusal
    matched = {name: by for name, by in named.items() if apps[name].spellings}
    if not matched:
        return Refusal(
            Code.NOTHING_TO_MATCH,
            f"No identifier of {', '.join(names)} is known; add one by file with `apps add` first.",
        )
    if until <= change.now:
        return Refusal(Code.UNTIL_INVALID, f"The end {instant_text(until)} has passed; name a later date.")
    touched = {name: found for name in matched if (found := touches(apps[name]))}
    if touched and not because.strip():
        return Refusal(
            Code.SENSITIVE_APP,
            f"Having it may tell what nobody at work should know: {_in_words(touched)}. If it has to be looked for all "
            "the same, say why with --sensitive-because TEXT; approvers read that.",
        )
    return Activation(
        site=change.site.settings.site.id,
        author=author,
        apps=frozen(matched, apps),
        unmatched=tuple(name for name in named if name not in matched),
        purpose=purpose,
        until=until,
        who_may_see=who_may_see.strip(),
        touches=touched,
        sensitive_because=because.strip() if touched else "",
        asked=asked,
        catalogue_revision=sitemeta.number(change.conn, sitemeta.CATALOGUE_REVISION),
        proposed_at=change.now,
    )


def _in_words(touched: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{app} ({', '.join(found)})" for app, found in touched.items())


def _ask(change: Change, wanted: Activation) -> Proposed:
    data = freeze_activation(wanted)
    name = digest(data)
    ledger.put_proposal(change.conn, name, data)
    apps = tuple(app.id for app in wanted.apps)
    expires = change.now + change.site.settings.rails.approvals_expire_after
    change.record(ActivationProposed(name, apps, wanted.asked, wanted.until, expires))
    return activations.one(change.conn, name)


def waiting(site: Site) -> list[Waiting]:
    """Every activation that waits for approvals."""
    with looking(site) as conn:
        return [_described(conn, one, site.exercise) for one in activations.waiting(conn)]


def agreed(site: Site, app: str) -> dict[str, object]:
    """Under what an app is looked for: nothing of an app that is not."""
    with looking(site) as conn:
        active = catalogue.active(conn).get(app)
        if active is None:
            return {}
        wanted = activation_of(conn, active.proposal)
        return {
            "purpose": wanted.purpose,
            "who_may_see": wanted.who_may_see,
            "looked_for_by": sorted(active.since),
            "touches": list(wanted.touches.get(app, ())),
            "sensitive_because": wanted.sensitive_because if app in wanted.touches else "",
            "proposal": active.proposal,
        }


def to_sign(site: Site, name: str) -> str | Refusal:
    """The hash that an approver signs. `name`: of an app that is asked about, or the hash itself."""
    with looking(site) as conn:
        found = _found(conn, name)
        return found if isinstance(found, Refusal) else found.proposal


def approve(
    site: Site, by: str | None, name: str, role: str = "", signature: str = "", signed: str = ""
) -> Approved | Refusal:
    """Record a yes, in the first of the roles asked that the actor holds unless one is named. With the last yes the
    apps are looked for."""
    with changing(site) as change:
        asked = _approver(change, by, name, role)
        if isinstance(asked, Refusal):
            return asked
        actor, proposed = asked
        if refusal := _passed(change, proposed):
            return refusal
        role = _role(actor, proposed, role)
        fingerprint = signing_key(change, actor, proposed.proposal, signature, signed)
        if isinstance(fingerprint, Refusal):
            return fingerprint
        if refusal := _unfit(change, actor, proposed, role, fingerprint):
            return refusal
        change.record(ActivationApproved(proposed.proposal, role, fingerprint, signature))
        lacking = _lacking(change.conn, proposed, site.exercise)
        if not lacking:
            _begin(change, proposed.proposal, activation_of(change.conn, proposed.proposal))
            tell_asker(change, proposed)
    catch_up(site)
    return Approved(proposed.apps, proposed.proposal, role, not lacking, lacking)


def decline(site: Site, by: str | None, name: str, reason: str, role: str = "") -> dict[str, object] | Refusal:
    """Record a no, with its reason. It ends the proposal."""
    with changing(site) as change:
        asked = _approver(change, by, name, role)
        if isinstance(asked, Refusal):
            return asked
        actor, proposed = asked
        role = _role(actor, proposed, role)
        if refusal := _wrong_role(actor, role):
            return refusal
        change.record(ActivationDeclined(proposed.proposal, role, change.words(reason)))
        tell_asker(change, proposed, declined_by=actor.ref, reason=reason)
        return {"apps": list(proposed.apps), "role": role, "declined": True}


def _approver(change: Change, by: str | None, name: str, role: str) -> tuple[Actor, Proposed] | Refusal:
    """Who judges, and what: somebody in any of the roles asked."""
    proposed = _found(change.conn, name)
    if isinstance(proposed, Refusal):
        return proposed
    if role.removeprefix(APPROVER) not in ("", *proposed.asked):
        return Refusal(Code.ROLE_NOT_ASKED, f"This asks for {', '.join(proposed.asked)}, not for {role}.")
    actor = acting(change, by, *(f"{APPROVER}{asked}" for asked in proposed.asked))
    return actor if isinstance(actor, Refusal) else (actor, proposed)


def _found(conn: Connection, name: str) -> Proposed | Refusal:
    """What is open about an app, or under a hash."""
    for proposed in activations.waiting(conn):
        if name == proposed.proposal or name in proposed.apps or name in _lists(conn, proposed.proposal):
            return proposed
    return Refusal(
        Code.NO_SUCH_ACTIVATION, f"Nobody asks to look for {name}; `apps proposed` shows what waits for approval."
    )


def _lists(conn: Connection, proposal: str) -> set[str]:
    """The lists that an activation was asked for by."""
    return {app.by.removeprefix("list ") for app in activation_of(conn, proposal).apps if app.by.startswith("list ")}


def _role(actor: Actor, proposed: Proposed, role: str) -> str:
    held = [asked for asked in proposed.asked if actor.has(f"{APPROVER}{asked}")]
    return role.removeprefix(APPROVER) or (held or [*proposed.asked])[0]


def _wrong_role(actor: Actor, role: str) -> Refusal | None:
    if not actor.has(f"{APPROVER}{role}"):
        return Refusal(Code.ROLE_MISSING, f"This needs the role approver:{role}; an administrator can grant it.")
    return None


def _passed(change: Change, proposed: Proposed) -> Refusal | None:
    if change.latest(proposed.proposed_entry) >= proposed.expires:
        return Refusal(Code.APPROVALS_EXPIRED, "The proposal has expired; ask again with `apps activate`.")
    if change.now >= proposed.until:
        return Refusal(Code.UNTIL_INVALID, f"The end {instant_text(proposed.until)} has passed; ask again.")
    return None


def _unfit(change: Change, actor: Actor, proposed: Proposed, role: str, fingerprint: str) -> Refusal | None:
    if refusal := _wrong_role(actor, role):
        return refusal
    if any(given.person == actor.ref for given in activations.judgements(change.conn, proposed.proposal)):
        return Refusal(Code.ALREADY_APPROVED, "You approved this already; one person counts once.")
    mine = Judgement(actor.ref, role, True, change.now, fingerprint, "")
    return fault(voice(change.conn, mine, change.site.exercise), proposed.author, proposed.proposed_entry)


def _lacking(conn: Connection, proposed: Proposed, exercise: bool) -> dict[str, int]:
    given = activations.judgements(conn, proposed.proposal)
    voices = [voice(conn, judgement, exercise) for judgement in given if judgement.approved]
    return missing(proposed.asked, voices, proposed.author, proposed.proposed_entry)


def _described(conn: Connection, proposed: Proposed, exercise: bool) -> Waiting:
    frozen_ = activation_of(conn, proposed.proposal)
    author = people.load(conn, [proposed.author]).get(proposed.author)
    return Waiting(
        proposal=proposed.proposal,
        apps=proposed.apps,
        looked_for_by={app.id: tuple(sorted(app.spellings)) for app in frozen_.apps},
        unmatched=frozen_.unmatched,
        purpose=frozen_.purpose,
        until=instant_text(frozen_.until),
        who_may_see=frozen_.who_may_see,
        touches=frozen_.touches,
        sensitive_because=frozen_.sensitive_because,
        proposed_by=author.id if author else proposed.author,
        expires=instant_text(proposed.expires),
        missing=_lacking(conn, proposed, exercise),
    )


def _begin(change: Change, proposal: str, wanted: Activation) -> None:
    """Look for these apps. One that was active already goes on: what its new identifiers would have shown in earlier
    reports nobody knows, what only those that it lost had shown is erased."""
    known = catalogue.active(change.conn)
    new = any(app.spellings - (known[app.id].since.keys() if app.id in known else set()) for app in wanted.apps)
    revision = (sitemeta.advance if new else sitemeta.number)(change.conn, sitemeta.CATALOGUE_REVISION)
    for app in wanted.apps:
        before = known[app.id].since if app.id in known else {}
        since = {spelled: before.get(spelled, revision) for spelled in sorted(app.spellings)}
        change.record(AppActivated(app.id, wanted.until, proposal, since, revision))
        if before.keys() - since.keys():
            devices.forget_app(change.conn, app.id, since)
    _concern(change, [app.id for app in wanted.apps])


def deactivate(site: Site, by: str | None, app_id: str) -> dict[str, object] | Refusal:
    """Stop looking for an app; what was found of it is erased. Whoever could have refused it can end it."""
    with changing(site) as change:
        roles = (f"{APPROVER}{role}" for role in site.settings.rails.activation_roles)
        actor = acting(change, by, ADMIN, *roles)
        if isinstance(actor, Refusal):
            return actor
        if app_id not in catalogue.active(change.conn):
            return Refusal(Code.APP_NOT_ACTIVE, f"{app_id} is not active.")
        if using := _asking(change.conn, [app_id]):
            return Refusal(Code.APP_IN_USE, f"{', '.join(using)} asks about {app_id}; retract or end that first.")
        stop_looking(change, app_id)
        return {"app": app_id, "active": False}


def stop_looking(change: Change, app_id: str) -> None:
    """Its end has come. A live policy that asks about it finds nothing of it any more: the date is what those agreed to
    who stand for privacy, and no policy makes it later."""
    revision = sitemeta.advance(change.conn, sitemeta.CATALOGUE_REVISION)
    change.record(AppDeactivated(app_id, revision))
    devices.forget_app(change.conn, app_id)
    _concern(change, [app_id])


def _asking(conn: Connection, apps: Collection[str]) -> list[str]:
    """The live policies that ask about one of these apps."""
    return [
        known.revision.policy
        for known in live_rules(conn).values()
        if any(app.id in apps for app in known.proposal.apps)
    ]


def _concern(change: Change, apps: Collection[str]) -> None:
    """Bring the fleet up to date where a live rule asks about one of these apps."""
    if _asking(change.conn, apps):
        refresh_many(change, devices.in_use(change.conn))
