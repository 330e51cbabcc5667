"""What the worker's process can say of its site in figures. None names a person, a device, an app or a policy: whoever
watches machines need not know whom a policy is about (I-37).

Instants are the machine's clock's; an exercise's own clock is taken back to it.
"""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Final, get_args

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from gatepost import clock
from gatepost.actions import site_time
from gatepost.actions.change import looking
from gatepost.actions.doors import list_doors
from gatepost.actions.site import Site
from gatepost.core.change.stage import Stage
from gatepost.core.figure import Figure, Shown, flags
from gatepost.core.instant import SECOND, Instant
from gatepost.core.notice.notice import NoticeState
from gatepost.doors.judge import Stance
from gatepost.storage import catalogue, figures, ledger, sitemeta, webhooks
from gatepost.storage.webhooks import State

INFO: Final = Figure(
    "gatepost_info", "Always 1: of which program, and whether it is an exercise.", ("version", "exercise")
)
READABLE: Final = Figure("gatepost_database_readable", "1 if the database can be read; 0: no other figure is there.")
LAST_TURN: Final = Figure(
    "gatepost_worker_last_turn_timestamp_seconds",
    "When the worker last had looked at everything; it says so every few seconds.",
)
UNACKNOWLEDGED: Final = Figure(
    "gatepost_restore_unacknowledged", "1 while a restored site acts for nobody, because nothing was acknowledged."
)
REVISIONS: Final = Figure("gatepost_policy_revisions", "Policy revisions by stage.", ("stage",))
PAUSED: Final = Figure("gatepost_policies_paused", "Policies that are paused.")
HELD: Final = Figure("gatepost_policies_held", "Policies that block nobody because their quorum was lost.")
NOTICES: Final = Figure("gatepost_notices", "Notices by state, as long as they are kept.", ("state",))
OLDEST: Final = Figure(
    "gatepost_notices_oldest_waiting_seconds",
    "For how long the oldest notice waits that might be sent, 0 if none does; those of paused policies do not count.",
)
FROZEN: Final = Figure("gatepost_blocks_frozen", "1 while the cap lets nobody more be blocked, until a release.")
ENTRIES: Final = Figure("gatepost_ledger_entries", "Entries of the ledger.")
ACTIVE: Final = Figure("gatepost_apps_active", "Apps that are looked for.")
FIRST_END: Final = Figure(
    "gatepost_activation_first_end_timestamp_seconds",
    "When the first of the apps that are looked for will no longer be; none if no app is.",
)
UNCONFIRMED: Final = Figure(
    "gatepost_doors_unconfirmed", "Doors that have not confirmed the newest position, or never reported."
)
BEHIND: Final = Figure(
    "gatepost_reported_behind_positions",
    "How many positions of the change stream a door is behind by its last report; none for one that never reported.",
    ("door",),
)
SILENCE: Final = Figure("gatepost_reported_silence_seconds", "Since a door was last heard of.", ("door",))
PROBLEM: Final = Figure("gatepost_reported_problem", "1 if a door last reported a problem.", ("door",))
STANCE: Final = Figure(
    "gatepost_reported_stance", "1 for a door's stance as it is known here, 0 for the others.", ("door", "stance")
)
WEBHOOKS: Final = Figure(
    "gatepost_webhook_messages", "What webhooks were told, are to be told, and were given up on.", ("webhook", "state")
)

FIGURES: Final = (
    INFO,
    READABLE,
    LAST_TURN,
    UNACKNOWLEDGED,
    REVISIONS,
    PAUSED,
    HELD,
    NOTICES,
    OLDEST,
    FROZEN,
    ENTRIES,
    ACTIVE,
    FIRST_END,
    UNCONFIRMED,
    BEHIND,
    SILENCE,
    PROBLEM,
    STANCE,
    WEBHOOKS,
)


def site_figures(site: Site) -> list[Shown]:
    """A site's figures as they are now."""
    exercise = str(site.exercise).lower()
    told = [INFO.of({(version("gatepost"), exercise): 1.0})]
    try:
        with looking(site) as conn:
            found = [
                *_of_site(site, conn),
                *_of_policies(conn),
                *_of_notices(site, conn),
                *_of_doors(site),
                *_of_webhooks(site, conn),
            ]
    except DatabaseError:  # away, locked, damaged, or something else in its place
        return [*told, READABLE.is_(0)]
    return [*told, READABLE.is_(1), *found]


def _of_site(site: Site, conn: Connection) -> Iterator[Shown]:
    silent_for = site_time.silent_for(conn)
    ends = [active.until for active in catalogue.active(conn).values()]
    yield LAST_TURN.is_(None if silent_for is None else (clock.system_now() - silent_for) / SECOND)
    yield UNACKNOWLEDGED.is_(bool(sitemeta.get(conn, sitemeta.UNACKNOWLEDGED)))
    yield ENTRIES.is_(ledger.head(conn)[0])
    yield ACTIVE.is_(len(ends))
    yield FIRST_END.is_(_seconds(site, min(ends)) if ends else None)


def _of_policies(conn: Connection) -> Iterator[Shown]:
    stages = figures.by_stage(conn)
    yield REVISIONS.of({(stage.value,): stages.get(stage.value, 0) for stage in Stage})
    yield PAUSED.is_(figures.paused(conn))
    yield HELD.is_(figures.held(conn))
    yield FROZEN.is_(bool(sitemeta.get(conn, sitemeta.FROZEN)))


def _of_notices(site: Site, conn: Connection) -> Iterator[Shown]:
    now = site.clock.now()
    states, since = figures.by_state(conn), figures.waiting_since(conn, now)
    yield NOTICES.of({(state.value,): states.get(state.value, 0) for state in NoticeState})
    yield OLDEST.is_(0 if since is None else (now - since) / SECOND)


def _of_doors(site: Site) -> Iterator[Shown]:
    doors = list_doors(site)
    heard = {(str(door["name"]),): door for door in doors if door["stance"]}
    yield UNCONFIRMED.is_(sum(door["behind"] != 0 for door in doors))
    yield BEHIND.of({name: float(str(door["behind"])) for name, door in heard.items()})
    yield SILENCE.of({name: float(str(door["silent_for"])) / SECOND for name, door in heard.items()})
    yield PROBLEM.of({name: bool(door["problem"]) for name, door in heard.items()})
    stances = {name: flags(get_args(Stance), str(door["stance"])) for name, door in heard.items()}
    yield STANCE.of({name + stance: one for name, each in stances.items() for stance, one in each.items()})


def _of_webhooks(site: Site, conn: Connection) -> Iterator[Shown]:
    counts = webhooks.counts(conn)
    names = {*site.settings.webhooks, *(name for name, _ in counts)}
    yield WEBHOOKS.of({(name, state): counts.get((name, state), 0) for name in names for state in get_args(State)})


def _seconds(site: Site, at: Instant) -> float:
    return (at - site.clock.offset) / SECOND
