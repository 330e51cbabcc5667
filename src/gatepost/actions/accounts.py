"""Official accounts: the organisation's own accounts on an app, and the groups of people who keep them."""

import secrets
from dataclasses import asdict
from typing import Any

from gatepost.actions.change import changing, looking
from gatepost.actions.lookup import unknown_apps
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, OPERATOR, acting
from gatepost.core.ledger.app_events import AccountAdded, AccountRemoved
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import catalogue, claims


def add_account(site: Site, by: str | None, app: str, name: str, group: str) -> dict[str, object] | Refusal:
    """An account of ours on an app, kept by the people of a group. The group may come with a later import."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if refusal := unknown_apps([app], catalogue.apps(change.conn)):
            return refusal
        for account in claims.official(change.conn, [app]):
            if (account.name, account.group) == (name, group):
                return {"account": account.account, "app": app, "name": name, "group": group, "known": True}
        account_id = f"ac_{secrets.token_hex(6)}"
        change.record(AccountAdded(account_id, app, group, change.words(name)))
        return {"account": account_id, "app": app, "name": name, "group": group, "known": False}


def remove_account(site: Site, by: str | None, account: str) -> dict[str, object] | Refusal:
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if account not in {known.account for known in claims.official(change.conn)}:
            return Refusal(Code.NO_SUCH_ACCOUNT, f"There is no account {account}; `accounts list` shows all.")
        change.record(AccountRemoved(account))
        return {"account": account, "removed": True}


def list_accounts(site: Site, app: str | None = None) -> list[dict[str, Any]] | Refusal:
    with looking(site) as conn:
        if app is not None and (refusal := unknown_apps([app], catalogue.apps(conn))):
            return refusal
        return [asdict(account) for account in claims.official(conn, None if app is None else [app])]
