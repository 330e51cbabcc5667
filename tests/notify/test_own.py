"""The sentences of somebody's own page: seven languages, each whole."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

import pytest

from gatepost.notify.own import no_page
from gatepost.notify.phrases import Phrases
from gatepost.notify.render import LANGUAGES

STEPS = ("ios", "android", "macos", "windows", "chromeos", "linux")


def source(language: str) -> str:
    return files("gatepost.notify").joinpath(f"own_texts/{language}.toml").read_text(encoding="utf-8")


def faults(sources: Mapping[str, str]) -> Iterator[str]:
    """Everything that some language lacks, has too much, or still says in English."""
    english = Phrases("en", sources["en"])
    wanted = english.placeholders()
    for language, text in sources.items():
        phrases = Phrases(language, text)
        given = phrases.placeholders()
        yield from (f"{language}: {key} is missing" for key in wanted.keys() - given.keys())
        yield from (f"{language}: {key} is unknown" for key in given.keys() - wanted.keys())
        for key in wanted.keys() & given.keys():
            said, meant = _words(phrases, key), _words(english, key)
            if given[key] != wanted[key]:
                yield f"{language}: {key} has other placeholders"
            elif language != "en" and said == meant and re.search(r"\w", said):
                yield f"{language}: {key} is in English"
            elif said.count("\n") != meant.count("\n"):
                yield f"{language}: {key} has another number of steps"


def _words(phrases: Phrases, key: str) -> str:
    return phrases(key, **dict.fromkeys(phrases.placeholders()[key], ""))


def test_every_language_is_whole() -> None:
    """Every sentence stands in every language, in its own words, with the same placeholders and as many steps."""
    assert list(faults({language: source(language) for language in LANGUAGES})) == []
    keys = Phrases("en", source("en")).placeholders()
    assert {f"own_remove_{platform}" for platform in STEPS} < keys.keys()


@pytest.mark.parametrize(
    ("language", "pattern", "put", "fault"),
    [
        ("ja", r"(?m)^own_gone = .*\n", "", "ja: own_gone is missing"),
        ("hi", r"(?m)^own_look = .*$", 'own_look = "{when}"', "hi: own_look has other placeholders"),
        ("fr", r"(?m)^own_why_heading = .*$", 'own_why_heading = "Why"', "fr: own_why_heading is in English"),
        ("de", r"\nBestätigen Sie\.\"\"\"(?=\n)", '"""', "de: own_remove_windows has another number of steps"),
        ("pt", r"\Z", '\nown_more = "mais"\n', "pt: own_more is unknown"),
    ],
)
def test_a_language_that_is_not_whole_is_found(language: str, pattern: str, put: str, fault: str) -> None:
    """The test above can fail."""
    sources = {each: source(each) for each in LANGUAGES}
    broken = re.sub(pattern, put, sources[language], count=1)
    assert broken != sources[language]
    assert list(faults(sources | {language: broken})) == [fault]


@pytest.mark.parametrize(
    ("asked", "language"), [("de-AT", "de"), ("ja", "ja"), ("ko", "fr"), ("", "fr"), ("<script>", "fr")]
)
def test_a_link_that_opens_nothing_answers_in_the_readers_language(asked: str, language: str) -> None:
    """In the browser's language where we have it, else in the site's."""
    assert no_page(asked, "fr").language == language
