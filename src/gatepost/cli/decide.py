"""gatepost decide: the verdict on one device, as its door would give it."""

from gatepost.actions.answer import answer
from gatepost.actions.decide import Decided, look_up
from gatepost.cli.output import Exit
from gatepost.cli.session import Given, instant
from gatepost.core.instant import NEVER
from gatepost.core.policy.explain import reasons_data
from gatepost.core.policy.verdict import Outcome
from gatepost.documents.deadline import instant_text

_CODES = {Outcome.ALLOW: Exit.DONE, Outcome.WARN: Exit.WARN, Outcome.BLOCK: Exit.BLOCK}


def command(*, user: str, device: str | None = None, at: str | None = None, purpose: str = "", session: Given) -> int:
    """The verdict on one device at an instant, with its reasons. Ends with 0 for allow, 10 for warn, 11 for block.

    Somebody else's device is looked at by the help desk, for a purpose, and the look is recorded.

    Parameters
    ----------
    user
        The login that the mail server sees.
    device
        The device's id in the inventory, or its ActiveSync id.
    at
        The instant asked about, such as 2020-07-11T00:00, in the site's own time zone unless it names one; else now.
    purpose
        Why somebody else's device is looked at.
    """
    return session.act(
        lambda site: look_up(site, session.by, user, device, instant(site, at, "--at") if at else None, purpose),
        _said,
        _data,
        lambda done: _CODES[done.verdict.outcome],
    )


def _data(done: Decided) -> object:
    verdict = done.verdict
    return {
        "verdict": verdict.outcome.word,
        "reasons": reasons_data(verdict, instant_text),
        "at": instant_text(done.at),
        "valid_until": _text(verdict.valid_until),
        "reported_at": None if verdict.reported_at is None else instant_text(verdict.reported_at),
        "position": verdict.position,
        "recognised": done.recognised,
        "waits_for_contact": list(done.waits_for_contact),
        "let_in": [found._asdict() | {"until": _end(found.until)} for found in done.let_in],
        "user": done.user,
        "device": done.device,
        "sentence": " ".join(_said(done)),
    }


def _text(at: int) -> str | None:
    return None if at == NEVER else instant_text(at)


def _end(at: int | None) -> str | None:
    return None if at is None else instant_text(at)


def _said(done: Decided) -> list[str]:
    told = answer(done, instant_text)
    return [" ".join(told.verdict), *told.besides]
