"""gatepost waiver, gatepost attest, gatepost notices: what holds for single people."""

from cyclopts import App

from gatepost.actions import bounce, exempt, views
from gatepost.actions.site import Site
from gatepost.cli.data import as_data, facts, listing
from gatepost.cli.session import Given, Misuse, Source, content, instant
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text

waiver = App(name="waiver")
notices = App(name="notices")


@waiver.command
def grant(policy: str, /, *, person: str = "", device: str = "", until: str, reason: str = "", session: Given) -> int:
    """Exempt one person or one device from one policy until a date.

    Parameters
    ----------
    until
        The last day, such as 2020-07-31, or an instant.
    reason
        Why; recorded.
    """

    if bool(person) is bool(device):
        raise Misuse("Name either one --person or one --device; there are no blanket waivers.")

    def act(site: Site) -> exempt.Waived | Refusal:
        ends = instant(site, until, "--until")
        return exempt.grant_waiver(site, session.by, policy, person=person, device=device, until=ends, reason=reason)

    return session.act(act, lambda done: facts(_until(done)), _until)


@waiver.command
def revoke(waiver_id: str, /, *, reason: str = "", session: Given) -> int:
    """End a waiver before its time."""
    return session.act(lambda site: exempt.revoke_waiver(site, session.by, waiver_id, reason), facts)


@waiver.command(name="list")
def waivers(*, policy: str | None = None, session: Given) -> int:
    """Every waiver, with its end and reason."""
    return session.act(
        lambda site: exempt.list_waivers(site, policy),
        lambda rows: listing(rows, *(rows[0] if rows else ()), nothing="There are no waivers."),
    )


def attest(device: str, app: str, *, until: str | None = None, session: Given) -> int:
    """Record the owner's statement that an app is not on a device.

    Parameters
    ----------
    until
        The last day on which it counts; else as long as the site allows.
    """
    return session.act(
        lambda site: exempt.attest(site, session.by, device, app, instant(site, until, "--until") if until else None),
        lambda done: facts(_until(done)),
        _until,
    )


@notices.command
def show(policy: str, /, *, session: Given) -> int:
    """Everybody's mails about a policy, and what became of each."""
    return session.act(
        lambda site: views.show_notices(site, session.by, policy),
        lambda rows: listing(rows, "person", "kind", "state", "settled_at", "reply", nothing="No mails were queued."),
    )


@notices.command
def told(policy: str, person: str, *, how: str, session: Given) -> int:
    """Record that somebody was told otherwise than by mail, and how: their notice period runs from now."""
    return session.act(lambda site: exempt.told(site, session.by, policy, person, how), facts)


@notices.command
def bounced(source: Source = "-", /, *, session: Given) -> int:
    """Take in a delivery status notification that came back: whoever's announcement bounced was not told.

    Parameters
    ----------
    source
        The mail as it came (RFC 3464); - for standard input, as a mail server's alias pipes it.
    """
    data, name = content(source)
    return session.act(lambda site: bounce.take_bounce(site, session.by, data, name), facts)


def _until(done: exempt.Waived | exempt.Attested) -> dict[str, object]:
    data = as_data(done)
    return data | {"until": instant_text(done.until)} if isinstance(data, dict) else {}
