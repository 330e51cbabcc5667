"""The link to somebody's own page: in the mails that they get, and nowhere else."""

import os
from pathlib import Path

from gatepost.actions.site import LINK_KEY_FILE, Site
from gatepost.core.instant import Instant
from gatepost.signatures.link import Sealed, new_key, seal, unseal

PATH = "own"
"""Where the page stands: /own/TOKEN."""


def make_key(directory: Path) -> None:
    """Lay down a key by which links are sealed, for its owner only, where there is none yet.

    No backup has it: whoever restores one gets a new key, and older links end.
    """
    try:
        descriptor = os.open(directory / LINK_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(new_key() + "\n")


def own_address(site: Site, person: str, policy: str, now: Instant) -> str:
    """The address of somebody's (by pseudonym) page on a policy; "" where nobody could open it, or others could read
    along: without [web] url, or without TLS outside an exercise."""
    url = site.settings.web.url
    if not site.link_key or not url or not (site.exercise or url.startswith("https://")):
        return ""
    return f"{url}/{PATH}/{seal(site.link_key, person, policy, now)}"


def opened(site: Site, token: str) -> Sealed | None:
    """Whose page on what the token is for; None if for nobody's, or not any more."""
    if not site.link_key:
        return None
    return unseal(site.link_key, token, site.settings.web.link_expires, site.clock.now())
