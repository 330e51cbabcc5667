"""How the web process and its site are, for programs that watch over them. Anybody may ask.

GET /healthz   204 the process answers
GET /readyz    204 the site can be relied on, 503 it cannot, and why (actions/health.py)
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gatepost.actions.health import not_ready
from gatepost.actions.site import Site


def routes(site: Site) -> list[Route]:
    def ready(_request: Request) -> Response:
        why = not_ready(site)
        return PlainTextResponse(f"{why}\n", 503) if why else Response(status_code=204)

    return [Route("/healthz", _answers), Route("/readyz", ready)]


def _answers(_request: Request) -> Response:
    return Response(status_code=204)
