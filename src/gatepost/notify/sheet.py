"""The privacy sheet's texts, as Markdown: a record of processing, a text for employees, and two skeletons.

Every value is escaped where it is put in, whatever it contains (I-36). What the controller has to add is a blank.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal, get_args

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gatepost.core.instant import DAY, Duration
from gatepost.core.privacy.held import Ends, Held
from gatepost.core.privacy.sheet import Sheet
from gatepost.notify.language import language_of
from gatepost.notify.moments import duration_words, language_words, words_of
from gatepost.notify.untrusted import one_line

Part = Literal["record", "information", "assessment", "agreement"]
Language = Literal["en", "de"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>#|&~])")
"""What Markdown and HTML read as something else than itself (CommonMark 0.31 section 2.4)."""

_BEGINS: Final = re.compile(r"^(\d{0,9})([-+=]|(?<=\d)[.)](?=\s|$))")
"""What makes a list or a heading at the beginning of a line (sections 4.3 and 5.2)."""


def render_sheet(part: Part, language: Language, sheet: Sheet) -> str:
    """One text, whole, with a word before it on what it is, when it was made and how many blanks it has."""
    words = _words(language)
    environment = _environment(language)
    body = environment.get_template(f"{part}.{language}.md.j2").render(s=sheet)
    blanks = body.count(f"**[{words['marks']['blank']}:")
    head = environment.get_template(f"head.{language}.md.j2").render(s=sheet, part=part, blanks=blanks)
    return re.sub(r"\n{3,}", "\n\n", f"{head}\n{body}").strip() + "\n"


def written_in(locale: str) -> Language:
    """The language of these texts for a locale: its own where there is one, else English."""
    return "de" if language_of(locale) == "de" else "en"


def escaped(text: str) -> str:
    """One line that Markdown shows as it is, wherever it stands."""
    return _BEGINS.sub(r"\1\\\2", _MARKS.sub(r"\\\1", one_line(text)))


@lru_cache(maxsize=4)
def _words(language: str) -> dict[str, Any]:
    return tomllib.loads(files("gatepost.notify").joinpath(f"sheets/words.{language}.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _environment(language: str) -> Environment:
    words, locale = _words(language), Locale.parse(language)
    environment = Environment(
        loader=PackageLoader("gatepost.notify", "sheets"),
        autoescape=True,  # never reached by a text: finalize has made it safe for Markdown before
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "words": words,
        "kind": lambda one: words["kinds"][one.held.kind],
        "kept": lambda retention, held: _kept(words, locale, retention, held),
        "blank": lambda what: _blank(words["marks"]["blank"], what),
    }
    environment.filters |= {
        "code": _code,
        "number": lambda count: "" if count is None else format_decimal(count, locale=locale),
        "day": lambda at, zone: Markup(words_of(at, zone, locale)[0]),  # noqa: S704  # words of ours
        "tongues": lambda tags: format_list(sorted(language_words(tag, locale) for tag in tags), locale=locale),
        "span": lambda duration: _span(duration, locale),
        "term": lambda duration: _term(duration, locale) if duration else words["terms"]["never"],
    }
    return environment


def _safe(value: object) -> object:
    return value if hasattr(value, "__html__") else Markup(escaped(str(value)))  # noqa: S704  # escaped just here


def _blank(mark: str, what: str) -> Markup:
    return Markup(f"**[{mark}: {escaped(what)}]**")  # noqa: S704  # escaped just here


def _code(text: str) -> Markup:
    """Between backquotes nothing is escaped (CommonMark 0.31 section 6.1), but a bar still ends a table's cell."""
    return Markup("`" + one_line(text).replace("`", "'").replace("|", "\\|") + "`")  # noqa: S704  # the same


def _span(duration: Duration, locale: Locale) -> str:
    """Whole days from three on as days; else hours, minutes or seconds."""
    if duration >= 3 * DAY and duration % DAY == 0:
        return _term(duration, locale)
    return duration_words(duration, locale)


def _term(duration: Duration, locale: Locale) -> str:
    """Days, as every term is set."""
    return str(format_unit(duration // DAY, "duration-day", "long", locale=locale))


def _kept(words: Mapping[str, Any], locale: Locale, retention: Mapping[str, Duration], held: Held) -> str:
    """What ends one kind: the site's terms, else what its nature is."""
    if held.ends is not Ends.TERM:
        return str(words["ends"][held.ends])
    return "; ".join(
        words["terms"][name].replace("{term}", _term(retention[name], locale))
        if retention[name]
        else words["terms"]["never"]
        for name in held.terms
    )
