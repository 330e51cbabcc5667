"""What each section of a mail says. A section is a function from the draft to blocks; the stored layout orders them.

A block is (kind, text, items, language): the two templates know how to show each kind. All text in blocks is one line
of visible characters (or, in the author's paragraphs, lines), so no block can pass for another.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

from gatepost.core.change.rollout import RingLine
from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Text
from gatepost.notify.facts import ApprovalFacts, NoticeFacts
from gatepost.notify.language import choose
from gatepost.notify.moments import duration_words, words_of
from gatepost.notify.phrases import Phrases
from gatepost.notify.untrusted import one_line, paragraphs

Items = tuple[Any, ...]


class Block(NamedTuple):
    """kind: banner, title, heading, para, call, list, rows (label, value), author, quote, pre, link (label, address),
    footer."""

    kind: str
    text: str = ""
    items: Items = ()
    language: str = ""


@dataclass(slots=True)
class Draft:
    """One mail in the making. `locale`: how dates are written; `author`: the language of the author's text, if any."""

    kind: NoticeKind
    facts: NoticeFacts
    phrase: Phrases
    locale: Locale
    author: str | None = None
    _by: list[str] = field(default_factory=list)

    def text_of(self, kind: NoticeKind) -> tuple[str, Text] | None:
        """The author's text of that kind in the best language for this person, with the language."""
        texts = self.facts.policy.texts.get(kind)
        if not texts:
            return None
        language = choose(texts, self.facts.locale, self.facts.policy.language)
        return language, texts[language]

    def moment(self, at: int) -> str:
        """An instant in words: one value, the one that the door uses."""
        date, time, zone = words_of(at, self.facts.time_zone, self.locale)
        if time:
            return self.phrase("point_in_time", date=date, time=time, zone=zone)
        return self.phrase("end_of_day", date=date, zone=zone)

    def by(self) -> str:
        """By when, in words that can be read no later than the door reads them (I-10); "by then" from then on."""
        if self._by:
            return self.phrase("by_then")
        self._by.append(self._by_when())
        return self._by[0]

    def _by_when(self) -> str:
        # Sending is before telling (the server's acceptance), so what counts from sending ends before the door closes.
        first = "" if self.kind is NoticeKind.ANNOUNCEMENT else "_first"
        facts, deadline = self.facts, self.facts.deadline
        if facts.past:
            return self.phrase("by_at_once")
        if (self.kind in (NoticeKind.WAIVER_ENDS, NoticeKind.REMINDER) or facts.revoked) and facts.until is not None:
            deadline = max(facts.until, deadline or facts.until)
        if deadline is None:
            duration = max(facts.grace, facts.notice or 0)
            if not duration:
                return self.phrase("by_at_once")
            return self.phrase(f"by_duration{first}", duration=duration_words(duration, self.locale))
        when = self.moment(deadline)
        if not facts.notice:
            return self.phrase("by_deadline", when=when)
        least = duration_words(facts.notice, self.locale)
        return self.phrase(f"by_deadline_or_later{first}", when=when, duration=least)


MOST_APPS_IN_A_SENTENCE: Final = 4


@lru_cache(maxsize=1024)
def listed(names: tuple[str, ...], language: str) -> str:
    """Names as a language lists them in a sentence."""
    return str(format_list([one_line(name) for name in names], locale=Locale.parse(language)))


def apps_of(draft: Draft) -> dict[str, str]:
    """The apps as a sentence names them."""
    names = draft.facts.policy.apps
    if len(names) > MOST_APPS_IN_A_SENTENCE:
        return {"apps": draft.phrase("several_apps"), "apps_of": draft.phrase("several_apps_of")}
    said = listed(names, draft.phrase.language)
    return {"apps": said, "apps_of": said}


def _author(draft: Draft) -> Iterator[Block]:
    """The author's own words; for a withdrawal without any, our lead has said all."""
    kind = NoticeKind.ANNOUNCEMENT if draft.kind is NoticeKind.UPDATE else draft.kind
    found = draft.text_of(kind)
    if found:
        language, text = found
        yield Block("author", "", paragraphs(text.body), language)


def _own(draft: Draft) -> Iterator[Block]:
    """The one button: the person's own page, which says how it stands now."""
    if draft.facts.link:
        yield Block("link", draft.phrase("own_link"), (draft.facts.link,))


def _apps_concerned(draft: Draft) -> Iterator[Block]:
    names = draft.facts.policy.apps
    if len(names) > MOST_APPS_IN_A_SENTENCE:
        yield Block("heading", draft.phrase("apps_heading"))
        yield Block("list", "", tuple(one_line(name) for name in names))


def _note(draft: Draft) -> Iterator[Block]:
    parts = paragraphs(draft.facts.note)
    if parts:
        yield Block("heading", draft.phrase("note_heading"))
        yield Block("author", "", parts)  # in whatever language somebody wrote it: nobody asked


def _contact(draft: Draft) -> Iterator[Block]:
    yield Block("heading", draft.phrase("contact_heading"))
    yield Block("para", one_line(draft.facts.policy.contact))


