"""Making a site: its settings file, its database, its signing key, its first administrator."""

from pathlib import Path

from gatepost.actions.access import first_administrator
from gatepost.actions.activation import begin_exercise
from gatepost.actions.catalogue import take_entries
from gatepost.actions.change import changing
from gatepost.actions.reserve import keep_reserve
from gatepost.actions.site import Site
from gatepost.actions.stream import new_stream
from gatepost.core.instant import DAY
from gatepost.core.ledger.events import SiteCreated
from gatepost.core.refusal import Refusal
from gatepost.documents.canonical import digest
from gatepost.documents.catalogue_file import shipped_catalogue
from gatepost.storage import sitemeta

TIKTOK = "tiktok"


def found_site(site: Site, admin: str) -> Refusal | None:
    """Write the first entries of a new site's ledger: itself, its first administrator, the catalogue that we ship."""
    with changing(site) as change:
        sitemeta.put(change.conn, sitemeta.STREAM, new_stream(site.directory))
        change.record(SiteCreated(site.settings.site.id, site.exercise, site.note_key.verifier))
        actor = first_administrator(change, admin)
        if isinstance(actor, Refusal):
            return actor
        shipped, source = shipped_catalogue()
        taken = take_entries(change, shipped, digest(source))
        if isinstance(taken, Refusal):
            return taken
        if site.exercise:
            change.by = actor.ref
            if refusal := begin_exercise(change, TIKTOK, change.now + 3650 * DAY):
                return refusal
    keep_reserve(site.directory)
    return None


def site_exists(directory: Path) -> bool:
    return (directory / "gatepost.toml").exists()
