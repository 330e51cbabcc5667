"""A notice's subject, text and HTML, from the stored sources that were approved (I-13)."""

import re
import secrets
import textwrap
import tomllib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache, lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import Any, Final, NamedTuple
from unicodedata import combining, east_asian_width

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import escape

from gatepost.core.notice.notice import ABOUT_SITE, NoticeKind
from gatepost.notify.acted import SECTIONS as ACTED_SECTIONS
from gatepost.notify.asked import SECTIONS as ASKED_SECTIONS
from gatepost.notify.facts import DeviceFacts, NoticeFacts
from gatepost.notify.known import SECTIONS as KNOWN_SECTIONS
from gatepost.notify.language import choose, language_of
from gatepost.notify.moments import language_words, locale_for
from gatepost.notify.phrases import Phrases
from gatepost.notify.sections import SECTIONS as OWN_SECTIONS
from gatepost.notify.sections import Block, Draft, approval_of
from gatepost.notify.sought import SECTIONS as SOUGHT_SECTIONS
from gatepost.notify.sought import activation_of
from gatepost.notify.untrusted import one_line

_SOURCES: Final = ("templates/layout.toml", "templates/mail.html.j2", "templates/mail.txt.j2")
LANGUAGES: Final = ("de", "en", "es", "fr", "hi", "ja", "pt")
SECTIONS: Final = {**OWN_SECTIONS, **ASKED_SECTIONS, **KNOWN_SECTIONS, **ACTED_SECTIONS, **SOUGHT_SECTIONS}
_WIDTH: Final = 76
_MOST_FORMS: Final = 512

_OWN: Final = frozenset({"name", "link", "devices"})
# All fields but the names that are filled in later; made from the classes, so that a new field is never forgotten.
_but_names = attrgetter(*(part.name for part in fields(NoticeFacts) if part.name not in _OWN))
_but_name = attrgetter(*(part.name for part in fields(DeviceFacts) if part.name != "name"))

_AUTHORED: Final = frozenset({NoticeKind.ANNOUNCEMENT, NoticeKind.UPDATE, NoticeKind.CORRECTION, NoticeKind.WITHDRAWAL})
_APPROVALS: Final = frozenset({NoticeKind.APPROVAL_ASKED, NoticeKind.APPROVAL_RESULT})


class Rendered(NamedTuple):
    """`language`: that of the author's text where the mail has one, else that of our sentences."""

    subject: str
    text: str
    html: str
    language: str


def load_templates() -> dict[str, str]:
    """The sources shipped with this version, name to text: what a proposal freezes and `Renderer` takes."""
    package = files("gatepost.notify")
    names = (*_SOURCES, *(f"texts/{language}.toml" for language in LANGUAGES))
    return {name: package.joinpath(name).read_text(encoding="utf-8") for name in names}


@cache
def _shipped_text(language: str) -> str:
    """For sentences that came after a text was stored; "" for a language that we do not ship."""
    if language not in LANGUAGES:
        return ""
    return files("gatepost.notify").joinpath(f"texts/{language}.toml").read_text(encoding="utf-8")


@cache
def _shipped_layout() -> dict[str, Any]:
    return tomllib.loads(files("gatepost.notify").joinpath("templates/layout.toml").read_text(encoding="utf-8"))


class _Form(NamedTuple):
    """A mail with holes: texts at even places, numbers of holes at odd ones."""

    subject: str
    text: list[str]
    html: list[str]
    language: str


