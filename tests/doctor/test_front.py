"""The doctor before a real door and a real nginx, whose configuration is spoilt in all the ways that were met."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from gatepost import wiring
from gatepost.actions.doctor import Finding, front
from gatepost.actions.glass import stance_of
from gatepost.actions.site import Site
from gatepost.config.settings import DoorProcess
from gatepost.doors import probe
from gatepost.doors.fronts.nginx import files
from tests.journeys.program import Server, configure, eventually, start
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.verbs.houses import good

pytestmark = pytest.mark.needs("nginx-light")


class Backend(BaseHTTPRequestHandler):
    """Stands for the mail server, which knows nobody and counts who comes."""

    came: list[str]

    def do_POST(self) -> None:
        type(self).came.append(self.path)
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


class Place(NamedTuple):
    """A site whose door runs. `came`: the requests that reached the mail server."""

    site: Site
    door: Server
    came: list[str]

    def examine(self) -> dict[str, Finding]:
        process = self.site.settings.doors["mail"]
        return {finding.check: finding for finding in front.examine(self.site, "mail", process)}

    def results(self) -> dict[str, str]:
        return {check: finding.result for check, finding in self.examine().items()}

    def declare(self, on_no_copy: str) -> "Place":
        """The same site with another word in its settings."""
        configure(self.site.directory, door__on_no_copy=on_no_copy)
        return self._replace(site=good(wiring.open_site(self.site.directory)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("site") / "site"
    Backend.came = []
    backend = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    backend.daemon_threads = True
    thread = threading.Thread(target=backend.serve_forever, args=(0.01,))
    thread.start()
    changes: dict[str, object] = {
        "doors.mail.listen": f"127.0.0.1:{free_port()}",
        "doors.mail.front": f"127.0.0.1:{free_port()}",
        "doors.mail.backend": f"127.0.0.1:{backend.server_port}",
    }
    site = good(wiring.init_site(directory, exercise=True, changes=changes))
    door = start(directory, directory / "log", "door", "run")
    yield Place(site, door, Backend.came)
    assert door.stop() == 0, door.log
    door.close()
    site.store.close()
    backend.shutdown()
    thread.join()
    backend.server_close()


@contextmanager
def nginx(place: Place, prefix: Path, spoil: Mapping[str, str] = {}) -> Iterator[None]:
    """nginx as the site has it written, with these parts of it replaced."""
    place.came.clear()
    written = dict(files(wiring.front_of(place.site, "mail")))
    text = written["gatepost.conf"].decode()
    for good_line, bad_line in spoil.items():
        assert good_line in text, good_line
        text = text.replace(good_line, bad_line)
    written["gatepost.conf"] = text.encode()
    with Nginx(prefix, place.site.settings.doors["mail"].front.port, written):
        yield


WELL = dict.fromkeys(("asked", "base64", "no-device", "cannot-decide"), "ok")


def test_a_front_that_is_well(place: Place, tmp_path: Path) -> None:
    """Every refusal of the door comes out of nginx as it should; nothing reaches the mail server, nothing is counted
    at the door as a phone's, and nothing stays behind."""
    before = stance_of(place.site.settings.doors["mail"].listen)["counts"]
    with nginx(place, tmp_path):
        assert place.results() == WELL
    assert place.came == []
    assert stance_of(place.site.settings.doors["mail"].listen)["counts"] == before
    assert not list(place.site.directory.glob("*.probe"))


def test_no_front(place: Place) -> None:
    """Nothing listens for phones at the address of the settings."""
    findings = place.examine()
    assert findings["asked"].result == "fail"
    assert "nothing answers" in findings["asked"].found


SPOILT: dict[str, tuple[Mapping[str, str], Mapping[str, str], str]] = {
    "the door is not asked": (
        {"auth_request /_gate;": "", "/_verdict/$gate_verdict?": "/_verdict/allow?"},
        dict.fromkeys(WELL, "fail"),
        "without asking the door",
    ),
    "only DeviceId= is looked for": (
        {"auth_request /_gate;": "if ($arg_DeviceId = '') { return 200; }\n    auth_request /_gate;"},
        {"base64": "fail", "no-device": "fail"},
        "without asking the door",
    ),
    "500 is not caught": (
        {"error_page 401 500 = @undecided;": ""},
        {"cannot-decide": "fail"},
        "answers 500",
    ),
    "a refusal is not obeyed": (
        {
            "error_page 403 = $gate_refusal;": "error_page 403 =204 /_let;",
            "location / {": "location = /_let { internal; return 204; }\n  location / {",
        },
        {"asked": "fail", "base64": "fail", "no-device": "fail"},
        "204 all the same",
    ),
    "the query is lost": (
        {"X-Original-URI $request_uri": "X-Original-URI $uri"},
        {"asked": "fail", "base64": "fail"},
        "took the request for unidentified",
    ),
    "503 without Retry-After": (
        {"add_header Retry-After 180 always;": ""},
        {"cannot-decide": "fail"},
        "answers 503",
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_front_that_is_spoilt(place: Place, tmp_path: Path, what: str) -> None:
    """I-29, I-30: each way in which a proxy lets mail by its door is seen, and what is not spoilt is not blamed."""
    spoil, results, about = SPOILT[what]
    with nginx(place, tmp_path, spoil):
        findings = place.examine()
    assert {check: finding.result for check, finding in findings.items()} == {**WELL, **results}
    wrong = [finding for finding in findings.values() if finding.result == "fail"]
    assert any(about in finding.found for finding in wrong), wrong
    assert all(finding.todo for finding in wrong)


@pytest.mark.parametrize("declared", ["allow", "block"])
def test_what_is_declared_for_no_answer(place: Place, tmp_path: Path, declared: str) -> None:
    """I-29: with another word in the settings the old configuration is wrong, and the new one right."""
    undecided = files(wiring.front_of(place.site, "mail"))
    changed = place.declare(declared)
    port = place.site.settings.doors["mail"].front.port
    try:
        with Nginx(tmp_path / "old", port, undecided):
            assert changed.results() == WELL | {"cannot-decide": "fail"}
        with nginx(changed, tmp_path / "new"):
            assert changed.results() == WELL
    finally:
        place.declare("undecided").site.store.close()
        changed.site.store.close()


def _probes(process: DoorProcess, name: str) -> bool:
    return bool(stance_of(process.listen)["probe"] == name)


def test_a_probe_lets_nobody_in(place: Place, tmp_path: Path) -> None:
    """What lies beside the copy can have the door refuse one login, whatever it says: it is no way around it."""
    process = place.site.settings.doors["mail"]
    header = "Basic bm9ib2R5OnNlY3JldA=="
    nameless = front._forms("nobody").nameless
    with nginx(place, tmp_path):
        assert front._through(process, header, nameless).refuses
        for answer in ("allow", "warn", "", "block", "undecided"):
            name = probe.ask(process.table, header.encode(), cast(probe.Refused, answer))
            taken = name if answer in ("block", "undecided") else ""
            eventually(partial(_probes, process, taken), f"the door takes up {answer}")
            refused = front._through(process, header, nameless)
            assert refused.refuses or refused.status == 503
    probe.forget(process.table)
    assert place.came == []
