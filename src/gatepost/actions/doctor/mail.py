"""The mail server: does it take what we would hand it? Only the envelope is tried; no mail is sent."""

import asyncio
from collections.abc import Callable, Iterator

from gatepost.actions.change import looking
from gatepost.actions.doctor.finding import Finding, fail, ok
from gatepost.actions.site import Site
from gatepost.actions.who import find_actor
from gatepost.core.refusal import Refusal
from gatepost.notify.session import Outgoing, Reply
from gatepost.notify.smtp import Sender, Unavailable


def examine(site: Site, make_sender: Callable[[Site], Sender]) -> Iterator[Finding]:
    if not site.store.path.exists():
        return
    with looking(site) as conn:
        administrator = find_actor(conn, site.clock.now(), None)
    if isinstance(administrator, Refusal):
        yield fail("mail", administrator.text, "Put that right first: mail would be tried to that address.")
        return
    recipient = next(iter(administrator.person.emails), "")
    try:
        reply = asyncio.run(_rehearse(make_sender(site), site.settings.smtp.sender, recipient))
    except (Unavailable, ValueError, OSError) as error:
        yield fail("mail", str(error), "Check [smtp] in gatepost.toml, and that the mail server runs.")
        return
    if reply.code >= 400:
        todo = "Let the mail server take mail from this machine; check [smtp] in gatepost.toml."
        yield fail("mail", f"mail to {recipient} is refused: {reply}", todo)
        return
    yield ok("mail", f"the mail server takes mail from {site.settings.smtp.sender} to {recipient}; none was sent")


async def _rehearse(sender: Sender, envelope_from: str, recipient: str) -> Reply:
    return await sender.rehearse(Outgoing("doctor", envelope_from, recipient, b""))
