"""The same site behind nginx, which passes whole certificates where Caddy passes fingerprints."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.fronts import files
from tests.doors.caddy.conftest import Mail
from tests.servers.front import a_front
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.needs("nginx-light")


def test_a_client_certificate_recognises_the_device(mail: Mail, tmp_path: Path) -> None:
    """As behind Caddy: ahead of the claimed id, and a client's own header of that name is not believed."""
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
    )
    blocked = REFUSAL_129["Sync"]
    with Nginx(tmp_path / "nginx", port, files("nginx", front)):
        there = replace(mail, port=port)
        assert there.sync("NOBODY", certificate="clean") == (200, b"THE-MAIL")
        assert there.sync("CLEAN1", certificate="clean", user="") == (200, b"THE-MAIL")
        assert there.sync("CLEAN1", certificate="blocked") == (200, blocked)
        assert there.sync("BOB1", certificate="clean") == (200, blocked)
        assert there.sync("CLEAN1", certificate="stranger") == (200, blocked)
        assert there.sync("CLEAN1") == (200, b"THE-MAIL")
        forged = {"X_Gatepost_Certificate": "0" * 64}
        assert there.sync("CLEAN1", **forged) == (200, b"THE-MAIL")
        assert there.sync("TIKTOK1", **forged) == (200, blocked)
