"""What doors say of themselves."""

from gatepost.actions.change import changing, looking, refresh_clock
from gatepost.actions.glass import glass_differs, record_glass
from gatepost.actions.site import Site
from gatepost.actions.who import OPERATOR, acting
from gatepost.core.ledger.events import DoorForgotten
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.doors.report import Report
from gatepost.storage import feed


def hear_door(site: Site, name: str, report: Report) -> None:
    """A door says which position of the change stream it goes by, and what is wrong with it, if anything is."""
    with site.store.writing() as conn:
        refresh_clock(site, conn)
        feed.confirm(conn, name, report.position, site.clock.now(), report.problem)
        if not glass_differs(feed.known_doors(conn)[name], report):
            return
    with changing(site) as change:
        record_glass(change, name, report)


def list_doors(site: Site) -> list[dict[str, object]]:
    """Every door that ever confirmed, and how far behind the stream its copy is."""
    with looking(site) as conn:
        newest = feed.position(conn)
        return [
            {
                "name": name,
                "position": position,
                "behind": newest - position,
                "contact": instant_text(contact),
                "problem": problem,
            }
            for name, position, contact, problem in feed.doors_at(conn)
        ]


def forget_door(site: Site, by: str | None, name: str) -> dict[str, object] | Refusal:
    """A door is out of use: no retraction waits for it any more. One that still runs reports again."""
    with changing(site) as change:
        actor = acting(change, by, OPERATOR)
        if isinstance(actor, Refusal):
            return actor
        if not feed.forget_door(change.conn, name):
            return Refusal(Code.NO_SUCH_DOOR, f"No door {name} ever reported; `door list` shows all.")
        change.record(DoorForgotten(name))
        return {"door": name, "forgotten": True}
