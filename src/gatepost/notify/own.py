"""Somebody's own page on a policy, in their language: what a mail of this moment would say, and how things stand.

Made of the sections that mails are made of, with sentences of its own besides (own_texts/): nobody approved those, so
they are this version's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, TypeAlias

from gatepost.core.fleet.claim import Claim
from gatepost.core.fleet.device import Platform
from gatepost.core.instant import Instant
from gatepost.core.ledger.leaf import SYSTEM
from gatepost.core.notice.notice import NoticeKind
from gatepost.notify.asked import PLATFORM_NAMES, device_label
from gatepost.notify.facts import DeviceFacts, NoticeFacts
from gatepost.notify.known import evidence_lines
from gatepost.notify.language import choose, language_of
from gatepost.notify.moments import language_words, locale_for
from gatepost.notify.own_device import OwnDevice, device_lines
from gatepost.notify.phrases import Phrases
from gatepost.notify.render import LANGUAGES, SECTIONS
from gatepost.notify.sections import MOST_APPS_IN_A_SENTENCE, Block, Draft, listed
from gatepost.notify.untrusted import one_line, paragraphs

MOST_LOOKS: Final = 50

AGAIN_AFTER: Final = 15
"""Seconds between two looks at a page that waits for a report: of all who may wait at once, 20 look in a second."""

Why: TypeAlias = Literal["own_not_now", "own_spent", "own_check_spent"]
"""Why something cannot be done now: as things stand, or because so much of it was done already."""


class Stands(StrEnum):
    """How a policy stands for somebody, which the page says first."""

    ASKED = "asked"
    BLOCKED = "blocked"
    CLEAR = "clear"
    EXEMPT = "exempt"
    PAUSED = "paused"
    ERROR = "error"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


OVER: Final = {Stands.ERROR: NoticeKind.CORRECTION, Stands.WITHDRAWN: NoticeKind.WITHDRAWAL, Stands.ENDED: None}
"""When a policy no longer applies, with the author's text on it."""


@dataclass(frozen=True, slots=True)
class OwnLook:
    """One look at them. `by`: an id, SYSTEM for a program, "" for somebody who is gone. `what`: as the ledger's
    event names it."""

    at: Instant
    by: str
    what: str
    purpose: str


