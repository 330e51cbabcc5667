"""Waivers: one person or one device exempted from one policy until a date, with a reason, by somebody else.

There is no blanket waiver: nothing here takes a group, a list or everybody. Where the site names roles for it
(`[waivers] roles`), they alone grant waivers, each by the signature of its holder, so that nobody can delegate it; and
never to themselves, nor to those to whom they owe that role or key.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gatepost.actions.change import Change, changing, looking
from gatepost.actions.live import proposal_of
from gatepost.actions.lookup import revision_in
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.signed import key_that_made
from gatepost.actions.site import Site
from gatepost.actions.standing import refresh
from gatepost.actions.who import APPROVER, AUDITOR, OPERATOR, Actor, acting, lacks_role, looking_as
from gatepost.core.change.stage import LIVE
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.person import Person
from gatepost.core.instant import Duration, Instant, duration_text
from gatepost.core.ledger.events import WaiverGranted, WaiverRevoked
from gatepost.core.ledger.words import salted
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.canonical import canonical, digest
from gatepost.documents.deadline import instant_text
from gatepost.storage import access, devices, exceptions, ledger, notices, people, policies
from gatepost.storage.exceptions import Waiver

Sign = Callable[[str], str]
"""Makes an armoured SSH signature over a hash in lower-case hex."""


@dataclass(frozen=True, slots=True)
class Waived:
    waiver: str
    policy: str
    of: str
    subject: str
    until: Instant


@dataclass(frozen=True, slots=True)
class Asked:
    """A waiver that is yet to be granted. `salt`: with which its reason will be kept."""

    waiver: str
    policy: str
    subject: Person | Device
    until: Instant
    reason: str
    salt: bytes

    @property
    def of(self) -> str:
        return "person" if isinstance(self.subject, Person) else "device"

    @property
    def owner(self) -> str:
        """Whom it is for, by pseudonym."""
        return self.subject.ref if isinstance(self.subject, Person) else self.subject.owner

    @property
    def reason_hash(self) -> str:
        return salted(self.salt, self.reason)

    @property
    def hash(self) -> str:
        """What a signature is over: SHA-256, in hex, of the canonical data (RFC 8785). The verifier makes it again."""
        said = {"waiver": self.waiver, "policy": self.policy, "of": self.of, "subject": self.subject.ref}
        return digest(canonical(said | {"until": self.until, "reason_hash": self.reason_hash}))


def grant_waiver(
    site: Site,
    by: str | None,
    policy: str,
    *,
    person: str = "",
    device: str = "",
    until: Instant,
    reason: str,
    sign: Sign | None = None,
) -> Waived | Refusal:
    """Exempt one person or one device from one policy until an instant; never oneself, never everybody.

    `sign`: needed on a live site where the site names roles for it. Raises ValueError unless exactly one of the two is
    named.
    """
    if bool(person) is bool(device):
        raise ValueError("a waiver is for one person or for one device")
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "A waiver says why: add --reason TEXT.")
    with looking(site) as conn:
        subject = _subject(conn, person, device)
    if isinstance(subject, Refusal):
        return subject
    asked = Asked(f"w_{secrets.token_hex(6)}", policy, subject, until, reason, secrets.token_bytes(16))
    signature = sign(asked.hash) if sign else ""
    with changing(site) as change:
        granter = _granter(change, by, asked, signature)
        if isinstance(granter, Refusal):
            return granter
        if refusal := _unfit(change, granter.actor, asked):
            return refusal
        _grant(change, granter, asked, signature)
        return Waived(asked.waiver, policy, asked.of, subject.id, until)


def _subject(conn: Connection, person: str, device: str) -> Person | Device | Refusal:
    if person:
        found = people.find(conn, person)
        return found or Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {person}.")
    known = devices.find(conn, device)
    return known or Refusal(Code.NO_SUCH_DEVICE, f"No device is known as {device}.")


@dataclass(frozen=True, slots=True)
class _Granter:
    """`role`: the approver role in which a waiver is granted, "" where the site names none for it."""

    actor: Actor
    role: str = ""
    fingerprint: str = ""


def _granter(change: Change, by: str | None, asked: Asked, signature: str) -> _Granter | Refusal:
    """Who grants, and in which role; checked as strictly as an approval where the site names roles for it."""
    roles = [role.removeprefix(APPROVER) for role in change.site.settings.waivers.roles]
    if not roles:
        actor = acting(change, by, OPERATOR, "approver")
        return actor if isinstance(actor, Refusal) else _signed(change, _Granter(actor), asked, signature)
    actor = acting(change, by, *(f"{APPROVER}{role}" for role in roles))
    if isinstance(actor, Refusal):
        return actor
    role = next(role for role in roles if actor.has(f"{APPROVER}{role}"))
    if not signature and not change.site.exercise:
        return Refusal(
            Code.SIGNATURE_MISSING,
            f"Here a waiver carries a signature of whoever is {role}: add --sign KEYFILE, a key recorded for you.",
        )
    granter = _signed(change, _Granter(actor, role), asked, signature)
    if isinstance(granter, _Granter) and asked.owner in _owed_to(change.conn, granter):
        return Refusal(
            Code.OWES_BENEFICIARY,
            f"Whoever this waiver is for gave you the role {role}, or your key; somebody else has to grant it.",
        )
    return granter


def _signed(change: Change, granter: _Granter, asked: Asked, signature: str) -> _Granter | Refusal:
    """The granter, with the key that made the signature."""
    if not signature:
        return granter
    if fingerprint := key_that_made(change.conn, granter.actor, asked.hash, signature):
        return _Granter(granter.actor, granter.role, fingerprint)
    return Refusal(Code.SIGNATURE_INVALID, "The signature is not by a key recorded for you; `key list` shows the keys.")


def _owed_to(conn: Connection, granter: _Granter) -> set[str]:
    """To whom the granter owes the role and the key, through however many hands."""
    held = f"{APPROVER}{granter.role}"
    owed = {ref for grant in access.grants(conn, granter.actor.ref) if grant.role == held for ref in grant.line}
    key = access.key(conn, granter.fingerprint) if granter.fingerprint else None
    return owed | set(key.line if key else ())


def granting_roles(site: Site) -> tuple[str, ...]:
    """Who may grant waivers, and take them back."""
    named = tuple(f"{APPROVER}{role.removeprefix(APPROVER)}" for role in site.settings.waivers.roles)
    return named or (OPERATOR, "approver")


def _unfit(change: Change, actor: Actor, asked: Asked) -> Refusal | None:
    revision = revision_in(change.conn, asked.policy, "waive")
    if isinstance(revision, Refusal):
        return revision
    if asked.owner == actor.ref:
        return Refusal(Code.WAIVER_FOR_ONESELF, "A waiver is granted by somebody else than the one it is for.")
    if asked.until <= change.now:
        return Refusal(Code.UNTIL_INVALID, f"The end {instant_text(asked.until)} has passed; name a later one.")
    longest = change.site.settings.waivers.longest
    if asked.until - change.now > longest:
        return Refusal(Code.WAIVER_TOO_LONG, f"A waiver lasts at most {duration_text(longest)} here.")
    return None


def _grant(change: Change, granter: _Granter, asked: Asked, signature: str) -> None:
    ledger.put_text(change.conn, asked.reason_hash, asked.salt, asked.reason, change.now)
    change.record(
        WaiverGranted(
            waiver=asked.waiver,
            policy=asked.policy,
            of=asked.of,
            subject=asked.subject.ref,
            until=asked.until,
            reason_hash=asked.reason_hash,
            role=granter.role,
            fingerprint=granter.fingerprint,
            signature=signature,
        )
    )
    ref = asked.subject.ref
    refresh(change, devices.refs_of(change.conn, [ref]) if asked.of == "person" else [ref])
    facts = {"until": asked.until, "note": asked.reason} | about_device(asked.of, ref)
    tell(change, asked.policy, NoticeKind.WAIVER_RESULT, asked.owner, asked.waiver, facts)


def tell(change: Change, policy: str, kind: NoticeKind, person: str, step: str, facts: Mapping[str, object]) -> None:
    """One mail in the person's thread of a policy that is announced; nobody hears of one that is not (I-19)."""
    known = people.load(change.conn, [person]).get(person)
    announced = [revision for revision in policies.history(change.conn, policy) if revision.stage in LIVE]
    if known is None or not known.emails or not known.working or not announced:
        return
    revision = announced[-1].revision
    thread = notices.threads(change.conn, policy, [person]).get(person, [])
    enqueue(change, [compose(change, policy, revision, kind, person, step=step, facts=facts, thread=thread)])


