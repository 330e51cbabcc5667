"""The frozen bytes of an activation (RFC 8785), and back. Its hash is SHA-256 over them; approvers sign that."""

import json
from dataclasses import fields
from typing import Any

from gatepost.core.change.activation import Activation
from gatepost.documents.canonical import canonical
from gatepost.documents.named_app import named_app, named_app_data


def freeze_activation(activation: Activation) -> bytes:
    """The canonical bytes. `kind` tells them from a policy's, so that a yes to one is never a yes to the other."""
    data: dict[str, Any] = {field.name: getattr(activation, field.name) for field in fields(activation)}
    data |= {
        "v": 1,
        "kind": "activation",
        "apps": [named_app_data(app) for app in activation.apps],
        "unmatched": list(activation.unmatched),
        "touches": {app: list(found) for app, found in activation.touches.items()},
        "asked": dict(activation.asked),
    }
    return canonical(data)


def thaw_activation(data: bytes) -> Activation:
    """The activation that was frozen into these bytes."""
    value = json.loads(data)
    return Activation(
        site=value["site"],
        author=value["author"],
        apps=tuple(map(named_app, value["apps"])),
        unmatched=tuple(value["unmatched"]),
        purpose=value["purpose"],
        until=value["until"],
        who_may_see=value["who_may_see"],
        touches={app: tuple(found) for app, found in value["touches"].items()},
        sensitive_because=value["sensitive_because"],
        asked=value["asked"],
        catalogue_revision=value["catalogue_revision"],
        proposed_at=value["proposed_at"],
    )
