"""A fleet of single devices, put into the columns that previews run on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gatepost.core.change.impact import Impact
from gatepost.core.fleet.device import Device
from gatepost.core.fleet.finding import Evidence
from gatepost.core.fleet.person import Person
from gatepost.core.fleet.sort import Character, Devices, People, Sort
from gatepost.core.instant import Duration, Instant
from gatepost.core.policy.compiled import Rule
from gatepost.fleet_index.fleet import Building, Fleet
from gatepost.fleet_index.hits import hits
from gatepost.fleet_index.impact import impact


class Row(NamedTuple):
    """One device with its owner, what reports said of it, and the ends of statements (by app) and of waivers."""

    person: Person
    device: Device
    evidence: Evidence
    attested_until: Mapping[str, Instant]
    waived_until: Instant
    sighted: bool = False


def fleet_of(rows: Sequence[Row]) -> Fleet:
    """The rows in columns; waivers are no part of a fleet."""
    building = Building()
    working = {row.person.ref: row.person for row in rows if row.person.working}.values()
    building.people(
        People(
            refs=[person.ref for person in working],
            characters=[Character(person.kind, person.country, person.groups) for person in working],
            zones=[person.time_zone for person in working],
            locales=[person.locale for person in working],
            has_mail=[bool(person.emails) for person in working],
        )
    )
    building.devices(
        Devices(
            refs=[row.device.ref for row in rows],
            owners=[row.person.ref for row in rows],
            sorts=[_sort(row) for row in rows],
            reported_at=[row.evidence.reported_at for row in rows],
            visibility=[row.evidence.visibility.value for row in rows],
            matched_under=[row.evidence.matched_under for row in rows],
        )
    )
    return building.fleet(
        [(row.device.ref, mark) for row in rows for mark in row.evidence.present],
        [(row.device.ref, app, until) for row in rows for app, until in row.attested_until.items()],
    )


def _sort(row: Row) -> Sort:
    device = row.device
    return Sort(device.form, device.platform, device.ownership, device.shared, device.managed, row.sighted)


def preview(rule: Rule, rows: Iterable[Row], stale_after: Duration, at: Instant) -> Impact:
    """The impact of one policy on these."""
    known = list(rows)
    waived = {row.device.ref for row in known if row.waived_until > at}
    fleet = fleet_of(known)
    return impact(fleet, rule.policy, hits(fleet, rule, waived, stale_after, at))
