"""The frozen bytes of a proposal (RFC 8785), and back. Its hash is SHA-256 over them; approvers sign that."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from gatepost.core.change.proposal import Predicted, Proposal
from gatepost.core.fleet.about import About, Account, Inquiry
from gatepost.core.fleet.claim import Claim, Stance
from gatepost.documents.canonical import canonical
from gatepost.documents.named_app import named_app, named_app_data
from gatepost.documents.policy_data import policy_data, policy_from_data


def freeze(proposal: Proposal) -> bytes:
    """The canonical bytes: any change of any of them voids every approval."""
    data: dict[str, Any] = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    data |= {
        "v": 1,
        "policy": policy_data(proposal.policy),
        "apps": [named_app_data(app) for app in proposal.apps],
        "about": _about_data(proposal.about),
        "cells": [list(cell) for cell in proposal.cells],
        "effects": list(proposal.effects),
        "impact": {
            "people": dict(proposal.impact.people),
            "devices": dict(proposal.impact.devices),
            "foreseen": sorted(proposal.impact.foreseen),
            "rings": list(proposal.impact.rings),
        },
        "asked": dict(proposal.asked),
        "warnings": list(proposal.warnings),
        "templates": dict(proposal.templates),
        "rails": dict(proposal.rails),
    }
    return canonical(data)


def thaw(data: bytes) -> Proposal:
    """The proposal that was frozen into these bytes."""
    value = json.loads(data)
    impact = value["impact"]
    return Proposal(
        site=value["site"],
        policy=policy_from_data(value["policy"]),
        revision=value["revision"],
        author=value["author"],
        apps=tuple(map(named_app, value["apps"])),
        about=_about(value["about"]),
        cells=tuple((zone, ring) for zone, ring in value["cells"]),
        effects=tuple(value["effects"]),
        notice=value["notice"],
        asked=value["asked"],
        impact=Predicted(impact["people"], impact["devices"], frozenset(impact["foreseen"]), tuple(impact["rings"])),
        warnings=tuple(value["warnings"]),
        templates=value["templates"],
        catalogue_revision=value["catalogue_revision"],
        zone_data=value["zone_data"],
        rails=value["rails"],
        proposed_at=value["proposed_at"],
        relaxes=value["relaxes"],
    )


def _about_data(about: About) -> dict[str, Any]:
    return {
        "evidence": [asdict(claim) | {"stance": claim.stance.value} for claim in about.evidence],
        "inquiries": [asdict(inquiry) for inquiry in about.inquiries],
        "accounts": [asdict(account) for account in about.accounts],
    }


def _about(data: Mapping[str, Any]) -> About:
    return About(
        evidence=tuple(Claim(**claim | {"stance": Stance(claim["stance"])}) for claim in data["evidence"]),
        inquiries=tuple(Inquiry(**inquiry) for inquiry in data["inquiries"]),
        accounts=tuple(Account(**account) for account in data["accounts"]),
    )