def _about(draft: Draft) -> Iterator[Block]:
    policy = draft.facts.policy
    rows = [(draft.phrase("about_title"), one_line(policy.title))]
    if policy.reason:
        rows.append((draft.phrase("about_reason"), one_line(policy.reason)))
    name = draft.phrase("about_revision", policy=policy.id, revision=str(policy.revision))
    rows.append((draft.phrase("about_name"), name))
    if draft.facts.approval is not None:
        rows.append((draft.phrase("about_deadline"), one_line(draft.facts.approval.deadline)))
        rows += [_ring(draft, line) for line in draft.facts.approval.rings]
        rows.append((draft.phrase("about_consequence"), draft.phrase(f"consequence_{policy.consequence.word}")))
    yield Block("heading", draft.phrase("about_heading"))
    yield Block("rows", "", tuple(rows))


def _ring(draft: Draft, line: RingLine) -> tuple[str, str]:
    """By when the people of a ring have to be ready, and how many they are; of a hidden number not even that it is
    small."""
    label = draft.phrase("ring", group=line.group) if line.group else draft.phrase("ring_others")
    people = draft.phrase("ring_hidden") if line.people is None else _counted(draft, "people", line.people)
    return label, draft.phrase("ring_row", deadline=line.deadline, people=people)


def _quote(draft: Draft, heading: str, kind: NoticeKind) -> Iterator[Block]:
    found = draft.text_of(kind)
    if found:
        language, text = found
        yield Block("heading", draft.phrase(heading))
        yield Block("quote", one_line(text.subject), paragraphs(text.body), language)


def approval_of(draft: Draft) -> ApprovalFacts:
    """The facts about the approval. Raises ValueError if there are none."""
    if draft.facts.approval is None:
        raise ValueError(f"a mail of kind {draft.kind} needs facts about the approval")
    return draft.facts.approval


_IMPACT: Final = ("hit", "clear", "exempt", "cannot_tell", "unmanaged", "cannot_be_told")


def _impact(draft: Draft) -> Iterator[Block]:
    approval = approval_of(draft)
    rows = [
        (
            draft.phrase(f"impact_{column}"),
            draft.phrase(
                "impact_row",
                people=_counted(draft, "people", approval.people.get(column, 0)),
                devices=_counted(draft, "devices", approval.devices.get(column, 0)),
            ),
        )
        for column in _IMPACT
        if column in approval.people or column in approval.devices
    ]
    yield Block("heading", draft.phrase("impact_heading"))
    yield Block("rows", "", tuple(rows))


def _counted(draft: Draft, what: str, number: int | None) -> str:
    """So many of what, in the plural form of the language (CLDR); a hidden number says how few."""
    if number is None:
        return draft.phrase(f"counted_{what}_hidden")
    form = draft.locale.plural_form(number)
    return draft.phrase(f"counted_{what}_{form}", count=str(format_decimal(number, locale=draft.locale)))


def _warnings(draft: Draft) -> Iterator[Block]:
    warnings = approval_of(draft).warnings
    if warnings:
        yield Block("heading", draft.phrase("warnings_heading"))
        yield Block("list", "", tuple(one_line(warning) for warning in warnings))


def _approvals(draft: Draft) -> Iterator[Block]:
    approval = approval_of(draft)
    yield Block("heading", draft.phrase("approvals_heading"))
    if approval.any_role:
        roles = " · ".join(map(one_line, approval.required))
        given = draft.phrase("approvals_row", given=str(sum(approval.given.values())), required="1")
        yield Block("para", draft.phrase("approvals_any", roles=roles, given=given))
        return
    rows = tuple(
        (one_line(role), draft.phrase("approvals_row", given=str(approval.given.get(role, 0)), required=str(number)))
        for role, number in approval.required.items()
    )
    yield Block("rows", "", rows)


def _how(draft: Draft) -> Iterator[Block]:
    approval, policy = approval_of(draft), draft.facts.policy
    yield Block("heading", draft.phrase("how_heading"))
    for step in ("read", "approve", "decline"):
        yield Block("para", draft.phrase(f"how_{step}"))
        yield Block(
            "pre",
            "",
            (draft.phrase(f"command_{step}", policy=policy.id, role=approval.role, approver=approval.approver),),
        )
    yield Block("para", draft.phrase("how_hash"))
    yield Block("pre", "", (one_line(approval.proposal),))


def _checkpoint(draft: Draft) -> Iterator[Block]:
    """Line for line, empty lines too: a signed note is checked byte for byte."""
    about = draft.facts.activation or approval_of(draft)
    lines = about.checkpoint.split("\n")
    if any(lines):
        yield Block("heading", draft.phrase("checkpoint_heading"))
        yield Block("para", draft.phrase("checkpoint_keep"))
        yield Block("pre", "", tuple(one_line(line) for line in lines))


SECTIONS: Final[Mapping[str, Callable[[Draft], Iterator[Block]]]] = {
    "author": _author,
    "own": _own,
    "apps": _apps_concerned,
    "note": _note,
    "contact": _contact,
    "about": _about,
    "impact": _impact,
    "warnings": _warnings,
    "approvals": _approvals,
    "how": _how,
    "checkpoint": _checkpoint,
    "quote_announcement": lambda draft: _quote(draft, "quote_announcement", NoticeKind.ANNOUNCEMENT),
    "quote_first": lambda draft: _quote(draft, "quote_first", NoticeKind.ANNOUNCEMENT),
    "quote_void": lambda draft: _quote(draft, "quote_void", NoticeKind.ANNOUNCEMENT),
    "quote_correction": lambda draft: _quote(draft, "quote_correction", NoticeKind.CORRECTION),
}
