"""Whether a site can be relied on: it reaches its database, which is this program's, and time passes for it."""

from sqlalchemy.exc import DatabaseError

from gatepost.actions import site_time
from gatepost.actions.change import looking
from gatepost.actions.rails_changed import are_older
from gatepost.actions.site import Site
from gatepost.core.instant import MINUTE, SECOND, Duration
from gatepost.storage.store import VERSION, store_version

TURN_WITHIN: Duration = MINUTE
"""The worker looks at everything several times a second, and tells the time every few seconds."""


def not_ready(site: Site) -> str:
    """Why the site is not ready, "" if it is. A worker may wait for its mail server, so that is granted besides."""
    try:
        with looking(site) as conn:
            version, silent_for = store_version(conn), site_time.silent_for(conn)
            older = version == VERSION and are_older(site, conn)
    except DatabaseError:  # away, locked, damaged, or something else in its place
        return "the database cannot be read"
    if version != VERSION:
        return f"the database is at version {version}, this program reads {VERSION}"
    if older:
        return "other rails were recorded since this process read gatepost.toml: restart it"
    if silent_for is None:
        return "no worker has run since this machine started"
    if silent_for > TURN_WITHIN + site.settings.smtp.timeout:
        return f"the worker's last turn was {silent_for // SECOND} s ago"
    return ""
