"""The privacy sheet: what this site holds about people, why, for how long and who can see it, from its settings and its
database as they are now. It names nobody."""

import socket
from collections import Counter
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from gatepost.actions.activation_mail import activation_of
from gatepost.actions.change import looking
from gatepost.actions.doors import list_doors
from gatepost.actions.live import live_rules
from gatepost.actions.site import Site
from gatepost.actions.who import looking_as
from gatepost.config.kinds import is_loopback
from gatepost.config.settings import Settings
from gatepost.core.change.stage import Stage
from gatepost.core.instant import Instant
from gatepost.core.privacy.held import HELD
from gatepost.core.privacy.sheet import ApiNow, AppNow, DoorNow, HeldNow, MailNow, PolicyNow, Sheet
from gatepost.core.privacy.shown import SHOWN
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text
from gatepost.notify.render import LANGUAGES
from gatepost.storage import access, catalogue, held, ledger


def privacy_sheet(site: Site, by: str | None) -> Sheet | Refusal:
    """Everything that the texts are made from, at this instant."""
    stances = {str(row["name"]): str(row["stance"]) for row in list_doors(site)}
    with looking(site) as conn:
        actor = looking_as(conn, site.clock.now(), by)
        if isinstance(actor, Refusal):
            return actor
        settings = site.settings
        working, left = held.people_by_working(conn)
        managed, unmanaged = held.devices_by_managed(conn)
        return Sheet(
            made_at=site.clock.now(),
            site=settings.site.name,
            contact=settings.site.contact,
            exercise=site.exercise,
            machine=socket.gethostname(),
            directory=str(site.directory.resolve()),
            database=str(settings.database.path.resolve()),
            time_zone=settings.site.default_time_zone,
            language=settings.site.default_locale,
            entries=ledger.head(conn)[0],
            people=working,
            left=left,
            devices=managed + unmanaged,
            unmanaged=unmanaged,
            strangers=held.strangers(conn),
            held=_held(conn, settings),
            retention=settings.retention.model_dump(),
            roles=_roles(conn, site.clock.now()),
            shown=SHOWN,
            apps=_apps(conn),
            policies=_policies(conn),
            doors=tuple(_door(settings, name, stances.get(name, "")) for name in settings.doors),
            observed=settings.door.observe_for,
            on_unknown=settings.door.on_unknown,
            on_unidentified=settings.door.on_unidentified,
            on_no_copy=settings.door.on_no_copy,
            on_browser=settings.door.on_browser,
            copy_expires_after=settings.door.copy_expires_after,
            mail=_mail(settings),
            api=_api(settings),
            languages=LANGUAGES,
            stale_after=settings.fleet.stale_after,
            minimum_notice=settings.rails.minimum_notice,
            short_notice_roles=settings.rails.short_notice_roles,
            cap_people_per_hour=settings.rails.cap_people_per_hour,
            correction_within=settings.rails.correction_within,
            waivers_longest=settings.waivers.longest,
            attestations_longest=settings.attestations.longest,
            necessity_required=settings.rails.necessity_required,
        )


def _roles(conn: Connection, now: Instant) -> dict[str, int]:
    """How many people hold each."""
    held_now = {(grant.role, grant.person) for grant in access.held(conn, now)}
    return dict(sorted(Counter(role for role, _ in held_now).items()))


def sheet_data(sheet: Sheet) -> dict[str, Any]:
    """The sheet as plain JSON data: instants as text, durations in milliseconds."""
    data = asdict(sheet)
    data["made_at"] = instant_text(sheet.made_at)
    for app in data["apps"]:
        app["until"] = instant_text(app["until"])
    return data


def _held(conn: Connection, settings: Settings) -> tuple[HeldNow, ...]:
    """Every kind that this site has a place for: HAProxy's maps only where a door keeps them."""
    rows = held.rows_of(conn, (kind.tables[0] for kind in HELD if kind.tables and kind.counted))
    maps = any(door.haproxy_files for door in settings.doors.values())
    return tuple(
        HeldNow(kind, rows[kind.tables[0]] if kind.tables and kind.counted else None)
        for kind in HELD
        if kind.kind != "maps" or maps
    )


def _apps(conn: Connection) -> tuple[AppNow, ...]:
    names = catalogue.apps(conn)
    return tuple(
        AppNow(app, names[app].name, activation_of(conn, active.proposal).purpose, active.until)
        for app, active in catalogue.active(conn).items()
    )


def _policies(conn: Connection) -> tuple[PolicyNow, ...]:
    found = []
    for rule in live_rules(conn).values():
        policy = rule.proposal.policy
        found.append(
            PolicyNow(
                policy=policy.id,
                revision=rule.revision.revision,
                title=policy.title,
                reason=policy.reason,
                necessity=policy.necessity,
                stage=Stage(rule.revision.stage).value,
                paused=rule.revision.paused_at is not None,
                consequence=policy.consequence.word,
                unseen=policy.unseen.value,
                tell_first=policy.tell_first,
                people=held.audience_of(conn, rule.number),
            )
        )
    return tuple(found)


def _door(settings: Settings, name: str, stance: str) -> DoorNow:
    door = settings.doors[name]
    return DoorNow(
        name=name,
        stance=stance,
        listen=str(door.listen),
        copy=str(door.table.resolve()),
        web_path=door.web_path,
        haproxy=door.haproxy_socket is not None,
        imap=bool(door.doveadm),
        maps=str(door.haproxy_files.resolve()) if door.haproxy_files else "",
    )


def _mail(settings: Settings) -> MailNow:
    smtp = settings.smtp
    return MailNow(smtp.host, smtp.port, is_loopback(smtp.host), smtp.tls, smtp.sender)


def _api(settings: Settings) -> ApiNow:
    web = settings.web
    there = web.token_file is not None
    return ApiNow(there, str(web.listen), web.token_purpose if there else "", web.api)
