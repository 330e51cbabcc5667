"""The same site behind nginx, which passes whole certificates where Caddy passes fingerprints."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import files
from tests.doors.caddy.conftest import BLOCKED_SYNC, BROWSER, DESKTOP, HIDDEN, PHONE, Mail, mail_server
from tests.doors.caddy.test_caddy import ANSWERS, Fake, asked
from tests.servers.front import RULES, a_front
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("nginx-light")


@pytest.fixture(scope="module")
def there(mail: Mail, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mail]:
    """That mail server by nginx."""
    port, own = free_port(), mail.certificates["server"]
    front = a_front(
        port,
        mail.check,
        mail.backend.server_port,
        users=("basic", "certificate"),
        certificates=True,
        tls_certificate=own.file,
        tls_key=own.key,
        client_ca=mail.authority.file,
        backend_path="/SOGo/Microsoft-Server-ActiveSync",
        web_path="/SOGo",
    )
    with Nginx(tmp_path_factory.mktemp("nginx"), port, files("nginx", front)):
        yield replace(mail, port=port)


def test_a_client_certificate_recognises_the_device(there: Mail) -> None:
    """As behind Caddy: ahead of the claimed id, and a client's own header of that name is not believed."""
    blocked = REFUSAL_129["Sync"]
    assert there.sync("NOBODY", certificate="clean") == (200, b"THE-MAIL")
    assert there.sync("CLEAN1", certificate="clean", user="") == (200, b"THE-MAIL")
    assert there.sync("CLEAN1", certificate="blocked") == (200, blocked)
    assert there.sync("BOB1", certificate="clean") == (200, blocked)
    assert there.sync("CLEAN1", certificate="stranger") == (200, blocked)
    assert there.sync("CLEAN1") == (200, b"THE-MAIL")
    forged = {"X_Gatepost_Certificate": "0" * 64}
    assert there.sync("CLEAN1", **forged) == (200, b"THE-MAIL")
    assert there.sync("TIKTOK1", **forged) == (200, blocked)


def test_webmail(there: Mail) -> None:
    """As behind Caddy: by certificate, else by what the browser says; and it is no way to ActiveSync."""

    def page(agent: str, certificate: str = "", **more: str) -> int:
        headers = {"User-Agent": agent, "Cookie": "session=x"} | more
        return there.ask("GET", "/SOGo/so/ann/Mail?x=1", headers, certificate)[0]

    del there.seen[:]
    assert page(DESKTOP) == 200
    assert page(PHONE) == 403
    assert page(DESKTOP, **{"Sec-CH-UA-Mobile": "?1"}) == 403
    assert page(PHONE, "clean") == 200
    assert page(DESKTOP, "blocked") == 403
    assert [path for path, _, _ in there.seen] == ["/SOGo/so/ann/Mail?x=1"] * 2
    del there.seen[:]
    for path in HIDDEN:
        status, _, body = there.ask("POST", f"{path}?{BLOCKED_SYNC}", BROWSER)
        assert (status, body) != (200, b"THE-MAIL"), path
    assert there.seen == []


@pytest.mark.parametrize("on_no_copy", ["undecided", "allow", "block"])
def test_webmail_without_a_door_as_declared(tmp_path: Path, on_no_copy: Literal["undecided", "allow", "block"]) -> None:
    """I-29: what the site declared holds for the web application too; an answer of somebody else is none."""
    port, fake = free_port(), Fake()
    rules = replace(RULES, on_no_copy=on_no_copy)
    with mail_server() as server:
        front = a_front(port, fake.port, server.server_port, rules=rules, web_path="/mail")
        with Nginx(tmp_path, port, files("nginx", front)):
            answers = []
            for fake.answer in ANSWERS.values():
                answers.append(asked(port, "/mail/inbox"))
            fake.close()
            answers.append(asked(port, "/mail/inbox"))
        seen = [path for path, _, _ in server.seen]  # type: ignore[attr-defined] # ours
    expected = {"undecided": 503, "allow": 200, "block": 403}[on_no_copy]
    assert {status for status, *_ in answers} == {expected}
    assert max(seconds for *_, seconds in answers) < 2
    assert set(seen) == ({"/mail/inbox"} if on_no_copy == "allow" else set())
