"""The vendor's side: where an app's owner is asked, that they were, and what they answered."""

import secrets
from typing import Any

from gatepost.actions.about import inquiries_data
from gatepost.actions.access import is_address
from gatepost.actions.change import Change, changing, looking
from gatepost.actions.lookup import date_ahead, unknown_apps
from gatepost.actions.site import Site
from gatepost.actions.who import AUTHOR, OPERATOR, Actor, acting
from gatepost.core.ledger.app_events import VendorAnswered, VendorAsked, VendorContactSet
from gatepost.core.refusal import Code, Refusal
from gatepost.storage import catalogue, claims, people


def set_contact(site: Site, by: str | None, publisher: str, name: str, email: str) -> dict[str, object] | Refusal:
    """Where a publisher of the catalogue's apps is asked."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        publishers = sorted({app.publisher for app in catalogue.apps(change.conn).values() if app.publisher})
        if publisher not in publishers:
            return Refusal(
                Code.NO_SUCH_PUBLISHER,
                f"No app of the catalogue is published by {publisher!r}; `apps list --json` shows publishers.",
            )
        if not is_address(email):
            return Refusal(Code.NO_SUCH_PUBLISHER, f"{email!r} is no mail address; write where {publisher} is asked.")
        change.record(VendorContactSet(publisher, change.words(claims.packed(name=name, email=email))))
        return {"publisher": publisher, "name": name, "email": email}


def asked(site: Site, by: str | None, app: str, on: str, question: str, asker: str = "") -> dict[str, object] | Refusal:
    """Record that an app's owner was asked. `on`: the day, ISO 8601. `asker`: who asked, if not who records it."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        apps = catalogue.apps(change.conn)
        if refusal := unknown_apps([app], apps) or date_ahead([on], change.now):
            return refusal
        who = _asker(change, actor, asker)
        if isinstance(who, Refusal):
            return who
        inquiry = f"vq_{secrets.token_hex(6)}"
        change.record(VendorAsked(inquiry, app, on, who, change.words(question)))
        contact = claims.contacts(change.conn).get(apps[app].publisher)
        return {"inquiry": inquiry, "app": app, "on": on, "contact": contact.email if contact else ""}


def _asker(change: Change, actor: Actor, asker: str) -> str | Refusal:
    if not asker:
        return actor.ref
    person = people.find(change.conn, asker)
    return person.ref if person else Refusal(Code.NO_SUCH_PERSON, f"Nobody is known as {asker}.")


def answered(site: Site, by: str | None, inquiry: str, on: str, answer: str) -> dict[str, object] | Refusal:
    """Record what an app's owner answered; a later answer to the same question takes the place of an earlier one."""
    with changing(site) as change:
        actor = acting(change, by, AUTHOR, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        known = {one.inquiry: one for one in claims.asked(change.conn)}
        if inquiry not in known:
            return Refusal(Code.NO_SUCH_INQUIRY, f"No question {inquiry} is recorded; `vendor list` shows all.")
        if refusal := date_ahead([on], change.now):
            return refusal
        change.record(VendorAnswered(inquiry, on, change.words(answer)))
        return {"inquiry": inquiry, "app": known[inquiry].app, "on": on}


def list_inquiries(site: Site, app: str | None = None) -> list[dict[str, Any]] | Refusal:
    """What was asked and answered, about one app or all."""
    with looking(site) as conn:
        if app is not None and (refusal := unknown_apps([app], catalogue.apps(conn))):
            return refusal
        return inquiries_data(conn, claims.asked(conn, None if app is None else [app]))
