"""An author is warned of how many will read the announcement in a language that is not theirs."""

from gatepost.actions.preview import Previewed, preview_policy
from gatepost.core.change.warning import WarningCode
from tests.verbs.houses import AUTHOR, TIKTOK, House, good, memo

ENGLISH_AND_GERMAN = {"en": {"subject": "A", "body": "B"}, "de": {"subject": "A", "body": "B"}}


def warned(house: House, **changes: object) -> str:
    """The sentence; "" for none."""
    seen = good(preview_policy(house.site, AUTHOR, memo(**changes), "memo.yaml"))
    assert isinstance(seen, Previewed)
    found = [one.text for one in seen.assessed.warnings if one.code is WarningCode.LANGUAGES_MISSING]
    return found[0] if found else ""


def readers(house: House, locale: str, number: int) -> None:
    """So many people who read this, each with the app."""
    names = [f"{locale.lower()}{at}" for at in range(number)]
    house.people(*names, locale=locale)
    house.devices(*(house.phone_row(name, [TIKTOK]) for name in names))


def test_readers_of_a_missing_language_are_counted(house: House) -> None:
    """They are counted by language, most first; of fewer than five nothing is said; another region of a
    language that there is, and people whom nobody has to tell, are no reason to warn."""
    readers(house, "en", 2)
    readers(house, "de-AT", 6)
    assert warned(house, announcement=ENGLISH_AND_GERMAN, correction=ENGLISH_AND_GERMAN) == ""
    assert warned(house) == "6 people in scope read German, and the announcement has no de."
    readers(house, "ja-JP", 7)
    readers(house, "ko", 3)
    assert warned(house) == (
        "7 people in scope read Japanese, and the announcement has no ja."
        " 6 people in scope read German, and the announcement has no de."
    )
    assert warned(house, consequence="report") == ""
    house.people("ja-jp0", locale="en")
    assert warned(house).startswith("6 people in scope read German")


def test_what_they_read_does_not_tell_who_has_the_app(house: House) -> None:
    """Everybody in scope is counted, with the app or without: else the one who reads a language would be told of."""
    readers(house, "en", 6)
    readers(house, "it", 6)
    before = warned(house)
    assert "Italian" in before
    house.devices(*(house.phone_row(f"it{at}") for at in range(6)))
    assert warned(house) == before