class OwnAsk(NamedTuple):
    """A waiver that they asked for, and that nobody has answered."""

    device: DeviceFacts
    at: Instant


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """`notice`: what a mail would say now, with the devices that are due. `looks`: newest first. `until`: the end of
    the link. `asked`: waivers that wait; `askable`: devices for which they can ask for one."""

    notice: NoticeFacts
    stands: Stands
    devices: tuple[OwnDevice, ...]
    evidence: tuple[Claim, ...]
    looks: tuple[OwnLook, ...]
    until: Instant
    asked: tuple[OwnAsk, ...] = ()
    askable: tuple[DeviceFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsentFacts:
    """What somebody would state of a device with the code in their mailbox: that it is free of these apps.

    `notice`: as in OwnFacts. `until`: the code counts. `ends`: the statement would count.
    """

    notice: NoticeFacts
    device: DeviceFacts
    apps: tuple[str, ...]
    until: Instant
    ends: Instant


@dataclass(frozen=True, slots=True)
class AskFacts:
    """A waiver for a device that somebody would ask for. `notice`, `until`: as in AbsentFacts."""

    notice: NoticeFacts
    device: DeviceFacts
    until: Instant


class OwnPage(NamedTuple):
    """Besides a mail's blocks there are: device (a heading), steps (in order), state (of which text is the sentence,
    items its name and sign); again and back (links to the person's own page); absent (a button that asks for a code;
    items: the device), code (a field; items: the device, the button, what is wrong with what was typed), ask (a form
    for a waiver; items: what the two fields are called, then the devices) and ask_code (as code, with the reason);
    stands (the sentence on how the policy stands), check (a button that asks for a report; items: the device).

    `again_after`: the page is looked at again after so many seconds, 0 for never."""

    language: str
    title: str
    skip: str
    exercise_words: str
    blocks: tuple[Block, ...]
    again_after: int = 0


def own_page(facts: OwnFacts) -> OwnPage:
    """The page in the person's language, in the order in which somebody without mail asks."""
    draft = _draft(NoticeKind.REMINDER, facts.notice)  # what counts from a mail counts from the first one
    parts = (_opening, _now, _remove, _why, _waiver, _contact, _sees, _looked, _about)
    blocks = tuple(block for part in parts for block in part(draft, facts))
    page = _page(draft.phrase, "own_title", blocks)
    return page._replace(again_after=AGAIN_AFTER if any(own.awaited for own in facts.devices) else 0)


def absent_page(facts: AbsentFacts, *, wrong: bool) -> OwnPage:
    """Where the code is typed; `wrong`: it was, and was not the one that counts."""
    draft = _draft(NoticeKind.CODE, facts.notice)
    phrase, contact = draft.phrase, facts.notice.policy.contact
    long = len(facts.apps) > MOST_APPS_IN_A_SENTENCE
    apps = phrase("several_apps_of") if long else listed(facts.apps, phrase.language)
    stated = {"apps": apps, "device": device_label(draft, facts.device), "until": draft.moment(facts.ends)}
    problem = phrase("own_code_wrong") if wrong else ""
    blocks = (
        Block("para", phrase("own_code_sent", until=draft.moment(facts.until))),
        Block("para", phrase("own_code_states", **stated)),
        *((Block("list", "", tuple(map(one_line, facts.apps))),) if long else ()),
        Block("code", phrase("own_code_label"), (one_line(facts.device.name), phrase("own_code_button"), problem)),
        Block("para", phrase("own_code_call", contact=contact)),
        Block("back", phrase("own_back")),
    )
    return _page(phrase, "own_code_title", blocks)


def ask_page(facts: AskFacts, reason: str, *, wrong: bool) -> OwnPage:
    """Where the code is typed that asks for a waiver, for this reason; `wrong`: as in absent_page."""
    draft = _draft(NoticeKind.CODE, facts.notice)
    phrase = draft.phrase
    problem = phrase("own_code_wrong") if wrong else ""
    items = (one_line(facts.device.name), phrase("own_ask_send"), problem, reason)
    blocks = (
        Block("para", phrase("own_code_sent", until=draft.moment(facts.until))),
        Block("para", phrase("own_ask_states", device=device_label(draft, facts.device))),
        Block("quote", "", (reason,)),
        Block("ask_code", phrase("own_code_label"), items),
        *SECTIONS["contact"](draft),
        Block("back", phrase("own_back")),
    )
    return _page(phrase, "own_code_title", blocks)


def not_now_page(locale: str, default: str, contact: str, why: Why) -> OwnPage:
    """What whoever asked for what cannot be done is told."""
    phrase = _phrases(choose(LANGUAGES, locale, default))
    said = phrase(why, contact=contact)
    return _page(phrase, "own_not_now_title", (Block("para", said), Block("back", phrase("own_back"))))


def no_page(locale: str, default: str) -> OwnPage:
    """What a link that opens nothing answers: the same whatever the cause. `locale`: as the browser asks."""
    phrase = _phrases(choose(LANGUAGES, locale, default))
    return _page(phrase, "own_gone_title", (Block("para", phrase("own_gone")),))


def _draft(kind: NoticeKind, notice: NoticeFacts) -> Draft:
    """As of a mail of this kind, in the person's language."""
    language = choose(LANGUAGES, notice.locale, notice.policy.language)
    return Draft(kind, notice, _phrases(language), locale_for(notice.locale, language))


def _page(phrase: Phrases, title: str, blocks: tuple[Block, ...]) -> OwnPage:
    return OwnPage(phrase.language, phrase(title), phrase("own_skip"), phrase("own_exercise"), blocks)


@cache
def _phrases(language: str) -> Phrases:
    package = files("gatepost.notify")
    sources = (package.joinpath(f"{folder}/{language}.toml") for folder in ("texts", "own_texts"))
    return Phrases(language, "\n".join(source.read_text(encoding="utf-8") for source in sources))


def _opening(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    name, wanted, given = facts.notice.name, language_of(facts.notice.locale), draft.phrase.language
    if wanted and wanted != given:
        words = {"wanted": language_words(wanted, draft.locale), "given": language_words(given, draft.locale)}
        yield Block("para", draft.phrase("own_language", **words))
    yield Block("para", draft.phrase("greeting", name=name) if name else draft.phrase("greeting_nameless"))
    if facts.stands is Stands.EXEMPT and facts.notice.exempt_until is not None:
        yield Block("stands", draft.phrase("own_exempt", until=draft.moment(facts.notice.exempt_until)))
    else:
        yield Block("stands", draft.phrase(f"own_{facts.stands}"))
    kind = OVER.get(facts.stands)
    if kind is not None and (found := draft.text_of(kind)):
        language, text = found
        yield Block("author", "", paragraphs(text.body), language)


_ORDER: Final = {
    Stands.ASKED: ("asked", "apps", "devices", "happens"),
    Stands.BLOCKED: ("devices", "asked_blocked", "apps", "happens_blocked"),
}


def _now(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    """What is asked and how each device stands, in the order in which a mail says it."""
    for section in _ORDER.get(facts.stands, ("devices",)):
        yield from _devices(draft, facts) if section == "devices" else SECTIONS[section](draft)


def _devices(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    yield Block("heading", draft.phrase("devices_heading"))
    if not facts.devices:
        yield Block("para", draft.phrase("own_no_devices"))
    for own in facts.devices:
        yield Block("device", device_label(draft, own.device))
        yield from device_lines(draft, own, over=facts.stands in OVER)


_STEPS_OF: Final = {platform: platform.value for platform in Platform} | {Platform.IPADOS: "ios"}


def removal(platform: Platform, language: str = "en") -> tuple[str, ...]:
    """How to remove an app from a device of this platform, step by step."""
    return _removal(_phrases(language), platform)


def _removal(phrase: Phrases, platform: Platform) -> tuple[str, ...]:
    return tuple(phrase(f"own_remove_{_STEPS_OF[platform]}").strip().split("\n"))


def _remove(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    """For each platform of the devices that something is asked of, step by step."""
    if facts.stands not in (Stands.ASKED, Stands.BLOCKED):
        return
    yield Block("heading", draft.phrase("own_remove_heading"))
    told: set[str] = set()
    for device in facts.notice.devices:
        steps = _STEPS_OF[device.platform]
        if steps not in told:
            told.add(steps)
            yield Block("device", "iPhone, iPad" if steps == "ios" else PLATFORM_NAMES[device.platform])
            yield Block("steps", "", _removal(draft.phrase, device.platform))
    yield Block("para", draft.phrase("own_report"))
    yield Block("again", draft.phrase("own_again"))


def _why(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    """The author's reason and words, and what is said of the apps; of a policy that is over no longer."""
    if facts.stands in OVER:
        return
    policy = facts.notice.policy
    yield Block("heading", draft.phrase("own_why_heading"))
    if policy.reason:
        yield Block("para", one_line(policy.reason))
    if found := draft.text_of(NoticeKind.ANNOUNCEMENT):
        language, text = found
        yield Block("para", draft.phrase("own_announced"))
        yield Block("quote", one_line(text.subject), paragraphs(text.body), language)
    yield Block("heading", draft.phrase("evidence_heading"))
    yield from evidence_lines(draft, facts.evidence)


def _waiver(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    if facts.stands not in OVER:
        yield Block("heading", draft.phrase("own_waiver_heading"))
        yield Block("para", draft.phrase("own_waiver", contact=facts.notice.policy.contact))
        for one in facts.asked:
            said = {"device": device_label(draft, one.device), "when": draft.moment(one.at)}
            yield Block("para", draft.phrase("own_asked_waiver", **said))
        if facts.askable:
            fields = (draft.phrase("own_ask_device"), draft.phrase("own_ask_reason"))
            devices = tuple(one_line(device.name) for device in facts.askable)
            yield Block("ask", draft.phrase("own_ask_button"), (*fields, *devices))


def _contact(draft: Draft, _facts: OwnFacts) -> Iterator[Block]:
    yield from SECTIONS["contact"](draft)


def _sees(draft: Draft, _facts: OwnFacts) -> Iterator[Block]:
    yield Block("heading", draft.phrase("own_sees_heading"))
    keys = ("own_sees", "own_sees_door", "own_sees_not", "own_sees_reach")
    yield Block("list", "", tuple(draft.phrase(key) for key in keys))


def _looked(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    """Who looked at this person by name, newest first (I-34)."""
    yield Block("heading", draft.phrase("own_who_heading"))
    yield Block("para", draft.phrase("own_who_rule"))
    if not facts.looks:
        yield Block("para", draft.phrase("own_who_none"))
        return
    rows = tuple((_who(draft, look), _look(draft, look)) for look in facts.looks[:MOST_LOOKS])
    yield Block("rows", "", rows)
    if len(facts.looks) > len(rows):
        yield Block("para", draft.phrase("not_shown", count=str(len(facts.looks) - len(rows))))


def _who(draft: Draft, look: OwnLook) -> str:
    if look.by == SYSTEM:
        return draft.phrase("own_by_program")
    return one_line(look.by) or draft.phrase("own_by_gone")


def _look(draft: Draft, look: OwnLook) -> str:
    line = draft.phrase("own_look", when=draft.moment(look.at), what=draft.phrase(f"looks_{look.what}"))
    return draft.phrase("looks_purpose", looks=line, purpose=look.purpose) if look.purpose else line


def _about(draft: Draft, facts: OwnFacts) -> Iterator[Block]:
    yield from SECTIONS["about"](draft)
    yield Block("heading", draft.phrase("own_link_heading"))
    yield Block("para", draft.phrase("own_link_until", until=draft.moment(facts.until)))
