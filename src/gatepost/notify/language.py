"""Which language a person is written to in."""

from collections.abc import Iterable


def language_of(locale: str) -> str:
    """The language subtag of a locale (BCP 47, underscores forgiven), lower case: `de` for `de_AT`."""
    return locale.replace("_", "-").split("-")[0].lower()


def choose(given: Iterable[str], locale: str, default: str) -> str:
    """The best of the given languages: the exact locale, its shorter forms (RFC 4647 section 3.4), another region of
    the same language, the site's default, English, the first by name.

    `given` must not be empty.
    """
    known = {name.replace("_", "-").lower(): name for name in sorted(given, reverse=True)}
    for wanted in (locale, default, "en"):
        tag = wanted.replace("_", "-").lower()
        while tag:
            if tag in known:
                return known[tag]
            tag = tag.rpartition("-")[0]
        for name in sorted(known):
            if language_of(name) == language_of(wanted):
                return known[name]
    return known[min(known)]
