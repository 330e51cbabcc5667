"""Mails around an activation: those who may agree are asked, with all that they would agree to; whoever asked hears."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.checkpoint import issue_checkpoint
from gatepost.actions.live import frozen_bytes
from gatepost.actions.outbox import compose, enqueue
from gatepost.actions.who import APPROVER
from gatepost.core.change.activation import Activation
from gatepost.core.fleet.person import Person
from gatepost.core.notice.notice import NoticeKind
from gatepost.documents.activation import thaw_activation
from gatepost.notify.facts import ActivationFacts, SoughtApp
from gatepost.storage import access, people
from gatepost.storage.activations import Proposed


def activation_of(conn: Connection, proposal: str) -> Activation:
    """What was frozen under a hash. LookupError as in `frozen_bytes`."""
    return thaw_activation(frozen_bytes(conn, proposal, "activation", "proposed"))


def ask_privacy(change: Change, proposed: Proposed) -> None:
    """Everybody who could agree is asked once, in the first of the roles asked that they hold; an exercise asks nobody
    for what it looks for from the start."""
    asked: dict[str, str] = {}
    for role in proposed.asked:
        for holder in access.holders(change.conn, f"{APPROVER}{role}"):
            if holder != proposed.author:
                asked.setdefault(holder, role)
    if asked:
        note = issue_checkpoint(change)
        facts = {ref: {"hash": proposed.proposal, "role": role, "checkpoint": note} for ref, role in asked.items()}
        _send(change, NoticeKind.ACTIVATION_ASKED, proposed.proposal, facts)


def tell_asker(change: Change, proposed: Proposed, *, declined_by: str = "", reason: str = "") -> None:
    """Whoever asked hears that it is looked for, or by whom (a pseudonym) it was declined, and why."""
    facts = {"hash": proposed.proposal, "declined_by": declined_by, "note": reason}
    facts["checkpoint"] = issue_checkpoint(change)
    _send(change, NoticeKind.ACTIVATION_RESULT, proposed.proposal, {proposed.author: facts})


def _send(change: Change, kind: NoticeKind, step: str, facts: Mapping[str, Mapping[str, Any]]) -> None:
    known = people.load(change.conn, facts)
    wanted: Iterable[Person] = (person for person in known.values() if person.working and person.emails)
    enqueue(change, (compose(change, "", 0, kind, one.ref, step=step, facts=facts[one.ref]) for one in wanted))


def activation_facts(conn: Connection, told: Mapping[str, Any], reader: Person) -> ActivationFacts | None:
    """What a mail about an activation says; None if the mail is about none. `told`: what its notice holds."""
    if "hash" not in told:
        return None
    wanted, declined_by = activation_of(conn, told["hash"]), str(told.get("declined_by", ""))
    named = people.load(conn, {wanted.author, declined_by} - {""})
    names = {ref: person.name for ref, person in named.items()}
    return ActivationFacts(
        proposal=str(told["hash"]),
        author=names.get(wanted.author, ""),
        role=str(told.get("role", "")),
        approver=reader.emails[0],
        apps=tuple(SoughtApp(app.name, tuple(sorted(app.identifiers.items()))) for app in wanted.apps),
        unmatched=wanted.unmatched,
        purpose=wanted.purpose,
        until=wanted.until,
        who_may_see=wanted.who_may_see,
        touches=tuple(sorted({touched for found in wanted.touches.values() for touched in found})),
        because=wanted.sensitive_because,
        checkpoint=str(told.get("checkpoint", "")),
        declined=bool(declined_by),
        declined_by=names.get(declined_by, ""),
    )
