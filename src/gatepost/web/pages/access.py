"""Who acts here, and who looked: roles and keys, what waits for a second administrator, looks at people by name."""

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.access import list_keys, list_roles
from gatepost.actions.looks import show_looks
from gatepost.actions.looks_seen import Looked, looks_of_late
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.actions.who import AUDITOR, HELPDESK
from gatepost.core.instant import Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import parse_instant
from gatepost.web.pages.browser import short
from gatepost.web.pages.table import Table, as_file, at_text
from gatepost.web.pages.visitors import Visitors
from gatepost.web.pages.words import LOOKED

_WRONG: Final[Mapping[Code, str]] = {Code.NO_SUCH_PERSON: "who", Code.PURPOSE_MISSING: "purpose"}


class Access:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        shows, does = self._visitors.shows, self._visitors.does
        return [
            Route("/access", shows(self._roles), methods=["GET"]),
            Route("/access.csv", shows(self._roles_file), methods=["GET"]),
            Route("/access/keys.csv", shows(self._keys_file), methods=["GET"]),
            Route("/looks", shows(self._looks), methods=["GET"]),
            Route("/looks", does(self._looks_at), methods=["POST"]),
            Route("/looks.csv", shows(self._looks_file), methods=["GET"]),
        ]

    def _roles(self, _request: Request, visitor: Visitor) -> Response:
        me = visitor.actor.person.id
        roles, keys = list_roles(self._site, me), list_keys(self._site, me)
        if isinstance(roles, Refusal):
            return self._visitors.refused(visitor, roles)
        if isinstance(keys, Refusal):
            return self._visitors.refused(visitor, keys)
        values = {
            "roles": [row | {"until": _instant(row["until"])} for row in roles if not row["waits"]],
            "keys": [row for row in keys if not row["waits"]],
            "waiting": [row for row in (*roles, *keys) if row["waits"]],
            "address": visitor.actor.person.emails[0],
        }
        return self._visitors.page(visitor, "access.html.j2", values)

    def _roles_file(self, _request: Request, visitor: Visitor) -> Response:
        columns = ("person", "role", "granted_by", "until", "waits")
        return self._held(visitor, "roles", columns, list_roles(self._site, visitor.actor.person.id))

    def _keys_file(self, _request: Request, visitor: Visitor) -> Response:
        columns = ("person", "fingerprint", "granted_by", "waits")
        return self._held(visitor, "keys", columns, list_keys(self._site, visitor.actor.person.id))

    def _held(
        self, visitor: Visitor, name: str, columns: tuple[str, ...], held: list[dict[str, object]] | Refusal
    ) -> Response:
        if isinstance(held, Refusal):
            return self._visitors.refused(visitor, held)
        return as_file(Table(name, columns, tuple(tuple(str(row[column]) for column in columns) for row in held)))

    def _looks(self, _request: Request, visitor: Visitor) -> Response:
        return self._looks_page(visitor, {})

    def _looks_page(self, visitor: Visitor, fields: Mapping[str, str], wrong: Refusal | None = None) -> Response:
        actor, late = visitor.actor, looks_of_late(self._site, visitor.actor.person.id)
        own = show_looks(self._site, actor.person.id)
        values = {
            "since": None if isinstance(late, Refusal) else late[0],
            "late": None if isinstance(late, Refusal) else _late(late[1]),
            "own": None if isinstance(own, Refusal) else looks_table(reversed(own)),
            "may_ask": actor.has(AUDITOR) or actor.has(HELPDESK),
            "fields": fields,
        }
        return self._visitors.form_page(visitor, "looks.html.j2", values, wrong, _WRONG)

    def _looks_at(self, _request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        fields = short(sent, "who", "purpose")
        if not fields["who"]:
            return self._looks_page(visitor, fields, Refusal(Code.NO_SUCH_PERSON, "Write at whom."))
        found = show_looks(self._site, visitor.actor.person.id, fields["who"], fields["purpose"])
        if isinstance(found, Refusal):
            if found.code in _WRONG:
                return self._looks_page(visitor, fields, found)
            return self._visitors.refused(visitor, found)
        values = {"table": looks_table(reversed(found)), "fields": fields}
        return self._visitors.page(visitor, "looks_at.html.j2", values)

    def _looks_file(self, _request: Request, visitor: Visitor) -> Response:
        late = looks_of_late(self._site, visitor.actor.person.id)
        return self._visitors.refused(visitor, late) if isinstance(late, Refusal) else as_file(_late(late[1]))


def _instant(text: object) -> Instant | None:
    return parse_instant(str(text)) if text else None


def _late(found: list[Looked]) -> Table:
    rows = tuple(
        (one.by, LOOKED[one.what], one.policy, one.times, one.people, "; ".join(one.purposes)) for one in found
    )
    return Table("looks of the last 31 days", ("Who", "At what", "Policy", "Looks", "People", "What for"), rows)


def looks_table(found: Iterable[dict[str, object]]) -> Table:
    rows = tuple(
        (int(str(one["entry"])), at_text(one["at"]), str(one["by"]), LOOKED[str(one["what"])], str(one["purpose"]))
        for one in found
    )
    return Table("looks", ("Entry", "When", "Who", "At what", "What for"), rows)
