"""The headings of part two, with the paragraphs under them."""

from typing import Final

from gatepost.demo.telling import Part

SAME_FRIDAY: Final = Part(
    "Part two: with Gatepost",
    "The same Friday, 09:00 in Seattle",
    ("Now the author has to go through Gatepost. First with the memo exactly as it was.",),
)
SECOND_THOUGHTS: Final = Part(
    "Second thoughts",
    "Tuesday 14 July 2020, 09:00 in Seattle",
    (
        "The stores keep accounts of their own on that app, and nobody had said so. That is no mistake for which "
        "everything would have to be taken back.",
    ),
)
WEEK: Final = Part(
    "The week passes",
    "Friday 17 July 2020",
    (
        "An exercise's clock can be moved. Everything else is as it would be: the door has its own copy of who is let "
        "in until when, and asks nobody.",
    ),
)
MISTAKE: Final = Part(
    "Then the mistake is found",
    "Friday 17 July 2020, half past eleven in the morning in Seattle",
    ("The app's owner has answered. What follows needs one person, one act, and no approval.",),
)
PROOF: Final = Part("What can be proved", "", ("Everything above is in a ledger that nobody can change unseen.",))
END: Final = Part(
    "What would have been known, and stopped",
    "",
    (
        "Known before it was sent: whom it hits, by country and kind of phone; whom nobody can see; that executives, "
        "and those who keep the company's own account, are among them; that the other side had not been heard; that "
        "for some the day was over already.",
        "Stopped: by the first refusal, a minute after nine. And had three people put their names under a mistake all "
        "the same, one act would have opened every door, and put the correction under the first mail in every inbox "
        "that had it, before anybody read of it in a newspaper.",
    ),
)
