"""What doors say of themselves."""

from gatepost.actions.change import looking, refresh_clock
from gatepost.actions.site import Site
from gatepost.documents.deadline import instant_text
from gatepost.storage import feed


def confirm_door(site: Site, name: str, position: int, problem: str) -> None:
    """A door says which position of the change stream its copy holds, and what is wrong with it, if anything is."""
    with site.store.writing() as conn:
        refresh_clock(site, conn)
        feed.confirm(conn, name, position, site.clock.now(), problem)


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
