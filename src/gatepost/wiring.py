"""Settings to a site that can act: the only module that knows everybody.

What only one kind of process needs (migrations, the door's server, the mail client) is imported where it is used: most
commands would wait for it in vain.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from gatepost.actions.access import is_address
from gatepost.actions.doors import hear_door
from gatepost.actions.init import found_site, site_exists
from gatepost.actions.own_link import make_key
from gatepost.actions.rails_changed import are_recorded
from gatepost.actions.site import KEY_FILE, LINK_KEY_FILE, Site
from gatepost.actions.site_time import running
from gatepost.actions.stream import stream_of
from gatepost.clock import Clock
from gatepost.config import FILE, Settings, init_text, load_settings
from gatepost.config.secret import read_secret_file
from gatepost.core.ledger.events import SiteCreated
from gatepost.core.ledger.leaf import parse
from gatepost.core.problem import Problem
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import Batch
from gatepost.doors.judge import DoorRules
from gatepost.doors.report import Report
from gatepost.notify.render import load_templates
from gatepost.signatures import link, note
from gatepost.storage import ledger, sitemeta
from gatepost.storage.following import Following
from gatepost.storage.store import BROKEN, VERSION, Store, store_version

if TYPE_CHECKING:
    from gatepost.doors.fronts import Front
    from gatepost.doors.request import Sources
    from gatepost.identity.provider import Provider
    from gatepost.notify.smtp import Sender
    from gatepost.notify.webhook import Target

SHORTEST_TOKEN = 32
"""Characters; fewer could be guessed."""

DOOR_PAGE = 20_000
"""Entries that a door takes in at once."""


def open_site(directory: Path) -> Site | Refusal | tuple[Problem, ...]:
    """The site in this directory, ready to act."""
    site = _in(directory)
    if not isinstance(site, Site):
        return site
    if not site.store.path.exists():
        text = f"The database {site.store.path} is missing; `gatepost restore` brings it back."
        return Refusal(Code.NO_SITE, text)
    return _outdated(site) or _contradicted(site) or site


def upgrade_site(directory: Path) -> str | Refusal | tuple[Problem, ...]:
    """Bring a site's database to this program's tables; the version it has then."""
    from gatepost.storage.migrate import upgrade

    site = _in(directory)
    if not isinstance(site, Site):
        return site
    if not site.store.path.exists():
        return Refusal(Code.NO_SITE, f"The database {site.store.path} is missing; `gatepost restore` brings it back.")
    with contextlib.closing(site.store):
        upgrade(site.store)
    make_key(directory)
    return VERSION


def _outdated(site: Site) -> Refusal | None:
    """Why this program must not touch the database: it was written by another version."""
    with site.store.reading() as conn:
        found = store_version(conn)
    if found == VERSION:
        return None
    site.store.close()
    if found is not None and found > VERSION:
        text = f"The database is of a newer program (version {found}, this one writes {VERSION}); install that program."
    else:
        text = (
            f"The database is at version {found}, this program writes {VERSION}: stop the site, back up its directory, "
        )
        text += "then `gatepost upgrade`."
    return Refusal(Code.SITE_OUTDATED, text)


def open_for_door(directory: Path) -> Site | Refusal | tuple[Problem, ...]:
    """The same for a door, which goes on with its own copy where the database is away (I-26)."""
    site = _in(directory)
    if not isinstance(site, Site):
        return site
    try:
        return _contradicted(site) or site
    except DatabaseError:  # away, locked, damaged, or something else in its place
        return site


def _in(directory: Path) -> Site | Refusal | tuple[Problem, ...]:
    """What stands in the directory, its database not opened yet."""
    if not (directory / FILE).exists():
        return Refusal(Code.NO_SITE, f"There is no {FILE} in {directory}; make a site with `gatepost init DIR`.")
    settings = load_settings(directory)
    if not isinstance(settings, Settings):
        return settings
    key = note.read((directory / KEY_FILE).read_text(encoding="ascii").strip())
    link_key = _link_key(directory)
    if not isinstance(link_key, str):
        return link_key
    return Site(directory, settings, Store(settings.database.path), Clock(), key, load_templates(), link_key)


def _link_key(directory: Path) -> str | tuple[Problem, ...]:
    """The key of the links; "" where an older program made the site, until `gatepost upgrade`."""
    try:
        key = (directory / LINK_KEY_FILE).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    if link.is_key(key):
        return key
    return (Problem(LINK_KEY_FILE, 0, 0, "", "holds no key: remove it, then `gatepost upgrade`; older links end"),)


def _contradicted(site: Site) -> tuple[Problem, ...]:
    """What of the settings contradicts the ledger; the clock runs as the site's does from here on."""
    with site.store.reading() as conn:
        first = next(ledger.rows(conn), None)
        site.clock.offset = sitemeta.number(conn, sitemeta.CLOCK_OFFSET) if site.exercise else 0
        are_recorded(site, conn)  # what it has now, nobody has to record
    if contradictions := _contradictions(site, first):
        site.store.close()
        return contradictions
    return ()


