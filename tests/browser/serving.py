"""A house's pages, served for real on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gatepost.doors.serving import listen, serving
from gatepost.web.app import application
from tests.servers.ports import free_port
from tests.verbs.houses import Builder, House


def house_with_pages(builder: Builder, **settings: Any) -> House:
    """An exercise whose pages are at a free port, under a name that passkeys can be for; one signs in by mail, and
    stays so whatever the clock is set to."""
    lasting: dict[str, Any] = {"web__session_idle": "300d", "web__session_longest": "300d"}
    port = free_port()
    where = {"web__url": f"http://localhost:{port}", "web__listen": f"127.0.0.1:{port}"}
    pages: dict[str, Any] = {"web__sign_in": "mail", **where}
    return builder.build(**(pages | lasting | settings))


@contextmanager
def served(house: House) -> Iterator[str]:
    """The address of its pages, while they are served; closes the house at the end."""
    web = house.site.settings.web
    server = uvicorn.Server(serving(application(house.site, web.url, "")))
    with listen(web.listen) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield web.url
        finally:  # a test that fails would wait for the thread for ever
            server.should_exit = server.force_exit = True
            thread.join(20)
            house.close()
    assert not thread.is_alive()
