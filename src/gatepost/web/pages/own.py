"""Somebody's own page: opened by the link in their mails, on any phone, without a sign-in. It changes nothing."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.actions.own_link import PATH
from gatepost.actions.own_page import own_facts
from gatepost.actions.site import Site
from gatepost.notify.own import OwnPage, no_page, own_page
from gatepost.web.pages.frame import Pages


def routes(pages: Pages, site: Site) -> list[Route]:
    """The page of a link, in the person's language; of a link that opens nothing, in the browser's."""

    def own(request: Request) -> Response:
        facts = own_facts(site, request.path_params["token"])
        if facts is None:
            wanted, _, _ = request.headers.get("accept-language", "").partition(",")
            return _shown(no_page(wanted.partition(";")[0].strip(), site.settings.site.default_locale), 404)
        return _shown(own_page(facts), 200)

    def _shown(page: OwnPage, status: int) -> Response:
        return pages.page("own.html.j2", page._asdict(), status)

    return [Route(f"/{PATH}/{{token}}", own)]
