"""Files of people: `email,name,kind,country,time_zone,locale,groups` and, optionally, `id`, `logins` and `sponsor`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from gatepost.core.fleet.person import Kind
from gatepost.core.problem import Problem
from gatepost.documents.countries import country_problem, known_countries
from gatepost.documents.deadline import known_zones, zone_problem
from gatepost.documents.rows import Columns, Wrong, choice_problem, items_of, read_rows, row_problem

COLUMNS: Final = Columns(
    required=("email", "name", "kind", "country", "time_zone", "locale", "groups"),
    optional=("id", "logins", "sponsor"),
    lists=frozenset({"email", "groups", "logins"}),
)
MAX_NAME: Final = 300
MAX_ID: Final = 200

_KINDS: Final = {kind.value: kind for kind in Kind}
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)
_ATOM: Final = r"[^\s@<>()\[\]:;,\\\"]+"
_EMAIL: Final = re.compile(rf"(?!\.)(?!.*\.\.){_ATOM}(?<!\.)@(?![.-]){_ATOM}(?<![.-])")


@dataclass(slots=True)
class PersonRow:
    """One person as a file has it, with the site's time zone and locale where it has none.

    `id` is as written, the first address by default. `logins`: case-folded; the addresses by default. `country` is ""
    where it is not known. Control characters in `name`, such as a newline, have become spaces.
    """

    line: int
    id: str
    emails: tuple[str, ...]
    logins: tuple[str, ...]
    name: str
    kind: Kind
    country: str
    time_zone: str
    locale: str
    groups: frozenset[str]
    sponsor: str


def read_people(lines: BinaryIO, name: str, default_zone: str, default_locale: str) -> Iterator[PersonRow | Problem]:
    """Each person in a file, or what is wrong with a row of it; nothing but problems if its header cannot be read.

    `email` may hold several addresses, separated by semicolons: the first is where notices go. It may be empty where
    there is an `id`; such a person cannot be told by mail.
    """
    reader = _Reader(default_zone, default_locale)
    for row in read_rows(lines, name, COLUMNS):
        if isinstance(row, Problem):
            yield row
            continue
        line, cells = row
        wrong: Wrong = []
        person = reader.person(line, *cells, wrong=wrong)
        yield row_problem(name, line, wrong) if wrong else person


class _Reader:
    """What repeats in a file is checked and kept once."""

    def __init__(self, default_zone: str, default_locale: str) -> None:
        self.zones = {"": default_zone}
        self.locales = {"": default_locale}
        self.countries = {"": ""}
        self.sentences: dict[tuple[str, str], str] = {}
        self.groups: dict[str, frozenset[str]] = {"": frozenset()}

    def person(
        self,
        line: int,
        email: str | list[str],
        name: str,
        kind: str,
        country: str,
        zone: str,
        locale: str,
        groups: str | list[str],
        id_: str,
        logins: str | list[str],
        sponsor: str,
        *,
        wrong: Wrong,
    ) -> PersonRow:
        """The row; where `wrong` is not empty afterwards, one that nobody may use."""
        emails = tuple(dict.fromkeys(items_of(email)))
        if any(_EMAIL.fullmatch(address) is None or not _is_name(address) for address in emails):
            wrong.append(("email", "is not a mail address"))
        written = id_.strip()
        if not emails and not written:
            wrong.append(("email", "is empty, and so is id: a person has one of them"))
        names = items_of(logins) or emails
        for field, texts in (("id", [written]), ("logins", names), ("sponsor", [sponsor.strip()])):
            if not all(text == "" or _is_name(text) for text in texts):
                wrong.append((field, f"holds a character that cannot be seen, or is longer than {MAX_ID} characters"))
        known = _KINDS.get(kind.strip().casefold())
        if known is None:
            wrong.append(("kind", choice_problem(kind, _KINDS)))
        return PersonRow(
            line=line,
            id=written or (emails[0] if emails else ""),
            emails=emails,
            logins=tuple(dict.fromkeys(login.casefold() for login in names)),
            name=_seen_name(name, wrong),
            kind=known or Kind.EMPLOYEE,
            country=self.country(country, wrong),
            time_zone=self.zone(zone, wrong),
            locale=self.locale(locale, wrong),
            groups=self.group_set(groups, wrong),
            sponsor=sponsor.strip(),
        )

    def country(self, cell: str, wrong: Wrong) -> str:
        code = cell.strip()
        if cell not in self.countries:
            problem = "" if code in known_countries() or not code else self.sentence("country", code)
            if problem:
                wrong.append(("country", problem))
                return ""
            self.countries[cell] = code
        return self.countries[cell]

    def zone(self, cell: str, wrong: Wrong) -> str:
        name = cell.strip()
        if cell not in self.zones:
            problem = "" if name in known_zones() or not name else self.sentence("time_zone", name)
            if problem:
                wrong.append(("time_zone", problem))
                return ""
            self.zones[cell] = name or self.zones[""]
        return self.zones[cell]

    def sentence(self, field: str, cell: str) -> str:
        """What is wrong with a country or zone. Finding the nearest takes milliseconds: for the first hundred only."""
        key = (field, cell)
        if key not in self.sentences and len(self.sentences) < 100:
            self.sentences[key] = country_problem(cell) if field == "country" else zone_problem(cell)
        return self.sentences.get(key, "is not known")

    def locale(self, cell: str, wrong: Wrong) -> str:
        if cell not in self.locales:
            tag = cell.strip().replace("_", "-")
            if tag and _LOCALE.fullmatch(tag) is None:
                wrong.append(("locale", "is not a language: expected a BCP 47 tag, such as en or pt-BR"))
                return ""
            self.locales[cell] = tag or self.locales[""]
        return self.locales[cell]

    def group_set(self, cell: str | list[str], wrong: Wrong) -> frozenset[str]:
        key = cell if isinstance(cell, str) else ";".join(cell)
        known = self.groups.get(key)
        if known is not None:
            return known
        groups = frozenset(items_of(cell))
        if not all(map(_is_name, groups)):
            wrong.append(("groups", f"hold a character that cannot be seen, or more than {MAX_ID} characters"))
        elif len(self.groups) < 10_000:  # a bound, for a file in which everybody has groups of their own
            self.groups[key] = groups
        return groups


def _is_name(text: str) -> bool:
    """Whether a text can stand for somebody or something: short, and without control or invisible characters."""
    return len(text) <= MAX_ID and text.isprintable()


def _seen_name(name: str, wrong: Wrong) -> str:
    if len(name) > MAX_NAME:
        wrong.append(("name", f"is longer than {MAX_NAME} characters"))
    if name.isprintable():
        return name.strip()
    if any("\ud800" <= character <= "\udfff" for character in name):
        wrong.append(("name", "holds half of a character (a lone surrogate)"))
    return _CONTROL.sub(" ", name).strip()


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
