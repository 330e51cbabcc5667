"""Watching a policy: its notices as they go out, what came back, how devices come along, by group."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.compliance import Course, Parted, course_of, live_courses, parted
from gatepost.actions.names import name_people
from gatepost.actions.sign_in import Visitor
from gatepost.actions.site import Site
from gatepost.actions.undelivered import Undelivered, undelivered
from gatepost.actions.who import AUTHOR, OPERATOR
from gatepost.core.refusal import Code, Refusal
from gatepost.web.pages.browser import short
from gatepost.web.pages.chart import Chart, chart_of
from gatepost.web.pages.table import At, Cell, Table, as_file
from gatepost.web.pages.visitors import Visitors
from gatepost.web.pages.words import NO_PURPOSE

AGAIN_AFTER: Final = 5
"""Seconds between two looks of a page while mails go out."""

_BY: Final = {"group": "Group", "country": "Country"}


class Watch:
    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site, self._visitors = site, visitors

    def routes(self) -> list[Route]:
        page, shows, does = "/policies/{policy}/watch", self._visitors.shows, self._visitors.does
        return [
            Route(page, shows(self._page), methods=["GET"]),
            Route(page, does(self._untold), methods=["POST"]),
            Route(page + "/notices.csv", shows(self._notices_file), methods=["GET"]),
            Route(page + "/course.csv", shows(self._course_file), methods=["GET"]),
            Route(page + "/{by}.csv", shows(self._by_file), methods=["GET"]),
            Route(page + "/{by}", shows(self._by), methods=["GET"]),
        ]

    def _page(self, request: Request, visitor: Visitor, problem: str = "") -> Response:
        policy, actor = request.path_params["policy"], visitor.actor
        course, mails = course_of(self._site, policy), undelivered(self._site, policy)
        if isinstance(course, Refusal):
            return self._visitors.refused(visitor, course)
        if isinstance(mails, Refusal):
            return self._visitors.refused(visitor, mails)
        watched = mails.going_on and "still" not in request.query_params and not problem
        values = {
            "course": course,
            "chart": chart(course),
            "numbers": _numbers(course),
            "mails": mails,
            "notices": _notices(mails),
            "again_after": AGAIN_AFTER if watched else 0,
            "may_name": actor.has(AUTHOR) or actor.has(OPERATOR),
            "problem": problem,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return self._visitors.page(visitor, "watch.html.j2", values, status)

    def _untold(self, request: Request, visitor: Visitor, sent: Mapping[str, str]) -> Response:
        """Who has to be told otherwise, by name: for a purpose, and recorded."""
        policy, purpose = request.path_params["policy"], short(sent, "purpose")["purpose"]
        if not purpose:
            return self._page(request, visitor, NO_PURPOSE)
        rows = name_people(self._site, visitor.actor.person.id, policy, purpose, untold=True)
        if isinstance(rows, Refusal):
            return self._visitors.refused(visitor, rows)
        cells = tuple((str(row["name"]), str(row["person"]), str(row["address"])) for row in rows)
        values = {"policy": policy, "purpose": purpose, "table": Table("not told", ("Name", "Id", "Address"), cells)}
        return self._visitors.page(visitor, "watch_untold.html.j2", values)

    def _notices_file(self, request: Request, visitor: Visitor) -> Response:
        mails = undelivered(self._site, request.path_params["policy"])
        return self._visitors.refused(visitor, mails) if isinstance(mails, Refusal) else as_file(_notices(mails))

    def _course_file(self, request: Request, visitor: Visitor) -> Response:
        course = course_of(self._site, request.path_params["policy"])
        return self._visitors.refused(visitor, course) if isinstance(course, Refusal) else as_file(_numbers(course))

    def _by(self, request: Request, visitor: Visitor) -> Response:
        policy, by = request.path_params["policy"], request.path_params["by"]
        found = self._parted(policy, by)
        if isinstance(found, Refusal):
            return self._visitors.refused(visitor, found)
        values = {"policy": policy, "by": by, "table": _parts(found, by)}
        return self._visitors.page(visitor, "watch_by.html.j2", values)

    def _by_file(self, request: Request, visitor: Visitor) -> Response:
        by = request.path_params["by"]
        found = self._parted(request.path_params["policy"], by)
        return self._visitors.refused(visitor, found) if isinstance(found, Refusal) else as_file(_parts(found, by))

    def _parted(self, policy: str, by: str) -> Parted | Refusal:
        if by not in _BY:
            return Refusal(Code.NO_SUCH_POLICY, f"There is no page {by} here: group and country there are.")
        return parted(self._site, policy, by)


def chart(course: Course) -> Chart | None:
    """Devices that carry the app, from the announcement to the deadline or to now, with the deadline."""
    points = [(sample.at, sample.carrying) for sample in course.samples]
    marks = [at for at in (course.first, course.last) if at is not None]
    return chart_of(points, max([course.now, *marks]), marks)


def charts(site: Site) -> list[tuple[Course, Chart]]:
    """Of every live policy that has a course to show."""
    return [(course, drawn) for course in live_courses(site) if (drawn := chart(course)) is not None]


def _numbers(course: Course) -> Table:
    rows = tuple((At(one.at), one.carrying, one.unseen) for one in reversed(course.samples))
    return Table(f"{course.policy} course", ("When", "Carry the app", "We cannot see"), rows)


def _notices(mails: Undelivered) -> Table:
    rows = tuple((kind, state, number) for (kind, state), number in sorted(mails.counts.items()))
    return Table(f"{mails.policy} notices", ("Kind", "State", "Mails"), rows)


def _parts(found: Parted, by: str) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (value or "not known", number, found.carrying[value]) for value, number in found.concerned.items()
    )
    return Table(f"by {by}", (_BY[by], "People asked", "Still carry it"), rows)
