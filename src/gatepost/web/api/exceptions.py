"""What is said of single people and devices at the API, and of apps."""

import json
from typing import Final

from gatepost.actions import evidence as record
from gatepost.actions import exempt, waive
from gatepost.actions.import_devices import Reported, report
from gatepost.actions.site import Site
from gatepost.core.fleet.claim import Claim
from gatepost.core.problem import Problem
from gatepost.core.refusal import Refusal
from gatepost.core.token import Scope
from gatepost.documents.claims_file import read_claim
from gatepost.documents.dated_data import dated_data
from gatepost.web.api.asked import DeviceReport, EndOfWaiver, Evidence, Exemption, Telling
from gatepost.web.api.looks import instant
from gatepost.web.api.operation import Unfit, verb


def told(site: Site, by: str, asked: Telling) -> dict[str, object] | Refusal:
    """Record that somebody was told otherwise than by mail, and how: their notice period runs from now."""
    return exempt.told(site, by, asked.policy, asked.person, asked.how)


def grant_waiver(site: Site, by: str, asked: Exemption) -> dict[str, object] | Refusal:
    """Exempt one person or one device from one policy until a date. Where the site names who alone grants waivers, it
    needs their signature, and that can be given at the command line only."""
    if bool(asked.person) is bool(asked.device):
        raise Unfit(("person", "name either one person or one device; there are no blanket waivers"))
    until = instant(site, asked.until, "until")
    done = waive.grant_waiver(
        site, by, asked.policy, person=asked.person, device=asked.device, until=until, reason=asked.reason
    )
    return done if isinstance(done, Refusal) else dated_data(done, "until")


def revoke_waiver(site: Site, by: str, asked: EndOfWaiver) -> dict[str, object] | Refusal:
    """End a waiver before its time."""
    return waive.revoke_waiver(site, by, asked.waiver, asked.reason)


def add_evidence(site: Site, by: str, asked: Evidence) -> dict[str, object] | Refusal:
    """Keep one claim about an app; one that is kept already is not kept twice."""
    found = read_claim(asked.app, asked.who, asked.stance, asked.claim, asked.date, asked.source)
    if not isinstance(found, Claim):
        raise Unfit(*found)
    return record.add_evidence(site, by, [found])


def report_device(site: Site, by: str, asked: DeviceReport) -> Reported | Refusal | tuple[Problem, ...]:
    """Take in one report about one device. Apps that nobody looks for are dropped before anything is stored."""
    return report(site, by, json.dumps(asked.report).encode())


OPERATIONS: Final = (
    verb("/policies/{policy}/told", Scope.EXEMPT, told),
    verb("/waivers", Scope.EXEMPT, grant_waiver),
    verb("/waivers/{waiver}/revoke", Scope.EXEMPT, revoke_waiver),
    verb("/evidence", Scope.EVIDENCE, add_evidence),
    verb("/devices/report", Scope.REPORT, report_device),
)
