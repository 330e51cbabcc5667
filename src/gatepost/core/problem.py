"""A problem: one thing wrong with a file that a person wrote, said so that the person can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Where it is and what is wrong. `line` and `column` count from 1; 0 where they are not known.

    `field` is the path of keys, such as `rails.minimum_notice`, "" where the problem is not in one field.
    """

    file: str
    line: int
    column: int
    field: str
    text: str

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return ": ".join(part for part in (place, self.field, self.text) if part)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A question naming the choice nearest to a misspelt word, "" if none is near."""
    import difflib  # late: the command line's start does without it

    spelt = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), spelt, n=1)
    return f'did you mean "{spelt[near[0]]}"?' if near else ""
