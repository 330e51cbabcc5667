"""People by name, for a purpose; and the pages about people that name nobody."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.fleet_counts import fleet_counts
from gatepost.actions.people_search import OnePerson, OwnDevice, find_people
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.actions.who import OPERATOR
from gatepost.core.refusal import Code, Refusal
from gatepost.web.pages.access import looks_table
from gatepost.web.pages.browser import short
from gatepost.web.pages.help_desk import in_words
from gatepost.web.pages.table import At, Table, as_file
from gatepost.web.pages.visitors import Visitors

_WRONG: Final[Mapping[Code, str]] = {Code.NO_SUCH_PERSON: "who", Code.PURPOSE_MISSING: "purpose"}


class People:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shows, does = self._visitors.shows, self._visitors.does
        return [
            Route("/people", shows(self._hub), methods=["GET"]),
            Route("/people", does(self._find), methods=["POST"]),
            Route("/devices", shows(self._devices), methods=["GET"]),
            Route("/devices.csv", shows(self._devices_file), methods=["GET"]),
        ]

    def _hub(self, _request: Request, visitor: Visitor) -> Response:
        return self._form(visitor, {})

    def _form(self, visitor: Visitor, fields: Mapping[str, str], wrong: Refusal | None = None) -> Response:
        values = {"fields": fields, "may_search": visitor.actor.has(OPERATOR)}
        return self._visitors.form_page(visitor, "people.html.j2", values, wrong, _WRONG)

    def _find(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        fields = short(sent, "who", "purpose")
        if not fields["who"]:
            return self._form(visitor, fields, Refusal(Code.NO_SUCH_PERSON, "Write whom you look for."))
        found = find_people(self._site, visitor.actor.person.id, fields["who"], fields["purpose"])
        if isinstance(found, Refusal) and found.code in _WRONG:
            return self._form(visitor, fields, found)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        if isinstance(found, OnePerson):
            return self._visitors.page(visitor, "person.html.j2", _person(visitor, found) | {"fields": fields})
        return self._visitors.page(visitor, "people_found.html.j2", {"found": found, "fields": fields})

    def _devices(self, _request: Request, visitor: Visitor) -> Response:
        counts = fleet_counts(self._site)
        return self._visitors.page(visitor, "devices.html.j2", {"counts": counts, "table": _fleet(counts.cells)})

    def _devices_file(self, _request: Request, _visitor: Visitor) -> Response:
        return as_file(_fleet(fleet_counts(self._site).cells))


def _fleet(cells: Mapping[str, Mapping[str, int | None]]) -> Table:
    rows = tuple((by, value, count) for by, found in cells.items() for value, count in found.items())
    return Table("devices in use", ("By", "What", "Devices"), rows)


def _person(visitor: Visitor, found: OnePerson) -> dict[str, object]:
    zone = visitor.actor.person.time_zone
    named = {found.person.ref: "this person"} | {each.device.ref: each.device.id for each in found.devices}
    return {
        "found": found,
        "devices": [_device(each, zone) for each in found.devices],
        "waivers": Table(
            "waivers",
            ("Policy", "For", "Until", "How it ended"),
            tuple(
                (one.policy, named.get(one.subject, ""), At(one.until), one.ended or "it holds")
                for one in found.waivers
            ),
        ),
        "statements": Table(
            "statements",
            ("Device", "App", "Until", "How it ended"),
            tuple(
                (named.get(one.device, ""), one.app, At(one.until), one.ended or "it counts")
                for one in found.statements
            ),
        ),
        "mails": Table(
            "mails",
            ("Written", "Policy", "Kind", "State"),
            tuple((At(one.created_at), one.policy, one.kind.value, one.state.value) for one in found.notices),
        ),
        "looks": looks_table(found.looks),
    }


def _device(each: OwnDevice, zone: str) -> dict[str, object]:
    return each._asdict() | in_words(each.decided, zone)
