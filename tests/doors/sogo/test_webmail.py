"""SOGo's webmail behind the same check as its ActiveSync, with a door at which nobody is refused."""

from pathlib import Path

import pytest

from tests.attacks.webmail import HOSTILE, SERVED, before, send
from tests.doors.site import basic
from tests.doors.sogo.conftest import PEOPLE
from tests.doors.sogo.fronts import FOLDERS, PASSWORD
from tests.servers.sogo import PACKAGES, Sogo

pytestmark = [pytest.mark.needs(package) for package in (*PACKAGES, "nginx-light")]

QUERY = b"?Cmd=FolderSync&User=x&DeviceId=CLEAN1&DeviceType=iPhone"


def speaks_activesync(port: int, path: bytes) -> bool:
    credentials = b"Authorization: " + basic(PEOPLE[0], PASSWORD)
    answer = send(port, path + QUERY, credentials, b"MS-ASProtocolVersion: 14.1", body=FOLDERS)
    return b"application/vnd.ms-sync.wbxml" in answer.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize("program", ["nginx", "caddy"])
def test_no_path_of_webmail_opens_activesync(tmp_path: Path, sogo: Sogo, program: str) -> None:
    """I-1: phones reach SOGo's ActiveSync by their own path, which is judged as such, and by no path of its webmail,
    whatever SOGo makes of it. (SOGo 5.8 itself answers ActiveSync at its one path only, to the letter.)"""
    assert speaks_activesync(sogo.port, SERVED.encode())
    with before(program, tmp_path, sogo.port) as front:
        assert speaks_activesync(front.port, b"/Microsoft-Server-ActiveSync")
        assert front.asked == ["/check"]
        for path in (SERVED.encode(), *HOSTILE[::7]):
            assert not speaks_activesync(front.port, path), path
