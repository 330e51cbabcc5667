"""What mails about no policy say: what somebody did, to whom it may concern; a link to sign in."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from babel.numbers import format_decimal

from gatepost.notify.facts import LooksFacts
from gatepost.notify.sections import Block, Draft
from gatepost.notify.untrusted import one_line


def _acted(draft: Draft) -> Iterator[Block]:
    """Who did what, when: what a mail about no policy tells."""
    acted = draft.facts.acted
    if acted is None:
        raise ValueError(f"a mail of kind {draft.kind} needs to know who did it")
    rows = (
        (draft.phrase("acted_by"), one_line(acted.by)),
        (draft.phrase("acted_at"), draft.moment(acted.at)),
        (draft.phrase(f"acted_{draft.kind.replace('-', '_')}"), one_line(acted.about)),
    )
    yield Block("heading", draft.phrase("acted_heading"))
    yield Block("rows", "", rows)


def _access(draft: Draft) -> Iterator[Block]:
    """Which role or key, whose, by whom; and whether it counts. Less, once somebody whom it names was erased."""
    acted, access = draft.facts.acted, draft.facts.access
    yield Block("heading", draft.phrase("acted_heading"))
    if acted is None or access is None:
        return
    names = " · ".join(map(one_line, access.confirmed_by)) or draft.phrase("access_nobody")
    rows = (
        (draft.phrase("acted_by"), one_line(acted.by)),
        (draft.phrase("acted_at"), draft.moment(acted.at)),
        (draft.phrase(f"access_{access.act}"), one_line(access.name)),
        (draft.phrase("access_whose"), one_line(access.person)),
    )
    if draft.facts.until is not None:
        yield Block("rows", "", rows)
        yield Block("para", draft.phrase("access_left", until=draft.moment(draft.facts.until)))
        return
    yield Block("rows", "", (*rows, (draft.phrase("access_confirmed_by"), names)))
    yield Block("para", draft.phrase("access_waits" if access.waits else "access_counts"))


def _access_wrong(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("access_wrong_heading"))
    yield Block("call", draft.phrase("access_wrong", contact=draft.facts.policy.contact))


def _rails(draft: Draft) -> Iterator[Block]:
    """Which settings, what they say, and what they said; never who: a file does not tell."""
    told = draft.facts.rails
    if told is None:
        raise ValueError(f"a mail of kind {draft.kind} needs to know what changed")
    nothing = draft.phrase("rails_nothing")
    rows = tuple(
        (one_line(key), draft.phrase("rails_row", after=now or nothing, before=was or nothing))
        for key, was, now in told.settings
    )
    yield Block("heading", draft.phrase("rails_heading"))
    yield Block("rows", "", (*rows, (draft.phrase("rails_found"), draft.moment(told.at))))
    yield Block("para", draft.phrase("rails_restart"))


def _rails_wrong(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("access_wrong_heading"))
    yield Block("call", draft.phrase("rails_wrong", contact=draft.facts.policy.contact))


def _not_you(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("not_you_heading"))
    yield Block("call", draft.phrase("not_you", contact=draft.facts.policy.contact))


def _code(draft: Draft) -> Iterator[Block]:
    """What completes a statement on somebody's own page, and until when."""
    if not draft.facts.code or draft.facts.until is None:
        raise ValueError(f"a mail of kind {draft.kind} needs a code and its end")
    yield Block("heading", draft.phrase("code_heading"))
    yield Block("pre", "", (draft.facts.code,))
    yield Block("para", draft.phrase("code_until", until=draft.moment(draft.facts.until)))


def _code_not_you(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("not_you_heading"))
    yield Block("para", draft.phrase("code_not_you", contact=draft.facts.policy.contact))


def _looks(draft: Draft) -> Iterator[Block]:
    """Who looked, at what and what for; never at whom."""
    rows = tuple((one_line(look.by), _look(draft, look)) for look in draft.facts.looks)
    yield Block("heading", draft.phrase("looks_heading"))
    yield Block("rows", "", rows)


def _look(draft: Draft, look: LooksFacts) -> str:
    what = draft.phrase(f"looks_{look.what}")
    if look.policy:
        what = draft.phrase("looks_of_policy", what=what, policy=look.policy)
    numbers = {"people": look.people, "times": look.times}
    said = {name: str(format_decimal(number, locale=draft.locale)) for name, number in numbers.items()}
    line = draft.phrase("looks_row", what=what, **said)
    purpose = " · ".join(map(one_line, look.purposes))
    return draft.phrase("looks_purpose", looks=line, purpose=purpose) if purpose else line


def _let_refuse(draft: Draft) -> Iterator[Block]:
    """How an approver says the second yes to a door that is to refuse before its time."""
    door = draft.facts.acted.about if draft.facts.acted else ""
    yield Block("heading", draft.phrase("how_heading"))
    yield Block("para", draft.phrase("let_refuse"))
    yield Block("pre", "", (draft.phrase("command_enforce", door=door),))


def _answer_waiver(draft: Draft) -> Iterator[Block]:
    """Where whoever may grant a waiver answers the one that was asked for."""
    yield Block("heading", draft.phrase("how_heading"))
    yield Block("para", draft.phrase("answer_waiver"))


def _sign_in(draft: Draft) -> Iterator[Block]:
    """The link. It stands there whole, so that whoever reads plain text, or is careful, sees where it leads."""
    link = draft.facts.link
    if not link:
        raise ValueError(f"a mail of kind {draft.kind} needs a link")
    yield Block("link", draft.phrase("sign_in_link"), (one_line(link),))
    yield Block("para", draft.phrase("sign_in_where"))
    yield Block("heading", draft.phrase("not_you_heading"))
    yield Block("para", draft.phrase("sign_in_not_you", contact=draft.facts.policy.contact))


SECTIONS: Final[Mapping[str, Callable[[Draft], Iterator[Block]]]] = {
    "acted": _acted,
    "access": _access,
    "access_wrong": _access_wrong,
    "rails": _rails,
    "rails_wrong": _rails_wrong,
    "code": _code,
    "code_not_you": _code_not_you,
    "looks": _looks,
    "sign_in": _sign_in,
    "not_you": _not_you,
    "let_refuse": _let_refuse,
    "answer_waiver": _answer_waiver,
}
