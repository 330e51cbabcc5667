"""The site's API as its callers meet it: a process, a token, HTTP."""

import http.client
import json
from contextlib import closing
from pathlib import Path

from tests.journeys.conftest import Serve
from tests.journeys.program import configure, run
from tests.journeys.story import Story

TOKEN = "0123456789abcdef0123456789abcdef"
CLEO = {
    "subject": {"type": "device", "id": "CLEOPHONE1", "properties": {"user": "cleo@example.com"}},
    "action": {"name": "open"},
    "resource": {"type": "mailbox", "id": "cleo@example.com"},
}


def address(site: Path, section: str) -> str:
    text = (site / "gatepost.toml").read_text().partition(f"\n[{section}]")[2].partition("\nlisten = ")[2]
    return text.partition('"')[2].partition('"')[0]


def post(where: str, body: object, token: str = TOKEN) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(where, timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with closing(connection):
        connection.request("POST", "/access/v1/evaluation", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def with_token(story: Story, token: str = TOKEN, mode: int = 0o600) -> None:
    file = story.site / "api.token"
    file.write_text(token + "\n")
    file.chmod(mode)
    configure(story.site, web__token_file="api.token")


def test_serve_answers_at_both_places(story: Story, serve: Serve) -> None:
    """With a token in its settings, `serve` runs the API too; door and site answer one question alike (I-1)."""
    with_token(story)
    whole = serve(story.site)
    assert " web on 127.0.0.1:" in whole.ready
    web, door = address(story.site, "web"), address(story.site, "doors.mail")
    for where in (web, door):
        status, body = post(where, CLEO)
        assert (status, json.loads(body)["decision"]) == (200, True), where
    assert post(web, CLEO, "another")[0] == 401


def test_without_a_token_nobody_may_ask(story: Story, serve: Serve) -> None:
    """`gatepost web` without a token says 401 to everybody, and `serve` does not run it."""
    assert "web" not in serve(story.site).ready
    alone = serve(story.site, "web")
    assert alone.ready.startswith("ready: web on ")
    assert post(address(story.site, "web"), CLEO)[0] == 401
    assert alone.stop() == 0


def test_a_token_that_is_no_secret_is_refused(story: Story) -> None:
    """A token that others could read, or guess, or that is not there, is said so, and nothing listens."""
    for token, mode, text in ((TOKEN, 0o640, "chmod 600"), ("short", 0o600, "at least 32"), ("é" * 40, 0o600, "ASCII")):
        with_token(story, token, mode)
        assert text in run("web", site=story.site, exit=1).stderr
    (story.site / "api.token").unlink()
    assert "cannot be read" in run("web", site=story.site, exit=1).stderr


def test_a_taken_address_is_said(story: Story, serve: Serve) -> None:
    """Two of them on one address: the second ends with the system's error."""
    serve(story.site, "web")
    assert "in use" in run("web", site=story.site, exit=1).stderr
