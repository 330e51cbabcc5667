"""The ledger: its entries, each with what it is about and with the proof that it stands there."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.entries import Entry, newest_entries, one_entry
from gatepost.actions.proof import leaf_of, proof_of
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.core.ledger.codec import EVENTS
from gatepost.web.pages.frame import CLOSED
from gatepost.web.pages.table import Table, as_file
from gatepost.web.pages.visitors import Visitors, number

PAGE: Final = 50
"""Entries on a page."""

MOST_IN_A_FILE: Final = 10_000
"""Entries of one search that are written into a file; `gatepost ledger export` has all."""

_POLICY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")

_ABOUT: Final = {
    "app": "apps",
    "apps": "apps",
    "attestation": "statements",
    "door": "doors",
    "fingerprint": "access",
    "role": "access",
    "roles": "access",
    "waiver": "waivers#{}",
}
"""The page of what a field of an event names."""


class Ledger:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shows = self._visitors.shows
        return [
            Route("/ledger", shows(self._entries), methods=["GET"]),
            Route("/ledger.csv", shows(self._file), methods=["GET"]),
            Route("/ledger/{index}.json", shows(self._leaf), methods=["GET"]),
            Route("/ledger/{index}.tlog-proof", shows(self._proof), methods=["GET"]),
            Route("/ledger/{index}", shows(self._entry), methods=["GET"]),
        ]

    def _entries(self, request: Request, visitor: Visitor) -> Response:
        asked = _asked(request)
        if wrong := _wrong(asked):
            return self._visitors.missing(visitor, wrong)
        page = newest_entries(self._site, number(asked["before"]), PAGE, asked["event"], asked["policy"], asked["by"])
        values = {"entries": page.entries, "before": page.before, "asked": asked, "events": sorted(EVENTS)}
        return self._visitors.page(visitor, "ledger.html.j2", values)

    def _file(self, request: Request, visitor: Visitor) -> Response:
        asked = _asked(request)
        if wrong := _wrong(asked):
            return self._visitors.missing(visitor, wrong)
        page = newest_entries(self._site, None, MOST_IN_A_FILE, asked["event"], asked["policy"], asked["by"])
        rows = tuple((each.index, each.at, each.by, each.event, each.policy, _said(each)) for each in page.entries)
        return as_file(Table("ledger", ("entry", "at", "by", "event", "policy", "says"), rows))

    def _entry(self, request: Request, visitor: Visitor) -> Response:
        index = number(request.path_params["index"])
        entry = None if index is None else one_entry(self._site, index)
        if entry is None:
            return self._no_entry(visitor)
        fields = [(name, value, _ABOUT.get(name, "").format(value)) for name, value in entry.fields]
        return self._visitors.page(visitor, "ledger_entry.html.j2", {"entry": entry, "fields": fields})

    def _leaf(self, request: Request, visitor: Visitor) -> Response:
        index = number(request.path_params["index"])
        leaf = None if index is None else leaf_of(self._site, index)
        if leaf is None:
            return self._no_entry(visitor)
        return Response(leaf, media_type="application/json", headers=_saved(f"entry-{index}.json"))

    def _proof(self, request: Request, visitor: Visitor) -> Response:
        index = number(request.path_params["index"])
        proof = None if index is None else proof_of(self._site, index)
        if proof is None:
            return self._no_entry(visitor)
        return Response(proof, media_type="text/plain; charset=utf-8", headers=_saved(f"entry-{index}.tlog-proof"))

    def _no_entry(self, visitor: Visitor) -> Response:
        return self._visitors.missing(visitor, "The ledger has no such entry.")


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip() for name in ("event", "policy", "by", "before")}


def _wrong(asked: dict[str, str]) -> str:
    """What cannot be searched for; "" if all of it can."""
    if asked["event"] and asked["event"] not in EVENTS:
        return f"There is no event {asked['event']}."
    if asked["policy"] and not _POLICY.fullmatch(asked["policy"]):
        return f"{asked['policy']} cannot be a policy's id."
    return ""


def _said(entry: Entry) -> str:
    return "; ".join(f"{name}: {value}" for name, value in entry.fields)


def _saved(name: str) -> dict[str, str]:
    return {**CLOSED, "content-disposition": f'attachment; filename="{name}"'}