def _contradictions(site: Site, first: ledger.Row | None) -> tuple[Problem, ...]:
    """Where the files say otherwise than the ledger's first entry. A live site that became an exercise by an edit would
    take `--as` for a signature (I-12)."""
    made = parse(first.leaf).event if first else None
    if not isinstance(made, SiteCreated):
        return (Problem(str(site.store.path), 0, 0, "", "its ledger does not begin with a site's making: restore it"),)
    asked = site.settings.site
    wrong = [
        Problem(FILE, 0, 0, f"site.{field}", f"is {now}, but the site was made with {then}: write that again")
        for field, now, then in (("id", asked.id, made.site), ("exercise", asked.exercise, made.exercise))
        if now != then
    ]
    if site.note_key.verifier != made.verifier_key:
        wrong.append(Problem(KEY_FILE, 0, 0, "", f"is not the key of this site's ledger, {made.verifier_key}"))
    return tuple(wrong)


def init_site(
    directory: Path, *, exercise: bool = False, admin: str = "admin@localhost", changes: dict[str, object] | None = None
) -> Site | Refusal | tuple[Problem, ...]:
    """Make a site in a directory that has none yet: settings, signing key, database, first administrator."""
    if site_exists(directory):
        return Refusal(Code.SITE_EXISTS, f"There is a site in {directory} already; choose another directory.")
    if not is_address(admin):
        return Refusal(Code.NO_SUCH_PERSON, f"{admin!r} is not a mail address; name the administrator by --admin.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    site_id = secrets.token_hex(8)
    (directory / FILE).write_text(init_text(site_id=site_id, exercise=exercise, changes=changes), encoding="utf-8")
    try:
        return _found(directory, admin)
    except BaseException:
        (directory / FILE).unlink(missing_ok=True)
        raise


def _found(directory: Path, admin: str) -> Site | Refusal | tuple[Problem, ...]:
    settings = load_settings(directory)
    if not isinstance(settings, Settings):
        (directory / FILE).unlink()
        return settings
    key = note.generate(settings.ledger.origin)
    _write_secret(directory / KEY_FILE, key.signer + "\n")
    (directory / LINK_KEY_FILE).unlink(missing_ok=True)
    make_key(directory)
    settings.database.path.parent.mkdir(parents=True, exist_ok=True)
    from gatepost.storage.migrate import upgrade

    settings.database.path.touch(mode=0o600)  # it names people; SQLite gives its other files the same mode
    store = Store(settings.database.path)
    upgrade(store)
    link_key = (directory / LINK_KEY_FILE).read_text(encoding="ascii").strip()
    site = Site(directory, settings, store, Clock(), key, load_templates(), link_key)
    if refusal := found_site(site, admin):
        store.close()
        for path in (directory / FILE, directory / KEY_FILE, directory / LINK_KEY_FILE, settings.database.path):
            path.unlink(missing_ok=True)
        return refusal
    return site


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # not into a file that somebody else laid there, who would keep it open
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def run_site_door(site: Site, name: str, ready: Callable[[], None]) -> None:
    """Answer this site's door checks until SIGTERM; works on with its own copy while the database is away."""
    from gatepost.doors.haproxy.kept import KeptMaps
    from gatepost.doors.run import Door, run_door
    from gatepost.doors.sessions.watches import MailServers

    at, following = site.settings.doors[name], Following(site.store)

    def changes(position: int) -> Batch | None:
        news = following.after(position, DOOR_PAGE)
        if news is None:
            return None
        now = running(news.site_time)
        return Batch(
            news.stream,
            news.position,
            site.clock.now() if now is None else now,
            news.clock_offset,
            tuple(news.entries),
            news.gone_until,
        )

    def tell(report: Report) -> None:
        hear_door(site, name, report)

    maps = None
    if at.haproxy_socket and at.haproxy_files:
        maps = KeptMaps(at.haproxy_socket, at.haproxy_files, at.certificates)
    door = Door(
        name=name,
        listen=at.listen,
        table=at.table,
        site=stream_of(site.directory),
        rules=door_rules(site.settings),
        sources=door_sources(site.settings, name),
        url=at.url or f"http://{at.listen}",
        servers=MailServers(at.haproxy_socket, at.doveadm, at.doveadm_key_file),
        maps=maps,
        metrics=at.metrics,
        changes=changes,
        tell=tell,
        retry_on=(*BROKEN, sqlite3.Error),
    )
    try:
        run_door(door, ready)
    finally:
        following.close()


def figures_of(site: Site) -> contextlib.AbstractContextManager[None]:
    """Shows the site's figures meanwhile, where the settings say."""
    listen = site.settings.metrics.listen
    if listen is None:
        return contextlib.nullcontext()
    from gatepost.actions.metrics import site_figures
    from gatepost.doors.scrape import showing

    return showing(listen, lambda: site_figures(site))


def door_rules(settings: Settings) -> DoorRules:
    door = settings.door
    return DoorRules(
        on_unknown=door.on_unknown,
        on_unidentified=door.on_unidentified,
        on_no_copy=door.on_no_copy,
        copy_expires_after=door.copy_expires_after,
        mode="enforce" if settings.site.exercise else "observe",
        on_browser=door.on_browser,
        plain_refusal_types=frozenset(kind.casefold() for kind in door.plain_refusal_types),
    )


def door_sources(settings: Settings, name: str) -> "Sources":
    """What this door believes of who asks."""
    from gatepost.doors.request import Sources

    at = settings.doors[name]
    return Sources(
        users=at.users,
        user_header=at.user_header,
        bearer_claim=at.bearer_claim,
        certificates=at.certificates,
        shared_types=frozenset(kind.casefold() for kind in settings.door.shared_types),
    )


def front_of(site: Site, name: str) -> "Front":
    """What a mail server's configuration has to know of this site and its door of this name."""
    from gatepost.doors.fronts import Front

    at = site.settings.doors[name]
    return Front(
        site=site.settings.site.name,
        door=name,
        check=at.listen,
        front=at.front,
        backend=at.backend,
        backend_path=at.backend_path,
        web_path=at.web_path,
        rules=door_rules(site.settings),
        users=at.users,
        user_header=at.user_header,
        certificates=at.certificates,
        plain_refusal_types=site.settings.door.plain_refusal_types,
        tls_certificate=at.tls_certificate,
        tls_key=at.tls_key,
        client_ca=at.client_ca,
        haproxy_socket=at.haproxy_socket,
        haproxy_files=at.haproxy_files,
        doveadm=at.doveadm,
        doveadm_key_file=at.doveadm_key_file,
        dovecot_script=at.dovecot_script,
        sasl=at.sasl,
        submission=at.submission,
        shared_types=site.settings.door.shared_types,
        bearer_claim=at.bearer_claim,
    )


def api_token(site: Site) -> str | tuple[Problem, ...]:
    """The token that callers of the site's API show; "" if nobody may call."""
    path, field = site.settings.web.token_file, "web.token_file"
    token = read_secret_file(path, field) if path else ""
    if isinstance(token, Problem):
        return (token,)
    if path and len(token) < SHORTEST_TOKEN:
        text = f"{path} holds a token of {len(token)} characters: at least {SHORTEST_TOKEN}, chosen at random"
        return (Problem(FILE, 0, 0, field, text),)
    return token


def webhook_of(site: Site, name: str) -> "Target | Problem":
    """Where this webhook is told, with its secret as the file has it now."""
    from gatepost.notify.webhook import Target, read_secret

    webhook, field = site.settings.webhooks[name], f"webhooks.{name}.secret_file"
    secret = read_secret_file(webhook.secret_file, field)
    if isinstance(secret, Problem):
        return secret
    try:
        return Target(webhook.url, read_secret(secret), loopback_only=site.exercise)
    except ValueError as error:
        return Problem(FILE, 0, 0, field, f"{webhook.secret_file} {error}")


def provider_of(site: Site) -> "Provider | tuple[Problem, ...] | None":
    """The OpenID provider at which people sign in, with the secret as the file has it now; None if by mail, or not."""
    if site.settings.web.sign_in != "provider":
        return None
    from gatepost.identity.provider import Client, Provider

    at, field = site.settings.sign_in, "sign_in.client_secret_file"
    secret = read_secret_file(at.client_secret_file, field) if at.client_secret_file else ""
    if isinstance(secret, Problem):
        return (secret,)
    if at.client_secret_file and not secret:
        return (Problem(FILE, 0, 0, field, f"{at.client_secret_file} is empty"),)
    return Provider(Client(at.issuer, at.client_id, secret, tuple(at.scopes)))


def web_url(site: Site) -> str:
    """Where callers reach the site's API."""
    web = site.settings.web
    return web.url or f"http://{web.listen}"


def sender_of(site: Site) -> "Sender":
    """What hands mail to the site's server; in an exercise it reaches this machine only (I-19)."""
    from gatepost.notify.smtp import Sender, SmtpSettings, Tls

    smtp = site.settings.smtp
    password = smtp.password_file.read_text(encoding="utf-8").strip() if smtp.password_file else ""
    return Sender(
        SmtpSettings(
            host=smtp.host,
            port=smtp.port,
            tls=Tls(smtp.tls),
            username=smtp.username,
            password=password,
            connections=smtp.connections,
            timeout=smtp.timeout / 1000,
            loopback_only=site.exercise,
        )
    )
