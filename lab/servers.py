"""What the lab starts, in order, and where the others find it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lab.site import PHONES, found
from tests.journeys.program import run, start
from tests.servers.certificates import Authority
from tests.servers.mail_sink import MailSink
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.sogo import BACKEND_PATH, Sogo

PASSWORD: Final = "secret"
_FILE: Final = "lab.json"


class Unfit(Exception):
    """The lab cannot start here; the text says why, and what to do."""


@dataclass(frozen=True)
class Lab:
    """A lab that runs. `fronts`: program to the port where phones come in by it. `authority`: what phones trust.
    `mailboxes`: the maildirs. `notices`: the directory of the mails that Gatepost sent."""

    site: str
    fronts: dict[str, int]
    imap: int
    authority: str
    mailboxes: str
    notices: str

    @classmethod
    def running(cls, directory: Path) -> "Lab":
        """The lab that somebody started there. Unfit."""
        try:
            return cls(**json.loads((directory / _FILE).read_text()))
        except FileNotFoundError:
            raise Unfit(f"no lab runs in {directory}: start one with `make lab`") from None


@contextmanager
def started(directory: Path) -> Iterator[Lab]:
    """Everything up, in a directory of the lab's own; everything down at the end. Unfit."""
    if os.geteuid() != 0:
        raise Unfit("the lab starts mail servers under their own users: run it as root, in a machine to play with")
    if (directory / _FILE).exists():
        raise Unfit(f"a lab runs in {directory} already; if it does not, remove that directory")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with ExitStack() as ends:
        _say("SOGo, with Dovecot, PostgreSQL and memcached")
        sogo = ends.enter_context(Sogo({login: PASSWORD for login, _ in PHONES.values()}))
        notices = ends.enter_context(MailSink(directory / "notices"))
        _say("a Gatepost site with people, phones and a policy")
        authority = Authority(directory / "tls")
        port, site = free_port(), directory / "site"
        certificate = authority.certificate("mail.example.com")
        found(
            site,
            {
                "smtp.port": notices.port,
                "web.listen": f"127.0.0.1:{free_port()}",
                "doors.mail.listen": f"127.0.0.1:{free_port()}",
                "doors.mail.front": f"127.0.0.1:{port}",
                "doors.mail.backend": f"127.0.0.1:{sogo.port}",
                "doors.mail.backend_path": BACKEND_PATH,
                "doors.mail.tls_certificate": str(certificate.file),
                "doors.mail.tls_key": str(certificate.key),
            },
        )
        serve = start(site, directory / "serve.log", "serve")
        ends.callback(serve.close)
        ends.callback(serve.stop)
        _say("nginx")
        run("door", "config", "nginx", "--out", directory / "nginx", site=site)
        ends.enter_context(Nginx(directory / "nginx", port))
        lab = Lab(
            site=str(site),
            fronts={"nginx": port},
            imap=sogo.imap_port,
            authority=str(authority.file),
            mailboxes=str(sogo.mailboxes),
            notices=str(notices.directory),
        )
        (directory / _FILE).write_text(json.dumps(asdict(lab)))
        ends.callback((directory / _FILE).unlink)
        yield lab


def _say(what: str) -> None:
    print(f"starting {what} ...", file=sys.stderr, flush=True)
