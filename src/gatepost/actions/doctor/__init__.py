"""The doctor: looks at a site and its doors as an administrator would, and says what to do.

It changes nothing, sends no mail, and what it asks of a mail server's proxy is refused before it gets there: see
doors/probe. What can only be seen on another machine is named as not looked at.
"""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.exc import DBAPIError

from gatepost.actions.doctor import mail, place, provider, record
from gatepost.actions.doctor.door import examine_door
from gatepost.actions.doctor.finding import Finding, fail
from gatepost.actions.doctor.provider import Made
from gatepost.actions.site import Site
from gatepost.notify.smtp import Sender

__all__ = ["Finding", "examine"]


def examine(
    site: Site, make_sender: Callable[[Site], Sender], make_provider: Callable[[Site], Made]
) -> Iterator[Finding]:
    """Everything there is to find, in the order in which it is best put right. The database may be away."""
    yield from place.examine(site)
    yield from _of_database(record.examine(site))
    yield from _of_database(mail.examine(site, make_sender))
    yield from provider.examine(make_provider(site))
    for name, process in site.settings.doors.items():
        yield from examine_door(site, name, process)
    yield from _of_database(record.examine_doors(site))


def _of_database(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What needs the database ends where it cannot be read."""
    try:
        yield from findings
    except DBAPIError as error:
        yield fail("database", f"cannot be used: {error.orig}", "Bring it back, or restore a backup; doors go on.")
