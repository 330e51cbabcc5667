"""Evidence: what is claimed about an app, by whom, when, and where it can be read."""

import secrets
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Literal

from gatepost.actions.about import claim_data
from gatepost.actions.change import changing, looking
from gatepost.actions.lookup import date_ahead, unknown_apps
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, OPERATOR, acting
from gatepost.core.fleet.claim import Claim
from gatepost.core.ledger.app_events import EvidenceAdded, EvidenceStruck
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.claims_file import read_claims, write_claims
from gatepost.documents.deadline import instant_text
from gatepost.storage import catalogue, claims

EXAMPLES = "evidence"
"""The folder of files that come with the program."""


def add_evidence(site: Site, by: str | None, found: Sequence[Claim]) -> dict[str, object] | Refusal:
    """Keep claims about apps of the catalogue, all or none. One that is kept already is not kept twice."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if refusal := unknown_apps(sorted({claim.app for claim in found}), catalogue.apps(change.conn)):
            return refusal
        if refusal := date_ahead((claim.on for claim in found), change.now):
            return refusal
        known = {kept.claim for kept in claims.evidence(change.conn, {claim.app for claim in found})}
        new = [claim for claim in dict.fromkeys(found) if claim not in known]
        names = [f"ev_{secrets.token_hex(6)}" for _ in new]
        for name, claim in zip(names, new, strict=True):
            words = claims.packed(who=claim.who, claim=claim.claim, source=claim.source)
            change.record(EvidenceAdded(name, claim.app, claim.stance.value, claim.on, change.words(words)))
        return {"added": names, "known": len(found) - len(new)}


def strike_evidence(site: Site, by: str | None, name: str, reason: str) -> dict[str, object] | Refusal:
    """Show a claim that was entered by mistake no more. The ledger keeps that it was there, as does what froze it."""
    if not reason.strip():
        return Refusal(Code.PURPOSE_MISSING, "A claim is struck out for a stated reason: add --reason TEXT.")
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        kept = next((kept for kept in claims.evidence(change.conn) if kept.evidence == name), None)
        if kept is None:
            return Refusal(Code.NO_SUCH_EVIDENCE, f"No claim {name} is kept; `evidence list --json` shows the names.")
        change.record(EvidenceStruck(name, change.words(reason)))
        return {"evidence": name, "app": kept.claim.app, "struck": True}


def import_evidence(
    site: Site, by: str | None, data: bytes, file: str
) -> dict[str, object] | Refusal | tuple[Problem, ...]:
    """The same from a file."""
    read = read_claims(data, file)
    wrong = tuple(one for one in read if isinstance(one, Problem))
    return wrong or add_evidence(site, by, [one for one in read if isinstance(one, Claim)])


def shipped_evidence(name: str) -> bytes | None:
    """A file that comes with the program, by its name; None if there is none of this name."""
    path = files("gatepost.data").joinpath(f"{EXAMPLES}/{name}.jsonl")
    return path.read_bytes() if name.replace("-", "").isalnum() and path.is_file() else None


def list_evidence(site: Site, app: str | None = None) -> list[dict[str, Any]] | Refusal:
    """Claims by day, about one app or all."""
    found = _kept(site, app)
    if isinstance(found, Refusal):
        return found
    return [
        {"evidence": kept.evidence} | claim_data(kept.claim) | {"added_at": instant_text(kept.added_at)}
        for kept in found
    ]


def export_evidence(site: Site, app: str | None, form: Literal["csv", "jsonl"]) -> str | Refusal:
    """The same as a file that import takes."""
    found = _kept(site, app)
    return found if isinstance(found, Refusal) else write_claims([kept.claim for kept in found], form)


def _kept(site: Site, app: str | None) -> list[claims.Kept] | Refusal:
    with looking(site) as conn:
        if app is not None and (refusal := unknown_apps([app], catalogue.apps(conn))):
            return refusal
        return claims.evidence(conn, None if app is None else [app])
