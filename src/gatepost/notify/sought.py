"""What those are told who are asked whether apps may be looked for: by which identifiers, what for, until when."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gatepost.notify.facts import ActivationFacts, SoughtApp
from gatepost.notify.sections import Block, Draft
from gatepost.notify.untrusted import one_line

MOST: Final = 12
"""Apps that are named; `apps proposed` has all of them."""


def activation_of(draft: Draft) -> ActivationFacts:
    """The facts about the activation. Raises ValueError if there are none."""
    if draft.facts.activation is None:
        raise ValueError(f"a mail of kind {draft.kind} needs facts about the activation")
    return draft.facts.activation


def _sought(draft: Draft) -> Iterator[Block]:
    wanted = activation_of(draft)
    yield Block("heading", draft.phrase("sought_heading"))
    yield Block("rows", "", tuple((one_line(app.name), _identifiers(app)) for app in wanted.apps[:MOST]))
    if len(wanted.apps) > MOST:
        yield Block("para", draft.phrase("not_shown", count=str(len(wanted.apps) - MOST)))
    said = (
        ("sought_purpose", wanted.purpose),
        ("sought_until", draft.moment(wanted.until)),
        ("sought_who", wanted.who_may_see),
        ("sought_touches", " · ".join(draft.phrase(f"touches_{touched}") for touched in wanted.touches)),
        ("sought_because", wanted.because),
        ("sought_unmatched", " · ".join(wanted.unmatched)),
    )
    yield Block("heading", draft.phrase("sought_terms_heading"))
    yield Block("rows", "", tuple((draft.phrase(key), one_line(words)) for key, words in said if words))


def _identifiers(app: SoughtApp) -> str:
    """Per platform, as reports have them: what is matched, and nothing else."""
    return "; ".join(one_line(f"{platform} {' · '.join(names)}") for platform, names in app.identifiers)


def _how_sought(draft: Draft) -> Iterator[Block]:
    wanted = activation_of(draft)
    named = {"proposal": wanted.proposal, "role": wanted.role, "approver": wanted.approver}
    yield Block("heading", draft.phrase("how_heading"))
    for step in ("read", "approve", "decline"):
        yield Block("para", draft.phrase(f"how_{step}"))
        yield Block("pre", "", (draft.phrase(f"command_{step}_sought", **named),))


SECTIONS: Final[Mapping[str, Callable[[Draft], Iterator[Block]]]] = {"sought": _sought, "how_sought": _how_sought}
