"""Finding what a verb is about."""

from collections.abc import Container, Iterable
from typing import Final

from sqlalchemy import Connection

from gatepost.core.change.stage import ALLOWED, LIVE
from gatepost.core.instant import HOUR, Duration, Instant
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.deadline import instant_text
from gatepost.storage import policies
from gatepost.storage.policies import Revision

FIRST_DAYLIGHT: Final[Duration] = 14 * HOUR
"""How far ahead of UTC the earliest time zone is: a day begins there first."""


def revision_in(conn: Connection, policy: str, verb: str) -> Revision | Refusal:
    """The newest revision that the verb may be said of; else a refusal that says what stage the policy is in."""
    history = policies.history(conn, policy)
    if not history:
        return Refusal(Code.NO_SUCH_POLICY, f"There is no policy {policy}; `policy list` shows all.")
    fitting = [r for r in history if r.stage in ALLOWED[verb] or (verb == "approve" and r.held and r.stage in LIVE)]
    if fitting:
        return fitting[-1]
    newest = history[-1]
    wanted = " or ".join(sorted(stage.value for stage in ALLOWED[verb]))
    return Refusal(
        Code.WRONG_STAGE,
        f"{policy} revision {newest.revision} is {newest.stage.value}; to {verb} it has to be {wanted}.",
    )


def unknown_apps(names: Iterable[str], known: Container[str]) -> Refusal | None:
    """Why these cannot all be spoken of. `known`: the catalogue's."""
    missing = [name for name in names if name not in known]
    if not missing:
        return None
    return Refusal(
        Code.NO_SUCH_APP,
        f"The catalogue has no {', '.join(missing)}; `apps list` shows what there is, `apps add` adds more.",
    )


def date_ahead(days: Iterable[str], now: Instant) -> Refusal | None:
    """Why what was said or done on these days (ISO 8601) cannot be recorded yet: one has begun nowhere."""
    today = instant_text(now + FIRST_DAYLIGHT)[:10]
    ahead = sorted(day for day in days if day > today)
    if not ahead:
        return None
    return Refusal(Code.DATE_AHEAD, f"{', '.join(dict.fromkeys(ahead))} has not come yet; correct the date.")
