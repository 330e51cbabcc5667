"""Seven languages, each whole; and every other falls back visibly."""

import html
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from babel import Locale
from babel.localedata import locale_identifiers

from gatepost.core.notice.notice import NoticeKind
from gatepost.core.policy.policy import Text
from gatepost.notify.moments import duration_words, words_of
from gatepost.notify.phrases import Phrases
from gatepost.notify.render import LANGUAGES, Renderer, load_templates
from gatepost.notify.samples import ANNA, APPROVAL, FRIDAY_ENDS_IN_BERLIN, POLICY, sample

GOLDEN = Path(__file__).parent / "golden_fallback"
RENDERER = Renderer(load_templates())
COUNTED = ("people", "devices")
"""What our sentences count, each with a sentence for every plural form of the language."""

THE_SAME: Mapping[str, set[str]] = {"de": {"ring"}, "pt": {"form_tablet", "forms_tablet"}}
"""Sentences that another language writes as English does."""


def flat(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def forms(language: str) -> set[str]:
    """The plural forms that whole numbers take in a language, in any of its countries."""
    here = [name for name in locale_identifiers() if name.partition("_")[0] == language]
    numbers = [*range(201), 1000, 10_000, 999_999, 1_000_000, 2_000_000, 12_000_000]
    return {Locale.parse(name).plural_form(number) for name in here for number in numbers}


def faults(sources: Mapping[str, str]) -> Iterator[str]:
    """Everything that some language lacks, has too much, or still says in English."""
    english = Phrases("en", sources["texts/en.toml"])
    plain = {key: holes for key, holes in english.placeholders().items() if not key.startswith("counted_")}
    for language in LANGUAGES:
        phrases = Phrases(language, sources[f"texts/{language}.toml"])
        given = phrases.placeholders()
        wanted = plain | {
            f"counted_{what}_{form}": frozenset({"count"} if form != "hidden" else ())
            for what in COUNTED
            for form in forms(language) | {"hidden"}
        }
        yield from (f"{language}: {key} is missing" for key in wanted.keys() - given.keys())
        yield from (f"{language}: {key} is unknown" for key in given.keys() - wanted.keys())
        common = wanted.keys() & given.keys()
        yield from (f"{language}: {key} has other placeholders" for key in common if wanted[key] != given[key])
        if language != "en":
            same = {key for key in plain.keys() & given.keys() if _says(phrases, key) == _says(english, key)}
            yield from (f"{language}: {key} is in English" for key in same - THE_SAME.get(language, set()))


def _says(phrases: Phrases, key: str) -> str:
    """The words of a sentence; "" for one of placeholders only, and for a command, which has no language."""
    if key.startswith("command_"):
        return f"{phrases.language} {key}"
    words = phrases(key, **dict.fromkeys(phrases.placeholders()[key], ""))
    return words if re.search(r"\w", words) else f"{phrases.language} {key}"


def test_every_language_is_whole() -> None:
    """Every fixed sentence stands in every language, in its own words, with the same placeholders and with exactly the
    plural forms that its numbers take."""
    assert list(faults(load_templates())) == []
    assert len(Phrases("en", load_templates()["texts/en.toml"]).placeholders()) > 100


@pytest.mark.parametrize(
    ("language", "pattern", "put", "fault"),
    [
        ("ja", r"(?m)^footer = .*\n", "", "ja: footer is missing"),
        ("hi", r"(?m)^counted_people_one = .*\n", "", "hi: counted_people_one is missing"),
        ("fr", r"(?m)^counted_devices_many = .*\n", "", "fr: counted_devices_many is missing"),
        ("pt", r"(?m)^greeting = .*$", 'greeting = "Olá,"', "pt: greeting has other placeholders"),
        ("es", r"(?m)^contact_heading = .*$", 'contact_heading = "Whom to ask"', "es: contact_heading is in English"),
        ("ja", r"\Z", '\ncounted_people_one = "{count} 人"\n', "ja: counted_people_one is unknown"),
    ],
)
def test_a_language_that_is_not_whole_is_found(language: str, pattern: str, put: str, fault: str) -> None:
    """The test above can fail: by a sentence that is gone, that lost a placeholder, that was left in English, and by a
    plural form too few or too many."""
    sources = load_templates()
    name = f"texts/{language}.toml"
    broken = re.sub(pattern, put, sources[name], count=1)
    assert broken != sources[name]
    assert list(faults({**sources, name: broken})) == [fault]


COUNTS = {
    "en": ("0 people, 1 device", "1 person, 2 devices", "1,000,000 people, fewer than five devices"),
    "de": ("0 Personen, 1 Gerät", "1 Person, 2 Geräte", "1.000.000 Personen, weniger als fünf Geräte"),
    "es": ("0 personas, 1 dispositivo", "1 persona, 2 dispositivos", "1.000.000 de personas, menos de cinco"),
    "fr": ("0 personne, 1 appareil", "1 personne, 2 appareils", "1 000 000 de personnes, moins de cinq"),
    "hi": ("0 व्यक्ति, 1 उपकरण", "1 व्यक्ति, 2 उपकरण", "10,00,000 लोग, पाँच से कम उपकरण"),
    "ja": ("0 人、端末 1 台", "1 人、端末 2 台", "1,000,000 人、端末 5 台未満"),
    "pt": ("0 pessoa, 1 dispositivo", "1 pessoa, 2 dispositivos", "1.000.000 de pessoas, menos de cinco"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_have_their_plural(language: str) -> None:
    """None, one, two and a million are counted as the language counts; a hidden number is named as such."""
    none_one, one_two, many = COUNTS[language]
    people = {"hit": 0, "clear": 1, "exempt": 1_000_000}
    devices = {"hit": 1, "clear": 2, "exempt": None}
    facts = replace(sample(NoticeKind.APPROVAL_ASKED, language), devices=())
    locale = {"es": "es-ES", "pt": "pt-BR", "hi": "hi-IN"}.get(language, language)
    facts = replace(facts, locale=locale, approval=replace(APPROVAL, people=people, devices=devices))
    text = flat(RENDERER.render(NoticeKind.APPROVAL_ASKED, facts).text)
    for counted in (none_one, one_two, many):
        assert counted in text


DATES = {
    "de": ("Freitag, 10. Juli 2020", "24 Stunden", "1 Stunde"),
    "en": ("Friday, July 10, 2020", "24 hours", "1 hour"),
    "es": ("viernes, 10 de julio de 2020", "24 horas", "1 hora"),
    "fr": ("vendredi 10 juillet 2020", "24 heures", "1 heure"),
    "hi": ("शुक्रवार, 10 जुलाई 2020", "24 घंटे", "1 घंटा"),
    "ja": ("2020年7月10日金曜日", "24 時間", "1 時間"),
    "pt": ("sexta-feira, 10 de julho de 2020", "24 horas", "1 hora"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates_and_durations_are_written_in_the_language(language: str) -> None:
    """Weekday, month and hours are words of the language, for one and for many."""
    locale = Locale.parse(language)
    date, time, _ = words_of(FRIDAY_ENDS_IN_BERLIN, "Europe/Berlin", locale)
    assert (date, time) == (DATES[language][0], "")
    said = tuple(duration_words(hours * 3_600_000, locale).replace("\xa0", " ") for hours in (24, 1))
    assert said == DATES[language][1:]


def test_one_portuguese_serves_both_sides_of_the_ocean() -> None:
    """A choice, said in docs/reference/mail.md: whoever reads pt-BR has our Portuguese, with Brazil's dates and no line
    on another language; an author's text for pt-BR goes before the one for pt."""
    given = {"pt": Text("Sobre telemóveis", "Remova-a."), "pt-BR": Text("Sobre celulares", "Remova-o.")}
    policy = replace(POLICY, texts={NoticeKind.ANNOUNCEMENT: given})
    reader = replace(sample(NoticeKind.ANNOUNCEMENT, "pt"), policy=policy)
    here, there = (RENDERER.render(NoticeKind.ANNOUNCEMENT, replace(reader, locale=tag)) for tag in ("pt-PT", "pt-BR"))
    assert (here.subject, there.subject) == ("Sobre telemóveis", "Sobre celulares")
    assert "O que lhe pedimos" in there.html
    for rendered in (here, there):
        assert "porque" not in flat(rendered.text)


SWEDISH = {"sv": Text("Om en app", "Ta bort appen före helgen.")}


def fallback(language: str) -> str:
    """The announcement that somebody gets who reads this language, where its author wrote Swedish only."""
    known = language if language in LANGUAGES else "en"
    policy = replace(POLICY, texts={NoticeKind.ANNOUNCEMENT: SWEDISH}, language="sv")
    facts = replace(sample(NoticeKind.ANNOUNCEMENT, known), policy=policy)
    rendered = RENDERER.render(NoticeKind.ANNOUNCEMENT, facts if known == language else replace(facts, locale=language))
    return f"Subject: {rendered.subject}\n\n{rendered.text}"


@pytest.mark.parametrize("language", [*LANGUAGES, "ko"])
def test_a_text_in_another_language_says_so(language: str) -> None:
    """Where the author wrote none in the person's language, a line of the mail says which it is in instead, in words
    that the person reads: golden texts (GATEPOST_GOLDEN=write renews). Somebody who reads Korean has two such lines."""
    said = fallback(language)
    path = GOLDEN / f"announcement.{language}.txt"
    if os.environ.get("GATEPOST_GOLDEN") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


def test_no_golden_fallback_is_left_over() -> None:
    """Every golden file belongs to a language."""
    assert {path.stem.partition(".")[2] for path in GOLDEN.iterdir()} == {*LANGUAGES, "ko"}


IN_ENGLISH = {NoticeKind.ANNOUNCEMENT: {"en": Text("About phones", "Please remove it.")}}


@pytest.mark.parametrize("kind", [NoticeKind.REMINDER, NoticeKind.BLOCKED])
def test_a_quoted_text_in_another_language_says_so(kind: NoticeKind) -> None:
    """A mail of ours that quotes the author says so too; whoever has the author's language is told nothing."""
    policy = replace(POLICY, texts=IN_ENGLISH)
    japanese = RENDERER.render(kind, replace(sample(kind, "ja"), policy=policy))
    assert "作成者による日本語の文面がないため、英語になっています" in japanese.text.replace("\n", "")
    assert '<blockquote lang="en"' in japanese.html
    english = RENDERER.render(kind, replace(sample(kind, "en"), policy=policy))
    assert "because" not in english.text


def test_a_mail_wholly_in_another_language_says_so_once() -> None:
    """Where our own sentences are in the author's language, one line says it of the whole mail."""
    policy = replace(POLICY, texts=IN_ENGLISH)
    rendered = RENDERER.render(
        NoticeKind.REMINDER, replace(sample(NoticeKind.REMINDER, "en"), policy=policy, locale="ko-KR")
    )
    assert "This mail is in English, because there is no text of it in Korean." in flat(rendered.text)
    assert flat(rendered.text).count("because") == 1


def test_a_reason_that_somebody_gave_claims_no_language() -> None:
    """What an operator wrote as a reason is in a language that nobody knows: no line and no mark says otherwise."""
    facts = replace(sample(NoticeKind.ENDED, "ja"), note="The app has been checked.")
    rendered = RENDERER.render(NoticeKind.ENDED, facts)
    assert '<div lang="">' in rendered.html
    assert "作成者による" not in rendered.text


def test_the_line_stands_before_what_it_is_about() -> None:
    """Whoever cannot read on has read why."""
    page = html.unescape(
        RENDERER.render(NoticeKind.ANNOUNCEMENT, replace(ANNA, policy=replace(POLICY, texts=IN_ENGLISH))).html
    )
    assert page.index("auf Englisch verfasst") < page.index("Please remove it.")
