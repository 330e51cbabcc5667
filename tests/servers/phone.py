"""A phone: the ActiveSync client of PyPI's pyactivesync, and requests written by hand.

The client speaks protocol 16.1 by itself; SOGo speaks 14.1 at most, so the client is told to say that. Requests by hand
say what they are told to.
"""

import base64
import http.client
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from xml.etree import ElementTree

import requests
from pyactivesync import _http
from pyactivesync.client import Client
from pyactivesync.exceptions import StatusError
from pyactivesync.models import FolderType

PATH = "/Microsoft-Server-ActiveSync"
WBXML = "application/vnd.ms-sync.wbxml"

_http._EAS_PROTOCOL_VERSION = "14.1"
_http._RETRY_TOTAL = 0  # who asks wants to see the first answer


class Refused(Exception):
    """The phone got no mail. `how`: "Status 129", or "HTTP 403" and the like."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Phone:
    """One mail account on one phone, which trusts one authority. Keeps what it has, as a phone does."""

    def __init__(self, port: int, authority: Path, login: str, password: str, device: str, kind: str = "Phone") -> None:
        self._client = Client(
            f"127.0.0.1:{port}", login, password, device_id=device, device_type=kind, user=login, timeout=90
        )
        session = self._client._transport.session
        session.verify = str(authority)
        session.trust_env = False  # REQUESTS_CA_BUNDLE would overrule what is said here
        self._client._provisioned = True  # SOGo never gives a policy key
        self._inbox = ""
        self._key = "0"

    def through(self, port: int) -> Self:
        """From now on by another front of the same mail server."""
        self._client._transport.base_url = f"https://127.0.0.1:{port}{PATH}"
        return self

    def sync(self) -> list[str]:
        """Subjects of the mails that are new since it was last asked. Refused, and nothing is lost then."""
        try:
            return self._sync()
        except StatusError as error:
            raise Refused(f"Status {error.code}") from None
        except requests.HTTPError as error:
            raise _refused(error) from None

    def ping(self, seconds: int) -> str:
        """Wait for mail, at most so long: 1 nothing came, 2 something did (MS-ASCMD 2.2.3.177.11). Refused, OSError."""
        try:
            return str(self._client.ping(self._inbox, heartbeat=seconds).status)
        except requests.HTTPError as error:
            raise _refused(error) from None

    def _sync(self) -> list[str]:
        if not self._inbox:
            folders = self._client.list_folders()
            self._inbox = next(folder.id for folder in folders if folder.type is FolderType.INBOX)
        if self._key == "0":
            self._key = self._client.sync_folder(self._inbox).sync_key
        subjects: list[str] = []
        more = True
        while more:
            found = self._client.sync_folder(self._inbox, self._key)
            subjects += [item.fields["Email.Subject"] for item in found.added]
            self._key, more = found.sync_key, found.more_available
        return subjects

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()


def _refused(error: requests.HTTPError) -> Refused:
    assert error.response is not None
    return Refused(f"HTTP {error.response.status_code}")


class Answer(NamedTuple):
    """`wait`: the seconds of Retry-After, "" if none."""

    status: int
    kind: str
    wait: str
    body: bytes


class Line:
    """Requests by hand to a front on loopback, each over a connection of its own."""

    def __init__(self, port: int, authority: Path) -> None:
        self._port = port
        self._tls = ssl.create_default_context(cafile=str(authority))

    def ask(
        self,
        query: str,
        login: str = "",
        password: str = "secret",
        *,
        body: bytes = b"",
        version: str = "14.1",
        method: str = "POST",
        path: str = PATH,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """One request. Without a `login` it has no credentials, with `version` "" it does not say one."""
        sent = {"Content-Type": WBXML} | ({"MS-ASProtocolVersion": version} if version else {})
        if login:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=90, context=self._tls)
        try:
            connection.request(method, f"{path}?{query}", body, {**sent, **headers})
            answer = connection.getresponse()
            read = answer.headers.get
            return Answer(answer.status, read("Content-Type", ""), read("Retry-After", ""), answer.read())
        finally:
            connection.close()


def decoded(body: bytes) -> ElementTree.Element:
    """WBXML as libwbxml reads it, a decoder that is not ours: the root element."""
    command = ["wbxml2xml", "-l", "ACTIVESYNC", "-o", "-", "-"]
    done = subprocess.run(command, input=body, capture_output=True, check=True)
    return ElementTree.fromstring(done.stdout)
