"""gatepost waiver, gatepost attest, gatepost notices: what holds for single people."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from cyclopts import App

from gatepost.actions import bounce, exempt, mails, waive
from gatepost.actions.site import Site
from gatepost.actions.waiver_report import COLUMNS, report_waivers
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines, clean
from gatepost.cli.session import Given, Misuse, Source, content, instant
from gatepost.cli.signing import signature
from gatepost.core.refusal import Refusal
from gatepost.documents.csv_text import csv_text
from gatepost.documents.dated_data import dated_data

waiver = App(name="waiver")
notices = App(name="notices")


@waiver.command
def grant(
    policy: str,
    /,
    *,
    person: str = "",
    device: str = "",
    until: str,
    reason: str = "",
    sign: Path | None = None,
    session: Given,
) -> int:
    """Exempt one person or one device from one policy until a date.

    Parameters
    ----------
    until
        The last day, such as 2020-07-31, or an instant.
    reason
        Why; recorded.
    sign
        The SSH key to sign with, where the site has named who alone grants waivers: see `policy approve`.
    """

    if bool(person) is bool(device):
        raise Misuse("Name either one --person or one --device; there are no blanket waivers.")

    def act(site: Site) -> waive.Waived | Refusal:
        ends = instant(site, until, "--until")
        signed = None if sign is None else partial(signature, sign)
        return waive.grant_waiver(
            site, session.by, policy, person=person, device=device, until=ends, reason=reason, sign=signed
        )

    return session.act(act, lambda done: facts(_until(done)), _until)


@waiver.command
def revoke(waiver_id: str, /, *, reason: str = "", session: Given) -> int:
    """End a waiver before its time."""
    return session.act(lambda site: waive.revoke_waiver(site, session.by, waiver_id, reason), facts)


@waiver.command(name="list")
def waivers(*, policy: str | None = None, session: Given) -> int:
    """Every waiver, with its end and reason; your own, if you are neither operator nor approver nor auditor."""
    return session.act(
        lambda site: waive.list_waivers(site, session.by, policy),
        lambda rows: listing(rows, *(rows[0] if rows else ()), nothing="There are no waivers."),
    )


@waiver.command
def report(
    *,
    as_of: str = "",
    policy: str | None = None,
    purpose: str = "",
    format: Literal["text", "csv", "json"] = "text",
    session: Given,
) -> int:
    """Every waiver that was granted: for whom, by whom, when, why, until when, and how it ended.

    Parameters
    ----------
    as_of
        As they stood at this instant, such as 2020-07-31; else now.
    policy
        Only those from this policy.
    purpose
        Why people and devices are named. The look is recorded; without one they are pseudonyms.
    format
        A table to read, a CSV file that no spreadsheet runs, or JSON.
    """

    def act(site: Site) -> list[dict[str, str]] | Refusal:
        at = instant(site, as_of, "--as-of") if as_of else None
        return report_waivers(site, session.by, as_of=at, policy=policy, purpose=purpose)

    if format == "json":
        session = replace(session, out=replace(session.out, json=True))

    def shown(rows: list[dict[str, str]]) -> Lines:
        if format == "csv":
            return csv_text(COLUMNS, [[clean(row[name]) for name in COLUMNS] for row in rows]).splitlines()
        return listing(rows, *COLUMNS, nothing="There are no waivers.")

    return session.act(act, shown)


def attest(device: str, app: str, *, until: str | None = None, session: Given) -> int:
    """Record the owner's statement that an app is not on a device.

    Parameters
    ----------
    until
        The last day on which it counts; else as long as the site allows.
    """
    return session.act(
        lambda site: exempt.attest(site, session.by, device, app, instant(site, until, "--until") if until else None),
        lambda done: facts(_until(done)),
        _until,
    )


@notices.command
def show(policy: str, /, *, person: str = "", purpose: str = "", session: Given) -> int:
    """Everybody's mails about a policy, and what became of each. Without a purpose people are pseudonyms.

    Parameters
    ----------
    person
        Only this person's.
    purpose
        Why names are looked at. The look is recorded, and they can see it.
    """
    return session.act(
        lambda site: mails.show_notices(site, session.by, policy, purpose, person),
        lambda rows: listing(rows, "person", "kind", "state", "settled_at", "reply", nothing="No mails were queued."),
    )


@notices.command
def told(policy: str, person: str, *, how: str, session: Given) -> int:
    """Record that somebody was told otherwise than by mail, and how: their notice period runs from now."""
    return session.act(lambda site: exempt.told(site, session.by, policy, person, how), facts)


@notices.command
def bounced(source: Source = "-", /, *, session: Given) -> int:
    """Take in a delivery status notification that came back: whoever's announcement bounced was not told.

    Parameters
    ----------
    source
        The mail as it came (RFC 3464); - for standard input, as a mail server's alias pipes it.
    """
    data, name = content(source)
    return session.act(lambda site: bounce.take_bounce(site, session.by, data, name), facts)


def _until(done: waive.Waived | exempt.Attested) -> dict[str, object]:
    return dated_data(done, "until")
