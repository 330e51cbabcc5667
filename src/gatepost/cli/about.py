"""gatepost evidence, gatepost vendor, gatepost accounts: what is known of an app and of its owner."""

from typing import Literal

from cyclopts import App

from gatepost.actions import accounts as official
from gatepost.actions import evidence as record
from gatepost.actions import vendor as owner
from gatepost.actions.site import Site
from gatepost.cli.data import facts, listing
from gatepost.cli.session import Given, Misuse, Source, content
from gatepost.core.fleet.claim import Claim
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.documents.claims_file import read_claim, read_day

evidence = App(name="evidence")
vendor = App(name="vendor")
accounts = App(name="accounts")

COLUMNS = ("date", "app", "stance", "who", "claim", "source")


@evidence.command
def add(*, app: str, who: str, stance: str, claim: str, date: str, source: str, session: Given) -> int:
    """Keep one claim about an app.

    Parameters
    ----------
    who
        Who makes the claim, such as a ministry or the app's owner.
    stance
        What they do: alleges, denies, reports or confirms.
    date
        The day of the claim, such as 2020-07-06.
    source
        Where it can be read: an address, or a document's name.
    """
    found = read_claim(app, who, stance, claim, date, source)
    if not isinstance(found, Claim):
        raise Misuse(" ".join(f"--{column}: {text}." for column, text in found))
    return session.act(lambda site: record.add_evidence(site, session.by, [found]), facts)


@evidence.command(name="import")
def import_(source: Source, /, *, session: Given) -> int:
    """Keep all claims of a file: app, who, stance, claim, date, source; or a file that comes with the program.

    Parameters
    ----------
    source
        A file, CSV or JSON Lines; - for standard input; or example:NAME, such as example:tiktok-2020-07-10.
    """
    text = str(source)
    if text.startswith("example:"):
        data, name = record.shipped_evidence(text.removeprefix("example:")), text
        if data is None:
            raise Misuse(f"No evidence of the name {text} comes with the program.")
    else:
        data, name = content(source)
    claims = data

    def act(site: Site) -> dict[str, object] | Refusal | tuple[Problem, ...]:
        return record.import_evidence(site, session.by, claims, name)

    return session.act(act, lambda done: facts({"added": len(_list(done["added"])), "known": done["known"]}))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@evidence.command
def strike(name: str, /, *, reason: str = "", session: Given) -> int:
    """Show a claim that was entered by mistake no more; the ledger keeps it.

    Parameters
    ----------
    name
        ev_... as `evidence add` says it, and `evidence list --json`.
    reason
        Why; recorded.
    """
    return session.act(lambda site: record.strike_evidence(site, session.by, name, reason), facts)


@evidence.command(name="list")
def list_(*, app: str | None = None, session: Given) -> int:
    """Claims by day, about one app or all."""
    return session.act(
        lambda site: record.list_evidence(site, app),
        lambda rows: listing(rows, *COLUMNS, nothing="No evidence is kept."),
    )


@evidence.command
def export(*, format: Literal["jsonl", "csv"] = "jsonl", app: str | None = None, session: Given) -> int:
    """Claims by day, about one app or all, as a file that import takes.

    Parameters
    ----------
    format
        JSON Lines, or CSV with an apostrophe before what a spreadsheet would run.
    """
    return session.act(lambda site: record.export_evidence(site, app, format), str.splitlines)


@vendor.command
def contact(publisher: str, /, *, email: str, name: str = "", session: Given) -> int:
    """Where a publisher is asked."""
    return session.act(lambda site: owner.set_contact(site, session.by, publisher, name, email), facts)


@vendor.command
def asked(*, app: str, on: str, question: str, asker: str = "", session: Given) -> int:
    """Record that an app's owner was asked.

    Parameters
    ----------
    on
        The day, such as 2020-07-09.
    asker
        Who asked, if not you.
    """
    day = _day(on, "--on")
    return session.act(lambda site: owner.asked(site, session.by, app, day, question, asker), facts)


@vendor.command
def answered(inquiry: str, /, *, on: str, answer: str, session: Given) -> int:
    """Record what an app's owner answered."""
    day = _day(on, "--on")
    return session.act(lambda site: owner.answered(site, session.by, inquiry, day, answer), facts)


@vendor.command(name="list")
def inquiries(*, app: str | None = None, session: Given) -> int:
    """What was asked and answered, about one app or all."""
    columns = ("inquiry", "app", "asked_on", "asked_by", "question", "answered_on", "answer")
    return session.act(
        lambda site: owner.list_inquiries(site, app),
        lambda rows: listing(rows, *columns, nothing="No app's owner was ever asked."),
    )


@accounts.command(name="add")
def add_account(name: str, /, *, app: str, group: str, session: Given) -> int:
    """An official account of ours on an app, kept by the people of a group.

    Parameters
    ----------
    name
        As it is known there, such as @primevideo.
    group
        The people who keep it; a policy that hits them says so.
    """
    return session.act(lambda site: official.add_account(site, session.by, app, name, group), facts)


@accounts.command
def remove(account: str, /, *, session: Given) -> int:
    """The account is ours no more."""
    return session.act(lambda site: official.remove_account(site, session.by, account), facts)


@accounts.command(name="list")
def list_accounts(*, app: str | None = None, session: Given) -> int:
    """Official accounts, on one app or all."""
    return session.act(
        lambda site: official.list_accounts(site, app),
        lambda rows: listing(rows, "account", "app", "name", "group", nothing="No official accounts are recorded."),
    )


def _day(text: str, option: str) -> str:
    day = read_day(text)
    if day is None:
        raise Misuse(f"{option}: expected a day, such as 2020-07-09.")
    return day