class Renderer:
    """Renders from stored sources, not from this version's: an approved mail never changes with an upgrade.

    A form is rendered once for all people to whom a mail says the same but for names, then filled in: a tenth of a
    millisecond becomes a hundredth.
    """

    def __init__(self, templates: Mapping[str, str]) -> None:
        """`templates`: as `load_templates` gave them. Raises ValueError for what is missing or unknown in them."""
        missing = [name for name in _SOURCES if name not in templates]
        if missing:
            raise ValueError(f"stored mail templates lack {', '.join(missing)}")
        self._text = _environment(autoescape=False).from_string(templates["templates/mail.txt.j2"])
        self._html = _environment(autoescape=True).from_string(templates["templates/mail.html.j2"])
        self._phrases = {
            language: Phrases(language, source, _shipped_text(language))
            for name, source in sorted(templates.items())
            if name.startswith("texts/") and (language := name.removeprefix("texts/").removesuffix(".toml"))
        }
        self._layout = _layout(templates["templates/layout.toml"])
        # Random, so that no untrusted string can name a hole.
        self._hole = secrets.token_hex(4)
        self._holes = re.compile(rf"{self._hole}(\d+)")
        self._forms: dict[Hashable, _Form] = {}

    def render(self, kind: NoticeKind, facts: NoticeFacts) -> Rendered:
        """One person's mail. Raises ValueError if the facts lack what the kind needs."""
        names = [one_line(facts.name), facts.link, *(one_line(device.name) for device in facts.devices)]
        alone = facts.approval or facts.code
        form = self._form(kind, facts, names) if alone else self._remembered(kind, facts, names)
        html = _filled(form.html, [str(escape(name)) for name in names])
        return Rendered(form.subject, _filled(form.text, names), html, form.language)

    def _remembered(self, kind: NoticeKind, facts: NoticeFacts, names: Sequence[str]) -> _Form:
        key = (kind, _but_names(facts), tuple(map(_but_name, facts.devices)), tuple(map(bool, names)))
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            form = self._forms[key] = self._form(kind, facts, names)
        return form

    def _with_holes(self, facts: NoticeFacts, names: Sequence[str]) -> NoticeFacts:
        holes = [f"{self._hole}{number}" if name else "" for number, name in enumerate(names)]
        devices = tuple(
            replace(device, name=hole) if hole else device
            for device, hole in zip(facts.devices, holes[2:], strict=True)
        )
        return replace(facts, name=holes[0], link=holes[1], devices=devices)

    def _form(self, kind: NoticeKind, facts: NoticeFacts, names: Sequence[str]) -> _Form:
        draft = self._draft(kind, self._with_holes(facts, names))
        subject = _subject(draft)
        blocks = tuple(self._blocks(draft))
        context = {"blocks": blocks, "subject": subject, "language": draft.phrase.language}
        text, html = self._text.render(context).strip("\n") + "\n", self._html.render(context)
        return _Form(subject, self._holes.split(text), self._holes.split(html), draft.author or draft.phrase.language)

    def _draft(self, kind: NoticeKind, facts: NoticeFacts) -> Draft:
        language = choose(self._phrases, facts.locale, facts.policy.language)
        draft = Draft(kind, facts, self._phrases[language], locale_for(facts.locale, language))
        found = draft.text_of(_text_kind(kind)) if kind in _AUTHORED else None
        draft.author = found[0] if found else None
        return draft

    def _blocks(self, draft: Draft) -> Iterator[Block]:
        facts, phrase = draft.facts, draft.phrase
        if facts.policy.exercise:
            yield Block("banner", phrase("exercise_banner"))
        yield Block("title", _title(draft))
        lead = _lead(draft)
        body = [block for section in self._layout[draft.kind] for block in SECTIONS[section](draft)]
        for note in _language_notes(draft, body):
            yield Block("para", note)
        yield Block("para", phrase("greeting", name=facts.name) if facts.name else phrase("greeting_nameless"))
        yield Block("para", lead)
        yield from body
        yield Block("footer", phrase("footer"))


def _filled(parts: Sequence[str], names: Sequence[str]) -> str:
    return "".join(names[int(part)] if index % 2 else part for index, part in enumerate(parts))


def _text_kind(kind: NoticeKind) -> NoticeKind:
    """An update carries the announcement of the new revision."""
    return NoticeKind.ANNOUNCEMENT if kind is NoticeKind.UPDATE else kind


def _layout(source: str) -> dict[NoticeKind, tuple[str, ...]]:
    """Of a kind that came after a proposal was frozen, as this version has it: else no mail of that proposal could be
    written any more, the correction least of all."""
    stored = _shipped_layout() | tomllib.loads(source)
    layout = {}
    for kind in NoticeKind:
        sections = tuple(stored.get(kind, ()))
        unknown = [name for name in sections if name not in SECTIONS]
        if not sections or unknown:
            raise ValueError(f"stored mail layout: {kind} has no sections, or unknown ones: {', '.join(unknown)}")
        layout[kind] = sections
    return layout


def _environment(autoescape: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        autoescape=autoescape, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["wrap"] = _wrap
    environment.filters["columns"] = _columns
    return environment


def _columns(text: str) -> int:
    """How many columns a line takes where letters have one width: East Asian ones take two (Unicode, UAX 11), and marks
    that combine none."""
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)


@lru_cache(maxsize=8192)
def _wrap(text: str, indent: str = "") -> str:
    """Lines of at most 76 columns, every one but the first indented. Cached: most of a mail is the same for all."""
    lines = (
        textwrap.wrap(line, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False) or [""]
        for line in text.split("\n")
    )
    return f"\n{indent}".join(line for wrapped in lines for line in wrapped)


def _title(draft: Draft) -> str:
    """The author's subject is the headline of the author's text; other mails have our own."""
    found = draft.text_of(_text_kind(draft.kind)) if draft.author else None
    return one_line(found[1].subject) if found else _own_subject(draft)


