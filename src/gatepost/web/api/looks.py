"""The looks at the API: what is shown, and changes nothing."""

from typing import Any, Final

from gatepost.actions import doors as door_looks
from gatepost.actions import evidence as record
from gatepost.actions import ledger as entries
from gatepost.actions import mails, views, waive
from gatepost.actions import statement as said
from gatepost.actions.site import Site
from gatepost.actions.waiver_report import report_waivers
from gatepost.core.instant import Instant
from gatepost.core.refusal import Refusal
from gatepost.core.token import Scope
from gatepost.documents.deadline import local_instant
from gatepost.web.api.asked import (
    Asked,
    OfEvidence,
    OfLedger,
    OfNotices,
    OfPolicy,
    OfRevision,
    OfStatement,
    OfWaiverReport,
    OfWaivers,
)
from gatepost.web.api.operation import Unfit, look

Rows = list[dict[str, object]]


def instant(site: Site, text: str, field: str) -> Instant:
    """An instant as it is written on the command line. Unfit."""
    try:
        return local_instant(text, site.settings.site.default_time_zone)
    except ValueError as error:
        raise Unfit((field, f'"{text}" {error}')) from None


def policies(site: Site, _by: str, _asked: Asked) -> Rows:
    """The newest revision of every policy, and any other that is still live."""
    return views.list_policies(site)


def policy(site: Site, _by: str, asked: OfRevision) -> dict[str, object] | Refusal:
    """One policy, whole: its stage, what it asks, its hash, who approved, how it goes."""
    return views.show_policy(site, asked.policy, asked.revision)


def statement(site: Site, _by: str, asked: OfStatement) -> dict[str, object] | Refusal:
    """What our policy on an app is, or was: words fit to print."""
    return said.statement(site, asked.app, instant(site, asked.as_of, "as_of") if asked.as_of else None)


def statement_history(site: Site, _by: str, asked: OfStatement) -> dict[str, object] | Refusal:
    """Every instant at which the statement changed, with what it said then."""
    return said.history(site, asked.app, instant(site, asked.as_of, "as_of") if asked.as_of else None)


def notices(site: Site, by: str, asked: OfPolicy) -> Rows | Refusal:
    """The mails about a policy, and what became of each; people are pseudonyms."""
    return mails.show_notices(site, by, asked.policy)


def named_notices(site: Site, by: str, asked: OfNotices) -> Rows | Refusal:
    """The same with people named, for a purpose. The look is recorded, and they can see it."""
    return mails.show_notices(site, by, asked.policy, asked.purpose, asked.person)


def waivers(site: Site, by: str, asked: OfWaivers) -> Rows | Refusal:
    """Every waiver, with its end and reason; one's own, if one is neither operator nor approver nor auditor."""
    return waive.list_waivers(site, by, asked.policy)


def waiver_report(site: Site, by: str, asked: OfWaiverReport) -> list[dict[str, str]] | Refusal:
    """Every waiver that was granted, and how it ended. With a purpose people are named, and the look is recorded."""
    as_of = instant(site, asked.as_of, "as_of") if asked.as_of else None
    return report_waivers(site, by, as_of=as_of, policy=asked.policy, purpose=asked.purpose)


def evidence(site: Site, _by: str, asked: OfEvidence) -> list[dict[str, Any]] | Refusal:
    """Claims by day, about one app or all."""
    return record.list_evidence(site, asked.app)


def doors(site: Site, _by: str, _asked: Asked) -> Rows:
    """Every door: how it stands, how far behind its copy is, and what it does without us."""
    return door_looks.list_doors(site)


def ledger(site: Site, by: str, asked: OfLedger) -> Rows | Refusal:
    """The ledger's entries, oldest first."""
    return entries.show(site, by, asked.start, asked.event, asked.limit)


OPERATIONS: Final = (
    look("/policies", Scope.LOOK, policies),
    look("/policies/{policy}", Scope.LOOK, policy),
    look("/policies/{policy}/notices", Scope.LOOK, notices),
    look("/policies/{policy}/notices/named", Scope.NAMES, named_notices),
    look("/statement", Scope.LOOK, statement),
    look("/statement/history", Scope.LOOK, statement_history),
    look("/waivers", Scope.LOOK, waivers),
    look("/waivers/report", Scope.NAMES, waiver_report),
    look("/evidence", Scope.LOOK, evidence),
    look("/doors", Scope.LOOK, doors),
    look("/ledger", Scope.LOOK, ledger),
)
