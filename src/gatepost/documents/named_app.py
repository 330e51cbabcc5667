"""A frozen app as plain JSON data, and back."""

from collections.abc import Mapping
from typing import Any

from gatepost.core.change.proposal import NamedApp


def named_app_data(app: NamedApp) -> dict[str, Any]:
    return {
        "id": app.id,
        "name": app.name,
        "publisher": app.publisher,
        "by": app.by,
        "identifiers": {platform: list(names) for platform, names in app.identifiers.items()},
    }


def named_app(data: Mapping[str, Any]) -> NamedApp:
    identifiers = {platform: tuple(names) for platform, names in data["identifiers"].items()}
    return NamedApp(data["id"], data["name"], data["publisher"], data["by"], identifiers)
