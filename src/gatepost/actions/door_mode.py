"""A door's mode: it observes until somebody lets it refuse; both are entries of the ledger."""

from collections.abc import Collection

from gatepost.actions.change import Change, changing
from gatepost.actions.door_report import tally
from gatepost.actions.seen import placed
from gatepost.actions.site import Site
from gatepost.actions.who import OPERATOR, acting
from gatepost.core.instant import MINUTE, duration_text
from gatepost.core.ledger.events import DoorModeChanged
from gatepost.core.refusal import Code, Refusal
from gatepost.doors.entry import Mode, mode_key
from gatepost.storage import feed


def set_mode(site: Site, by: str | None, door: str, mode: Mode, because: str = "") -> dict[str, object] | Refusal:
    """Let a door of the settings observe, or refuse. `because`: why it may refuse before its time."""
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if door not in site.settings.doors:
            doors = ", ".join(site.settings.doors)
            return Refusal(Code.NO_SUCH_DOOR, f"There is no [doors.{door}] in the settings; there is {doors}.")
        usual = "enforce" if site.exercise else "observe"
        before, _ = feed.modes(change.conn).get(door, (usual, 0))
        if before == mode:
            return {"door": door, "mode": mode, "changed": False}
        if mode == "enforce" and not site.exercise and not because.strip():
            refusal = _too_early(change, door) or _too_little_known(change, door)
            if refusal:
                return refusal
        change.record(DoorModeChanged(door, mode, change.words(because)))
        publish_modes(change)
        return {"door": door, "mode": mode, "changed": True}


def publish_modes(change: Change, forgotten: Collection[str] = ()) -> None:
    """Tell every door its mode, as the ledger has it. `forgotten`: doors that the ledger has none of any more."""
    change.publish({mode_key(door): None for door in forgotten})
    change.publish({mode_key(door): mode.encode("ascii") for door, (mode, _) in feed.modes(change.conn).items()})


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
        f"`door report {door}`; or say by --because why it may refuse now.",
    )


def _too_little_known(change: Change, door: str) -> Refusal | None:
    percent = tally(placed(change.conn, door)).unmanaged_percent
    limit = change.site.settings.door.unmanaged_limit_percent
    if percent <= limit:
        return None
    return Refusal(
        Code.TOO_MANY_UNMANAGED,
        f"Of the devices that {door} saw {percent:.0f} % are in no device manager, and the site allows {limit} %: they "
        f"are what `door report {door}` calls unmanaged. Import them, or say by --because why it may refuse now.",
    )
