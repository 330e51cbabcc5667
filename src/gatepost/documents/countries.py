"""Countries: ISO 3166-1 alpha-2 codes, in upper case."""

from functools import cache
from importlib.resources import files
from typing import Final

from gatepost.core.problem import did_you_mean

_WRONG: Final = {"UK": "GB", "EL": "GR"}
"""Codes that people write and that ISO gave to nobody."""


@cache
def known_countries() -> frozenset[str]:
    """The codes in the IANA database's own table, and XK, which banks and the post use for Kosovo."""
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if not line.startswith("#")) | {"XK"}


def country_problem(code: str) -> str:
    """What is wrong with a country's code, "" if nothing is. Does not repeat the code."""
    if code in known_countries():
        return ""
    upper = code.upper()
    near = _WRONG.get(upper, upper)
    hint = f'did you mean "{near}"?' if near in known_countries() else did_you_mean(upper, known_countries())
    return "is not a country: expected an ISO 3166-1 code of two upper-case letters" + (f"; {hint}" if hint else "")
