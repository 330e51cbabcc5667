"""What the lab starts, in order, and where the others find it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lab.site import PHONES, found
from tests.journeys.program import run
from tests.servers.certificates import Authority, Certificate
from tests.servers.daemon import Daemon
from tests.servers.dovecot import Dovecot
from tests.servers.mail_sink import MailSink
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.postfix import Postfix
from tests.servers.sogo import BACKEND_PATH, Sogo

PASSWORD: Final = "secret"
_FILE: Final = "lab.json"


class Unfit(Exception):
    """The lab cannot start here; the text says why, and what to do."""


@dataclass(frozen=True)
class Lab:
    """A lab that runs. `fronts`: program to the port where phones come in by it; `imap`, `submission`: ports.

    `authority`: what phones trust. `mailboxes`: the maildirs, of SOGo and of Dovecot. `notices`: the directory of the
    mails that Gatepost or a phone sent.
    """

    site: str
    fronts: dict[str, int]
    imap: int
    submission: int
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
        notices = ends.enter_context(MailSink(directory / "notices"))
        _say("SOGo, with Dovecot, PostgreSQL and memcached")
        people = tuple(login for login, _ in PHONES.values())
        sogo = ends.enter_context(Sogo(dict.fromkeys(people, PASSWORD)))
        _say("Dovecot and Postfix for device passwords")
        check = free_port()
        dovecot = ends.enter_context(Dovecot(check, people))
        for login in people:
            _share(dovecot.home / "mail" / login / "Maildir", sogo.mailboxes / login)
        postfix = ends.enter_context(Postfix(dovecot.sasl, notices.port, people))
        _say("a Gatepost site with people, phones and a policy")
        authority, fronts = Authority(directory / "tls"), {"nginx": free_port(), "haproxy": free_port()}
        certificate, site = authority.certificate("mail.example.com"), directory / "site"
        phones = _before_sogo(sogo, certificate)
        found(site, {"smtp.port": notices.port, "web.listen": f"127.0.0.1:{free_port()}"} | _mail(fronts, phones))
        with (site / "gatepost.toml").open("a", encoding="utf-8") as settings:
            settings.write(_section("proxy", _proxy(directory, fronts["haproxy"]) | phones))
            settings.write(_section("imap", _imap(check, dovecot)))
        serve = [sys.executable, "-m", "gatepost", "serve", "--site", str(site)]
        ends.enter_context(Daemon(serve, directory / "serve.log", check))
        _say("nginx and HAProxy")
        run("door", "config", "nginx", "mail", "--out", directory / "nginx", site=site)
        run("door", "config", "haproxy", "proxy", "--out", directory / "haproxy", site=site)
        ends.enter_context(Nginx(directory / "nginx", fronts["nginx"]))
        command = ["haproxy", "-db", "-f", str(directory / "haproxy" / "haproxy.cfg")]
        ends.enter_context(Daemon(command, directory / "haproxy.log", fronts["haproxy"]))
        lab = Lab(
            site=str(site),
            fronts=fronts,
            imap=dovecot.port,
            submission=postfix.port,
            authority=str(authority.file),
            mailboxes=str(sogo.mailboxes),
            notices=str(notices.directory),
        )
        (directory / _FILE).write_text(json.dumps(asdict(lab)))
        ends.callback((directory / _FILE).unlink)
        yield lab


# --- the site's doors, by the names of their settings


def _before_sogo(sogo: Sogo, certificate: Certificate) -> dict[str, str]:
    return {
        "backend": f"127.0.0.1:{sogo.port}",
        "backend_path": BACKEND_PATH,
        "tls_certificate": str(certificate.file),
        "tls_key": str(certificate.key),
    }


def _mail(fronts: Mapping[str, int], phones: Mapping[str, str]) -> dict[str, object]:
    """The first door, which nginx asks."""
    here = {"listen": f"127.0.0.1:{free_port()}", "front": f"127.0.0.1:{fronts['nginx']}"}
    return {f"doors.mail.{name}": value for name, value in (here | dict(phones)).items()}


def _proxy(directory: Path, front: int) -> dict[str, str]:
    """The door that keeps HAProxy's maps, and ends requests that it holds open."""
    return {
        "listen": f"127.0.0.1:{free_port()}",
        "table": "door-of-haproxy",
        "front": f"127.0.0.1:{front}",
        "haproxy_socket": str(directory / "haproxy.sock"),
        "haproxy_files": str(directory / "maps"),
    }


def _imap(check: int, dovecot: Dovecot) -> dict[str, str]:
    """The door that Dovecot asks, for itself and for Postfix, and that ends IMAP sessions."""
    return {
        "listen": f"127.0.0.1:{check}",
        "table": "door-of-dovecot",
        "doveadm": dovecot.doveadm,
        "doveadm_key_file": str(dovecot.key_file),
    }


def _section(name: str, settings: Mapping[str, str]) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["", f"[doors.{name}]", *lines, ""])


def _share(own: Path, shared: Path) -> None:
    """One mailbox for both Dovecots: that of SOGo, and that of device passwords."""
    shutil.rmtree(own)
    own.symlink_to(shared)


def _say(what: str) -> None:
    print(f"starting {what} ...", file=sys.stderr, flush=True)
