"""gatepost doctor."""

from collections import Counter

from gatepost.actions.doctor import Finding, examine
from gatepost.cli.output import Exit, Lines, Table
from gatepost.cli.session import Given
from gatepost.core.refusal import Refusal
from gatepost.documents.data import as_data
from gatepost.wiring import provider_of, sender_of


def command(*, session: Given) -> int:
    """Look at the site and its doors as an administrator would, and say what to do.

    Sends no mail and changes nothing. Ends with 1 if anything does not work. To be run on the machine of the doors, by
    whom they run as, or root.
    """
    with session.site(for_door=True) as site:
        if isinstance(site, Refusal | tuple):
            return session.out.answer(site, as_data, lambda _: [])
        found = list(examine(site, sender_of, provider_of))
    failed = any(finding.result == "fail" for finding in found)
    data = {"ok": not failed, "findings": as_data(found)}
    return session.out.show(data, lambda: _told(found), Exit.ERROR if failed else Exit.DONE)


def _told(found: list[Finding]) -> Lines:
    yield Table(
        ("", "check", "door", "found"),
        [[finding.result, finding.check, finding.door, finding.found] for finding in found],
    )
    for finding in found:
        if finding.todo:
            about = f"{finding.check} of door {finding.door}" if finding.door else finding.check
            yield f"{finding.result} {about}: {finding.todo}"
    counts = Counter(finding.result for finding in found)
    yield (
        ", ".join(f"{counts[result]} {result}" for result in ("ok", "warn", "fail", "skipped") if counts[result]) + "."
    )
