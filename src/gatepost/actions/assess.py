"""What a policy would do to the fleet as it stands: the shared part of preview, propose and announce."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from gatepost.actions import cells
from gatepost.actions.about import about_apps
from gatepost.actions.alone import alone_behind
from gatepost.actions.naming import resolve
from gatepost.actions.site import Site
from gatepost.actions.who import ADMIN, APPROVER
from gatepost.core.change.differencing import Watch
from gatepost.core.change.impact import HIDDEN_UNDER, By, Impact
from gatepost.core.change.proposal import NamedApp
from gatepost.core.change.rails import asked_of, is_large, not_asked
from gatepost.core.change.warning import Surroundings, Unread, Warned, warnings
from gatepost.core.change.watch_warning import Watched, watch_warnings
from gatepost.core.fleet.about import About
from gatepost.core.fleet.sensitive import touches
from gatepost.core.instant import DAY, Instant
from gatepost.core.policy.compiled import Rule
from gatepost.core.policy.policy import Cell, Cells, Consequence, Policy
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.notify.language import choose, language_of
from gatepost.notify.moments import language_words, locale_for
from gatepost.storage import access, catalogue, exceptions, people

if TYPE_CHECKING:
    from gatepost.fleet_index.fleet import Fleet
    from gatepost.fleet_index.hits import Hits

ENDS_SOON: Final = 30 * DAY
"""An activation that ends so soon after a policy's first deadline is one that its author should ask to be longer."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """`concerned`: the cells of whoever has a device in scope, due or not, so that no deadline tells who is; else of
    all people, in every ring. `earliest`: the first own deadline in them; None for `immediately`. `about`: what is
    known of the apps and their owners. `alone`: on whom a whole quorum can rest (alone.py)."""

    policy: Policy
    apps: tuple[NamedApp, ...]
    about: About
    rule: Rule
    hits: "Hits"
    impact: Impact
    warnings: tuple[Warned, ...]
    cells: tuple[Cell, ...]
    effects: Cells
    concerned: frozenset[Cell]
    earliest: Instant | None
    alone: tuple[str, ...]


def assess(
    conn: Connection, site: Site, policy: Policy, at: Instant, fleet: "Fleet", watch: Watch | None = None
) -> Assessed | Refusal:
    """Impact, warnings and the instants of effect of a policy file, over a fleet and the catalogue as it stands.
    `watch`: sees what is counted."""
    apps = resolve(conn, policy)
    return apps if isinstance(apps, Refusal) else assess_apps(conn, site, policy, apps, at, fleet, watch)


def assess_apps(
    conn: Connection,
    site: Site,
    policy: Policy,
    apps: tuple[NamedApp, ...],
    at: Instant,
    fleet: "Fleet",
    watch: Watch | None = None,
) -> Assessed:
    """As `assess`, for these apps."""
    from gatepost.fleet_index.hits import hits  # late, these three: see read_fleet
    from gatepost.fleet_index.impact import impact as count
    from gatepost.fleet_index.likes import likes

    active = catalogue.active(conn)
    rule = Rule(0, policy, catalogue.as_named(apps, active))
    waived = {ref for ref, until in exceptions.waived(conn, policy.id).get(policy.id, {}).items() if until > at}
    found = hits(fleet, rule, waived, site.settings.fleet.stale_after, at)
    impact = count(fleet, policy, found)
    if watch:
        watch.looked(likes(fleet, watch, HIDDEN_UNDER))
    instants = cells.instants(policy)
    concerned = _concerned(conn, site, policy, impact, instants)
    earliest = None if policy.deadline.immediately else min(instants[cell] for cell in concerned)
    grants = access.grants(conn)
    about = about_apps(conn, [app.id for app in apps])
    limits = site.rails()
    alone = alone_behind(conn, site, asked_of(policy, impact, earliest, at, limits))
    around = Surroundings(
        at=at,
        earliest=earliest,
        minimum_notice=site.settings.rails.minimum_notice,
        apps=apps,
        active={app.id: app for app in rule.apps if app.id in active},
        approvers={grant.person for grant in grants if grant.role.startswith(APPROVER)},
        administrators={grant.person for grant in grants if grant.role == ADMIN},
        executives=_executives(conn, site, fleet),
        large=is_large(impact, limits),
        accounts=about.accounts,
        hidden_groups=watch.answer().hidden.get(By.GROUP, frozenset()) if watch and about.accounts else frozenset(),
        not_asked={} if limits.vendor_asked == "ignore" else not_asked(apps, about.inquiries),
        vendor_required=limits.vendor_asked == "require",
        unread=_unread(policy, impact.locales, language_of(site.settings.site.default_locale)),
        rests_on_one=bool(alone),
    )
    return Assessed(
        policy=policy,
        apps=apps,
        about=about,
        rule=rule,
        hits=found,
        impact=impact,
        warnings=(*warnings(policy, impact, around), *watch_warnings(_watched(conn, policy, apps, earliest or at))),
        cells=tuple(instants),
        effects=tuple(instants.values()),
        concerned=concerned,
        earliest=earliest,
        alone=alone,
    )


def _concerned(
    conn: Connection, site: Site, policy: Policy, impact: Impact, instants: Mapping[Cell, Instant]
) -> frozenset[Cell]:
    """As of Assessed."""
    zone = site.settings.site.default_time_zone
    lived_in = impact.lived_in or product(people.zones(conn) or [zone], range(len(policy.deadlines)))
    return cells.known_cells(lived_in, instants, zone)


def not_looked_for(conn: Connection, apps: tuple[NamedApp, ...]) -> Refusal | None:
    """Why not all would be found that a policy names: none of its apps can be matched, or one that can is not active,
    or not by every identifier that the policy has frozen (I-13)."""
    matchable = [app for app in apps if app.spellings]
    if not matchable:
        return Refusal(
            Code.NOTHING_TO_MATCH, "No identifier is known for any of the policy's apps; nothing can be looked for."
        )
    active = catalogue.active(conn)
    if asleep := [app.id for app in matchable if app.id not in active]:
        return Refusal(
            Code.APP_NOT_ACTIVE,
            f"Not looked for yet: {', '.join(asleep)}. Ask for it by `apps activate {' '.join(asleep)} --purpose TEXT "
            "--until DATE` (a list's id does too), and have it approved.",
        )
    if other := [app.id for app in matchable if app.spellings - active[app.id].since.keys()]:
        return Refusal(
            Code.CATALOGUE_CHANGED,
            f"Not looked for by all the identifiers that the policy would name: {', '.join(other)}. Ask for them by "
            f"`apps activate {' '.join(other)} --purpose TEXT --until DATE`; a proposal that has older ones, withdraw "
            "and propose again.",
        )
    return None


def _watched(conn: Connection, policy: Policy, apps: tuple[NamedApp, ...], after: Instant) -> Watched:
    """`after`: the last instant at which the policy has to find something at least."""
    entries, active = catalogue.apps(conn), catalogue.active(conn)
    named = {app.id: app.name for app in apps}
    return Watched(
        touches={named[id_]: found for id_ in named if id_ in entries and (found := touches(entries[id_]))},
        ending={
            name: instant_text(active[id_].until)
            for id_, name in named.items()
            if id_ in active and active[id_].until < after + ENDS_SOON
        },
        countries=policy.publisher_countries,
        unknown=sum(not app.publisher_country and app.id not in named for app in entries.values()),
    )


def _unread(policy: Policy, locales: Mapping[str, int], default: str) -> list[Unread]:
    """What people in scope read who would get the announcement in another language; its text without one is in the
    default."""
    if policy.consequence is Consequence.REPORT:
        return []  # nobody is written to
    given = [language or default for language in policy.announcement]
    counts: dict[str, int] = {}
    for locale, readers in locales.items():
        language = language_of(locale)
        if language and language_of(choose(given, locale, default)) != language:
            counts[language] = counts.get(language, 0) + readers
    english = locale_for("en", "en")
    return [Unread(language, language_words(language, english), count) for language, count in counts.items()]


def _executives(conn: Connection, site: Site, fleet: "Fleet") -> set[str]:
    """Whoever has a device and is in the groups that the site calls executive; and whoever approves as executive."""
    found = fleet.in_groups(site.settings.rails.executive_groups)
    return found | set(access.holders(conn, f"{APPROVER}executive"))