def about_device(of: str, subject: str) -> dict[str, object]:
    """What a mail about the waiver of one device holds besides: it speaks of that one alone."""
    return {"device": subject} if of == "device" else {}


def beneficiary(conn: Connection, waiver: Waiver) -> list[str]:
    """Whom a waiver is for: the person, or the device's owner; nobody once the device was checked out."""
    if waiver.of == "person":
        return [waiver.subject]
    return [member.person.ref for member in devices.members(conn, [waiver.subject])]


def list_waivers(site: Site, by: str | None, policy: str | None = None) -> list[dict[str, object]] | Refusal:
    """Every waiver by pseudonym, with its reason where it was not erased; whoever may not see the report of them all
    sees their own: a reason speaks of somebody."""
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        if isinstance(actor, Refusal):
            return actor
        found = exceptions.all_waivers(conn, policy)
        if lacks_role(actor, AUDITOR, OPERATOR, "approver"):
            found = [waiver for waiver in found if beneficiary(conn, waiver) == [actor.ref]]
        return [
            {
                "waiver": waiver.waiver,
                "policy": waiver.policy,
                "of": waiver.of,
                "subject": waiver.subject,
                "until": instant_text(waiver.until),
                "granted_by": waiver.granted_by,
                "ended": waiver.ended,
                "reason": ledger.words_of(conn, waiver.reason_hash),
            }
            for waiver in found
        ]


