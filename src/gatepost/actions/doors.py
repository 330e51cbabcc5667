"""What doors say of themselves."""

from collections.abc import Mapping

from gatepost.actions.change import changing, looking
from gatepost.actions.glass import glass_differs, record_glass
from gatepost.actions.sightings import take_in
from gatepost.actions.site import Site
from gatepost.actions.who import OPERATOR, acting
from gatepost.config.settings import DoorProcess
from gatepost.core.instant import Instant
from gatepost.core.ledger.door_events import DoorForgotten
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.doors.report import Report
from gatepost.storage import device_passwords, feed, sightings, sitemeta


def hear_door(site: Site, name: str, report: Report) -> None:
    """A door says which position of the change stream it goes by, what is wrong with it, and what it saw.

    All of it in one transaction: a report that fails is told again, and what is counted must not be counted twice. A
    door that follows another stream, because this site was restored since, has confirmed nothing of this one (I-27).
    """
    with changing(site) as change:
        conn = change.conn
        reached = report if report.stream == sitemeta.get(conn, sitemeta.STREAM) else Report(0, "")
        rules = max(reached.position, reached.rules)
        feed.confirm(conn, name, reached.position, change.now, report.problem, rules, reached.erasures)
        used = [(seen.identity, seen.last) for seen in report.sightings if seen.kind == "password"]
        device_passwords.mark_used(conn, used)
        take_in(conn, name, report, change.now)
        if glass_differs(feed.known_doors(conn)[name], report):
            record_glass(change, name, report)


def list_doors(site: Site) -> list[dict[str, object]]:
    """Every door of the settings, and every other that ever reported: how it stands, and what it does without us.

    `stance`: open, enforce, observe; `since` when; "" for a door that never reported. `behind`: positions of the change
    stream. `silent_for`: milliseconds since the last contact. `before`: mail servers that this door keeps up to date.
    """
    with looking(site) as conn:
        newest, known, modes = feed.position(conn), feed.known_doors(conn), feed.modes(conn)
    now = site.clock.now()
    return [
        _standing(site, door, modes, newest, now) if (door := known.get(name)) else _silent(site, name)
        for name in dict.fromkeys((*site.settings.doors, *known))
    ]


def _standing(
    site: Site, door: feed.KnownDoor, modes: Mapping[str, tuple[str, Instant]], newest: int, now: Instant
) -> dict[str, object]:
    usual = "enforce" if site.exercise else "observe"
    stance, since = modes.get(door.name, (usual, door.first_at))
    opened = None
    if door.opened_at is not None:
        stance, since = "open", door.opened_at + site.clock.offset
        opened = {"by": door.opened_by, "reason": door.opened_because}
    return _silent(site, door.name) | {
        "stance": stance,
        "since": instant_text(since),
        "position": door.position,
        "behind": newest - door.position,
        "contact": instant_text(door.contact_at),
        "silent_for": max(0, now - door.contact_at),
        "problem": door.problem,
        "opened": opened,
    }


def _silent(site: Site, name: str) -> dict[str, object]:
    """A door that never reported: what the settings say of it."""
    never = dict.fromkeys(("since", "contact", "problem"), "") | dict.fromkeys(("position", "behind", "silent_for"))
    process, rules = site.settings.doors.get(name), site.settings.door
    return {"name": name, "stance": "", **never, "opened": None} | {
        "listen": str(process.listen) if process else "",
        "before": _before(process) if process else [],
        "without_us": {
            "copy_expires_after": rules.copy_expires_after,
            "on_no_copy": rules.on_no_copy,
            "on_unknown": rules.on_unknown,
            "on_unidentified": rules.on_unidentified,
        },
    }


def _before(process: DoorProcess) -> list[str]:
    """The mail servers that go by this door besides those that ask it."""
    haproxy = [f"HAProxy by {process.haproxy_socket}"] if process.haproxy_socket else []
    return haproxy + ([f"Dovecot by {process.doveadm}"] if process.doveadm else [])


def forget_door(site: Site, by: str | None, name: str) -> dict[str, object] | Refusal:
    """A door is out of use: no retraction waits for it any more. One that still runs reports again."""
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if not feed.forget_door(change.conn, name):
            return Refusal(Code.NO_SUCH_DOOR, f"No door {name} ever reported; `door list` shows all.")
        sightings.forget_door(change.conn, name)
        change.record(DoorForgotten(name))
        return {"door": name, "forgotten": True}
