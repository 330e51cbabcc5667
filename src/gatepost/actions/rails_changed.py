"""Whoever edits [rails] is seen: the next change begins with an entry that says what was there before, and what is.

Each process goes on with what it read when it started. It records that once, if nobody has: were it to record whatever
differs from its own, an older process and a newer one would write one another's rails back for ever.
"""

import json

from sqlalchemy import Connection

from gatepost.actions.site import Site
from gatepost.config.standing import stated
from gatepost.core.ledger.events import RailsChanged
from gatepost.documents.canonical import canonical
from gatepost.storage import sitemeta


def are_recorded(site: Site, conn: Connection) -> bool:
    """Whether the rails of this process are those that were recorded last."""
    same = sitemeta.get(conn, sitemeta.RAILS) == _read(site)
    if same:
        site.rails_read.recorded = True
    return same


def are_owed(site: Site, conn: Connection) -> bool:
    """Whether a change of this process has to begin by recording them."""
    return not site.rails_read.recorded and not are_recorded(site, conn)


def are_older(site: Site, conn: Connection) -> bool:
    """Whether others were recorded since: this process acts by what its file says no more."""
    return not are_recorded(site, conn) and site.rails_read.recorded


def newly_older(site: Site, conn: Connection) -> bool:
    """The same, said once each time that it begins."""
    before, site.rails_read.overtaken = site.rails_read.overtaken, are_older(site, conn)
    return site.rails_read.overtaken and not before


def put_rails(site: Site, conn: Connection) -> RailsChanged | None:
    """These are the site's from now on; how they differ, None where none were recorded yet: at a site's making, and at
    the first change of a site from before."""
    text, was = _read(site), sitemeta.get(conn, sitemeta.RAILS)
    sitemeta.put(conn, sitemeta.RAILS, text)
    if not was:
        return None
    before, after = json.loads(was), json.loads(text)
    differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return RailsChanged({key: before.get(key, "") for key in differing}, {key: after.get(key, "") for key in differing})


def _read(site: Site) -> str:
    if not site.rails_read.text:
        site.rails_read.text = canonical(stated("rails", site.settings.rails)).decode()
    return site.rails_read.text