def revoke_waiver(site: Site, by: str | None, waiver_id: str, reason: str) -> dict[str, object] | Refusal:
    """End a waiver before its time: whoever has it hears why, and has the policy's notice period from then."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "Whoever has the waiver is told why: add --reason TEXT.")
    with changing(site) as change:
        actor = acting(change, by, *granting_roles(site))
        if isinstance(actor, Refusal):
            return actor
        waiver = exceptions.waiver(change.conn, waiver_id)
        if waiver is None or waiver.ended:
            return Refusal(Code.NO_SUCH_WAIVER, f"There is no waiver {waiver_id} in force; `waiver list` shows all.")
        until = min(waiver.until, change.now + _notice(change.conn, waiver.policy))
        change.record(WaiverRevoked(waiver_id, until, change.words(reason)))
        conn = change.conn
        refs = devices.refs_of(conn, [waiver.subject]) if waiver.of == "person" else [waiver.subject]
        refresh(change, refs)
        facts = {"until": until, "revoked": True, "note": reason} | about_device(waiver.of, waiver.subject)
        for owner in beneficiary(conn, waiver):
            tell(change, waiver.policy, NoticeKind.WAIVER_RESULT, owner, f"{waiver_id}/revoked", facts)
        return {"waiver": waiver_id, "ended": "revoked", "until": instant_text(until)}


def _notice(conn: Connection, policy: str) -> Duration:
    """How long people are told before a policy may stop their mail; nothing while it stops nobody's."""
    live = [revision for revision in policies.history(conn, policy) if revision.stage in LIVE]
    return proposal_of(conn, live[-1]).notice if live else 0
