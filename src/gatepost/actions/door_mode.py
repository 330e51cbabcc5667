"""A door's mode: it observes until somebody lets it refuse; both are entries of the ledger."""

from collections.abc import Collection
from typing import Final

from gatepost.actions.change import Change, changing
from gatepost.actions.door_report import tally
from gatepost.actions.outbox import tell_of
from gatepost.actions.seen import placed
from gatepost.actions.site import Site
from gatepost.actions.who import APPROVER, OPERATOR, Actor, acting
from gatepost.core.change.quorum import Owed, Voice, fault
from gatepost.core.instant import DAY, MINUTE, duration_text
from gatepost.core.ledger.door_events import DoorEnforceAsked, DoorModeChanged
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import Mode, mode_key
from gatepost.storage import access, feed, people

ASK_STANDS: Final = DAY
"""For so long an approver can say yes to a door that is to refuse before its time."""


def set_mode(site: Site, by: str | None, door: str, mode: Mode, because: str = "") -> dict[str, object] | Refusal:
    """Let a door of the settings observe, or refuse. `because`: why it may refuse before its time; then approvers are
    asked, and one of them says yes by the same verb: nobody shuts people out of their mail alone."""
    with changing(site) as change:
        actor = acting(change, by, OPERATOR, *(["approver"] if mode == "enforce" else []))
        if isinstance(actor, Refusal):
            return actor
        if door not in site.settings.doors:
            doors = ", ".join(site.settings.doors)
            return Refusal(Code.NO_SUCH_DOOR, f"There is no [doors.{door}] in the settings; there is {doors}.")
        usual = "enforce" if site.exercise else "observe"
        before, _ = feed.modes(change.conn).get(door, (usual, 0))
        if before == mode:
            return {"door": door, "mode": mode, "changed": False}
        early = _early(change, door) if mode == "enforce" and not site.exercise else None
        if early is None:
            if not actor.has(OPERATOR):
                return Refusal(Code.ROLE_MISSING, f"Nothing keeps {door} from refusing; an operator lets it.")
            return _set(change, door, mode, change.words(because))
        if because.strip() and actor.has(OPERATOR):
            return _ask(change, actor, door, because)
        ask = feed.asked(change.conn, door)
        if ask is None or change.now - ask.at > ASK_STANDS:
            return early
        return _unfit(change, actor, ask) or _set(change, door, mode, ask.because_hash)


def _set(change: Change, door: str, mode: Mode, because_hash: str) -> dict[str, object]:
    change.record(DoorModeChanged(door, mode, because_hash))
    publish_modes(change)
    return {"door": door, "mode": mode, "changed": True}


def _ask(change: Change, actor: Actor, door: str, because: str) -> dict[str, object]:
    """Every approver but whoever asks is asked by mail; one of them is enough."""
    change.record(DoorEnforceAsked(door, change.words(because)))
    approvers = {grant.person for grant in access.grants(change.conn) if grant.role.startswith(APPROVER)}
    known = people.load(change.conn, approvers - {actor.ref})
    asked = [person for person in known.values() if person.working and person.emails]
    for person in asked:
        tell_of(change, NoticeKind.DOOR_ASKED, person.ref, actor.person.name, door, note=because)
    return {"door": door, "mode": "observe", "changed": False, "approvers_asked": len(asked)}


def _unfit(change: Change, actor: Actor, ask: feed.Ask) -> Refusal | None:
    """Why this person's yes does not count: as for a policy (I-12)."""
    if actor.ref == ask.by:
        return Refusal(Code.AUTHOR_APPROVES, "You asked for it; an approver other than you has to say yes.")
    held = [grant for grant in access.grants(change.conn, actor.ref) if grant.role.startswith(APPROVER)]
    if not held:
        return Refusal(Code.ROLE_MISSING, "It was asked already; now an approver says yes, by the same command.")
    voices = [Voice(actor.ref, grant.role, Owed(grant.line, grant.entry), None, key_needed=False) for grant in held]
    faults = [fault(voice, ask.by, ask.entry) for voice in voices]
    return None if None in faults else faults[0]


def publish_modes(change: Change, forgotten: Collection[str] = ()) -> None:
    """Tell every door its mode, as the ledger has it. `forgotten`: doors that the ledger has none of any more."""
    change.publish({mode_key(door): None for door in forgotten})
    change.publish({mode_key(door): mode.encode("ascii") for door, (mode, _) in feed.modes(change.conn).items()})


def _early(change: Change, door: str) -> Refusal | None:
    return _too_early(change, door) or _too_little_known(change, door)


def _too_early(change: Change, door: str) -> Refusal | None:
    known = feed.known_doors(change.conn).get(door)
    wanted = change.site.settings.door.observe_for
    observed = change.now - known.first_at if known else 0
    if known and observed >= wanted:
        return None
    so_far = f"has observed for {duration_text(observed - observed % MINUTE)}" if known else "never reported yet"
    return Refusal(
        Code.OBSERVED_TOO_SHORT,
        f"{door} {so_far}, and the site wants {duration_text(wanted)} before a door may refuse. Wait, and look at "
        f"`door report {door}`; or say by --because why it may refuse now, and an approver has to agree.",
    )


def _too_little_known(change: Change, door: str) -> Refusal | None:
    percent = tally(placed(change.conn, door)).unmanaged_percent
    limit = change.site.settings.door.unmanaged_limit_percent
    if percent <= limit:
        return None
    return Refusal(
        Code.TOO_MANY_UNMANAGED,
        f"Of the devices that {door} saw {percent:.0f} % are in no device manager, and the site allows {limit} %: they "
        f"are what `door report {door}` calls unmanaged. Import them, or say by --because why it may refuse now, and "
        "an approver has to agree.",
    )
