"""The frozen bytes of a proposal (RFC 8785), and back. Its hash is SHA-256 over them; approvers sign that."""

import json
from dataclasses import fields
from typing import Any

from gatepost.core.change.proposal import NamedApp, Predicted, Proposal
from gatepost.documents.canonical import canonical
from gatepost.documents.policy_data import policy_data, policy_from_data


def freeze(proposal: Proposal) -> bytes:
    """The canonical bytes: any change of any of them voids every approval."""
    data: dict[str, Any] = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    data |= {
        "v": 1,
        "policy": policy_data(proposal.policy),
        "apps": [
            {"id": app.id, "name": app.name, "identifiers": {p: list(names) for p, names in app.identifiers.items()}}
            for app in proposal.apps
        ],
        "cells": [list(cell) for cell in proposal.cells],
        "effects": list(proposal.effects),
        "impact": {
            "people": dict(proposal.impact.people),
            "devices": dict(proposal.impact.devices),
            "foreseen": sorted(proposal.impact.foreseen),
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
        apps=tuple(
            NamedApp(app["id"], app["name"], {p: tuple(names) for p, names in app["identifiers"].items()})
            for app in value["apps"]
        ),
        cells=tuple((zone, ring) for zone, ring in value["cells"]),
        effects=tuple(value["effects"]),
        notice=value["notice"],
        asked=value["asked"],
        impact=Predicted(impact["people"], impact["devices"], frozenset(impact["foreseen"])),
        warnings=tuple(value["warnings"]),
        templates=value["templates"],
        catalogue_revision=value["catalogue_revision"],
        zone_data=value["zone_data"],
        rails=value["rails"],
        proposed_at=value["proposed_at"],
    )
