"""gatepost webhook: programs that are told when a policy's stage changes, or a device is to report."""

from typing import Any

from cyclopts import App

from gatepost.actions.webhooks import list_webhooks
from gatepost.cli.data import listing
from gatepost.cli.output import Lines
from gatepost.cli.session import Given

app = App(name="webhook")


@app.command(name="list")
def webhooks(*, session: Given) -> int:
    """Every webhook: what it was told, what waits for it, and what it was never told."""
    return session.act(list_webhooks, _listed)


def _listed(rows: list[dict[str, Any]]) -> Lines:
    counted = [row | {"given up": len(row["given_up"]), "events": row["events"] or "policy.*"} for row in rows]
    nothing = "There is no webhook; a section [webhooks.NAME] in gatepost.toml makes one."
    yield from listing(counted, "name", "to", "events", "waiting", "delivered", "given up", nothing=nothing)
    for row in rows:
        for one in row["failing"]:
            yield f"{row['name']}: {_about(one)}; tried again at {one['next_at']}"
        for one in row["given_up"]:
            yield f"{row['name']}: {_about(one)}; given up at {one['given_up_at']}"


def _about(one: dict[str, Any]) -> str:
    return f"{one['type']} of entry {one['entry']} was not taken in {one['attempts']} attempts: {one['said']}"
