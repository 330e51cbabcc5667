"""What a door's process can say in figures: how it answers, by what, and whether anything is wrong with it.

The request path only counts, as it does anyway; all of this is read when somebody asks.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Final, NamedTuple, get_args

from gatepost.core.figure import Figure, Shown, Values, flags
from gatepost.core.instant import SECOND
from gatepost.doors.judge import Judge, Stance

INFO: Final = Figure("gatepost_door_info", "Always 1: which door this is, of which program.", ("door", "version"))
ANSWERS: Final = Figure(
    "gatepost_door_answers_total",
    "Answers by reason: to checks of proxies (check) and to AuthZEN evaluations (evaluation).",
    ("to", "reason"),
    counts=True,
)
LOGINS: Final = Figure(
    "gatepost_door_logins_total", "Logins by device password at a mail server, by result.", ("result",), counts=True
)
CAN_DECIDE: Final = Figure("gatepost_door_can_decide", "1 if there is a copy to answer from, 0 if not.")
STANCE: Final = Figure("gatepost_door_stance", "1 for the door's stance, 0 for the others.", ("stance",))
POSITION: Final = Figure("gatepost_door_position", "The position in the change stream that the door answers by.")
SILENCE: Final = Figure(
    "gatepost_door_site_silence_seconds", "Since the site was last heard of; none before it ever was."
)
PROBLEM: Final = Figure(
    "gatepost_door_problem",
    "1 if something is wrong with the door's copy, with what hangs on it (haproxy), or with ending open sessions;"
    " `door list` says what.",
    ("of",),
)
ENDED: Final = Figure(
    "gatepost_door_sessions_ended_total",
    "Open sessions that were told to end, by the kind of server.",
    ("server",),
    counts=True,
)

FIGURES: Final = (INFO, ANSWERS, LOGINS, CAN_DECIDE, STANCE, POSITION, SILENCE, PROBLEM, ENDED)

Counts = Mapping[str, int]


class Counted(NamedTuple):
    """What a door counts besides: answers by what was asked and reason, logins by result, sessions by server.

    `problems`: whether something is wrong, by what.
    """

    answers: Mapping[str, Counts]
    logins: Counts
    ended: Callable[[], Counts]
    problems: Mapping[str, Callable[[], bool]]


def door_figures(judge: Judge, counted: Counted) -> Iterator[Shown]:
    """A door's figures as they are now."""
    copy = judge.copy
    silence = copy.time.silent_for()
    answers: Values = {
        (to, reason): float(count) for to, counts in counted.answers.items() for reason, count in counts.items()
    }
    yield INFO.of({(judge.door, version("gatepost")): 1.0})
    yield ANSWERS.of(answers)
    yield LOGINS.of(_each(counted.logins))
    yield CAN_DECIDE.is_(float(copy.reader is not None))
    yield STANCE.of(flags(get_args(Stance), judge.stance()))
    yield POSITION.is_(copy.position)
    yield SILENCE.is_(None if silence is None else silence / SECOND)
    yield PROBLEM.of({(of,): float(wrong()) for of, wrong in counted.problems.items()})
    yield ENDED.of(_each(counted.ended()))


def _each(counts: Counts) -> Values:
    return {(name,): float(count) for name, count in counts.items()}
