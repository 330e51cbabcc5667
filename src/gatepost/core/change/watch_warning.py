"""What an author should know of the apps that a policy would have looked for on people's phones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gatepost.core.change.warning import Warned, WarningCode


@dataclass(frozen=True, slots=True)
class Watched:
    """Of a policy's apps by name. `touches`: what having one may tell of a person. `ending`: when one is looked for no
    more, in words, where that is soon. `countries`: those whose publishers the policy names, and `unknown`: of how many
    apps of the catalogue that it does not name the publisher's country is not known."""

    touches: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ending: Mapping[str, str] = field(default_factory=dict)
    countries: Sequence[str] = ()
    unknown: int = 0


def watch_warnings(watched: Watched) -> Iterator[Warned]:
    if watched.touches:
        said = "; ".join(f"{name} ({', '.join(touched)})" for name, touched in watched.touches.items())
        text = f"Whoever is told by this policy is told that they have an app that says much of a person: {said}."
        yield Warned(WarningCode.SENSITIVE_APPS, text)
    if watched.ending:
        said = ", ".join(f"{name} until {until}" for name, until in watched.ending.items())
        text = (
            f"Looked for only a while yet: {said}. From then on the policy finds nothing of it; ask for longer before."
        )
        yield Warned(WarningCode.ACTIVATION_ENDS, text)
    if watched.countries and watched.unknown:
        where = ", ".join(watched.countries)
        text = f"Of {watched.unknown} apps of the catalogue it is not known whether their publisher is in {where}."
        yield Warned(WarningCode.COUNTRY_UNKNOWN, f"{text} This policy does not name them.")
