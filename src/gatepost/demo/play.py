"""Playing scenes one after the other: each is a check with a name, and one that fails does not end the play."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepost.clock import boot_elapsed
from gatepost.demo.stage import Unmet
from gatepost.demo.telling import Part, Silent, Step


class Told(NamedTuple):
    """What a scene says when it did what it is for."""

    text: str
    shown: Sequence[str] = ()


class Scene(NamedTuple):
    """A check. `act` tells what happened, or raises: Unmet says what happened instead."""

    name: str
    title: str
    act: Callable[[], Told]


@dataclass(slots=True)
class Played:
    """The whole play. `retraction_ms`: from the commit to a real request let in again; None if it was not reached."""

    steps: list[Step] = field(default_factory=list)
    retraction_ms: int | None = None

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step.ok for step in self.steps)

    def data(self) -> dict[str, object]:
        """As JSON data."""
        steps = [{"name": step.name, "ok": step.ok, "text": step.text, "ms": step.took} for step in self.steps]
        return {"ok": self.ok, "steps": steps, "retraction_ms": self.retraction_ms}


def play(acts: Sequence[Part | Scene], teller: Silent, played: Played) -> None:
    """Play all of it; what fails is told, and the play goes on."""
    for item in acts:
        if isinstance(item, Part):
            teller.part(item)
            continue
        with teller.acting(item.title):
            began = boot_elapsed()
            step = _played(item)._replace(took=boot_elapsed() - began)
        played.steps.append(step)
        teller.step(step)


def _played(scene: Scene) -> Step:
    try:
        told = scene.act()
    except Unmet as failure:
        return Step(scene.name, scene.title, False, str(failure))
    except Exception as failure:  # whatever it is: the reader sees it, and the exit code says so
        return Step(scene.name, scene.title, False, f"It broke: {failure!r}")
    return Step(scene.name, scene.title, True, told.text, told.shown)


def expect(true: bool, otherwise: str) -> None:
    """What has to be so for the step to have done what it says."""
    if not true:
        raise Unmet(otherwise)