def _subject(draft: Draft) -> str:
    """A mail in a thread has the first one's subject with `Re: `, which is what mail programs join threads by."""
    if draft.facts.thread:
        return f"Re: {one_line(draft.facts.thread)}"
    subject = _title(draft) if draft.kind is NoticeKind.ANNOUNCEMENT else _own_subject(draft)
    return draft.phrase("exercise_subject", subject=subject) if draft.facts.policy.exercise else subject


def _own_subject(draft: Draft) -> str:
    key = "spared_subject" if _spared(draft) else f"{draft.kind.replace('-', '_')}_subject"
    if draft.kind in _APPROVALS:
        return draft.phrase(key, proposal=approval_of(draft).proposal[:12])
    return draft.phrase(key)


def _spared(draft: Draft) -> bool:
    """Whether a policy is over for this person alone."""
    return draft.kind is NoticeKind.ENDED and draft.facts.goes_on and "spared_lead" in draft.phrase


def _lead(draft: Draft) -> str:
    """The first sentence: what this mail is, before anything else."""
    kind = draft.kind
    if kind is NoticeKind.APPROVAL_ASKED:
        return draft.phrase("asked_lead", author=approval_of(draft).author, role=approval_of(draft).role)
    if kind is NoticeKind.APPROVAL_RESULT:
        declined_by = approval_of(draft).declined_by
        return draft.phrase("declined_lead" if declined_by else "approved_lead", by=declined_by)
    if kind in (NoticeKind.ACTIVATION_ASKED, NoticeKind.ACTIVATION_RESULT):
        return _activation_lead(draft)
    if kind in (NoticeKind.WAIVER_RESULT, NoticeKind.WAIVER_ENDS):
        return _waiver_lead(draft)
    if kind in (NoticeKind.LOOKS, NoticeKind.SIGN_IN):
        if draft.facts.until is None:
            raise ValueError(f"a mail of kind {kind} needs an instant")
        return draft.phrase(f"{kind.replace('-', '_')}_lead", until=draft.moment(draft.facts.until))
    if kind in ABOUT_SITE:
        return draft.phrase(f"{kind.replace('-', '_')}_lead")
    if kind is NoticeKind.REMINDER and draft.facts.until is not None:
        return _new_hit_lead(draft)
    return draft.phrase("spared_lead" if _spared(draft) else f"{kind}_lead", subject=_first_subject(draft))


def _new_hit_lead(draft: Draft) -> str:
    ends = draft.facts.statement_ends
    if ends is None:
        return draft.phrase("newly_due_lead", subject=_first_subject(draft))
    return draft.phrase("statement_ends_lead", subject=_first_subject(draft), until=draft.moment(ends))


def _activation_lead(draft: Draft) -> str:
    wanted = activation_of(draft)
    if draft.kind is NoticeKind.ACTIVATION_ASKED:
        return draft.phrase("activation_asked_lead", author=wanted.author, role=wanted.role)
    key = "activation_declined_lead" if wanted.declined else "activation_approved_lead"
    return draft.phrase(key, by=wanted.declined_by)


def _waiver_lead(draft: Draft) -> str:
    if draft.facts.declined:
        return draft.phrase("waiver_declined_lead")
    of = "_device" if draft.facts.of_device else ""
    if draft.facts.until is None:
        raise ValueError(f"a mail of kind {draft.kind} needs the end of the waiver")
    if draft.facts.revoked:
        return draft.phrase(f"waiver_revoked{of}_lead", until=draft.moment(draft.facts.until))
    what = "granted" if draft.kind is NoticeKind.WAIVER_RESULT else "ends"
    return draft.phrase(f"waiver_{what}{of}_lead", until=draft.moment(draft.facts.until))


def _first_subject(draft: Draft) -> str:
    if draft.facts.thread:
        return draft.facts.thread
    found = draft.text_of(NoticeKind.ANNOUNCEMENT)
    return found[1].subject if found else draft.facts.policy.title


def _language_notes(draft: Draft, body: Sequence[Block]) -> Iterator[str]:
    """Says visibly what of the mail is not in the person's language, and which it is in instead: our own sentences, and
    what the policy's author wrote, quoted or not."""
    wanted, ours = language_of(draft.facts.locale), draft.phrase.language
    authored = {language_of(tag) for tag in (draft.author or "", *(block.language for block in body)) if tag}
    notes = [("fallback_all", ours)]
    if authored - {ours}:
        notes = [("fallback_ours", ours), *(("fallback_author", given) for given in sorted(authored))]
    for key, given in notes:
        if wanted and given != wanted:
            words = {"wanted": language_words(wanted, draft.locale), "given": language_words(given, draft.locale)}
            yield draft.phrase(key, **words)
