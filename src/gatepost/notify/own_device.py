"""One device on somebody's own page: how it stands, what was found on it, and what can be done about that."""

from collections.abc import Iterator
from dataclasses import dataclass

from gatepost.core.fleet.finding import Finding
from gatepost.core.instant import NEVER, Instant
from gatepost.core.policy.verdict import Outcome
from gatepost.notify.facts import DeviceFacts
from gatepost.notify.sections import Block, Draft, listed
from gatepost.notify.untrusted import one_line


@dataclass(frozen=True, slots=True)
class OwnDevice:
    """One device of theirs, as it stands now.

    `found`: what is known of the policy's apps on it, the strictest; None where the policy asks nothing of it.
    `outcome`: of the door, by all policies; `effect_at`: from when it blocks, NEVER if it does not.
    `others`: titles of the other policies that block it. `attested_until`, `exempt_until`: the end of a statement or a
    waiver that counts. `statable`: the person can state now that the app is not on it. `checkable`: its device manager
    can be asked for a fresh report; `asked_at`: that was done, so short a time ago that it is not done again yet.
    """

    device: DeviceFacts
    found: Finding | None
    outcome: Outcome
    effect_at: Instant = NEVER
    reported_at: Instant | None = None
    others: tuple[str, ...] = ()
    attested_until: Instant | None = None
    exempt_until: Instant | None = None
    statable: bool = False
    checkable: bool = False
    asked_at: Instant | None = None

    @property
    def awaited(self) -> bool:
        """Whether a report was asked for that is not in yet."""
        return self.asked_at is not None and (self.reported_at is None or self.reported_at < self.asked_at)


def device_lines(draft: Draft, own: OwnDevice, *, over: bool) -> Iterator[Block]:
    """All that is said of it below its name; `over`: the policy no longer applies."""
    yield from _verdict(draft, own)
    if not over:
        yield from _finding(draft, own)
        yield from _check(draft, own)
    if own.statable:
        yield Block("para", draft.phrase("own_absent_ask"))
        yield Block("absent", draft.phrase("own_absent_button"), (one_line(own.device.name),))


def _verdict(draft: Draft, own: OwnDevice) -> Iterator[Block]:
    """Whether mail flows on it now."""
    if own.outcome is Outcome.BLOCK:
        yield Block("state", draft.phrase("own_stopped", when=draft.moment(own.effect_at)), ("blocked", "✕"))
    elif own.outcome is Outcome.WARN and own.effect_at < NEVER:
        yield Block("state", draft.phrase("own_flows_until", when=draft.moment(own.effect_at)), ("warned", "!"))
    elif own.outcome is Outcome.WARN:
        yield Block("state", draft.phrase("own_flows_asked"), ("warned", "!"))
    else:
        yield Block("state", draft.phrase("own_flows"), ("allowed", "✓"))
    if own.others:
        yield Block("para", draft.phrase("own_stopped_by", titles=listed(own.others, draft.phrase.language)))


def _finding(draft: Draft, own: OwnDevice) -> Iterator[Block]:
    """What was found on it, or that nobody can see; never one for the other (I-6)."""
    if own.found is None:
        yield Block("para", draft.phrase("own_apart"))
    elif own.found is Finding.PRESENT:
        yield Block("para", draft.phrase("own_present", apps=listed(own.device.found, draft.phrase.language)))
    elif own.found is Finding.ABSENT:
        yield Block("para", draft.phrase("own_absent"))
    else:
        yield Block("state", draft.phrase(f"own_{own.found.word}"), ("cannot-tell", "?"))
    if own.found is not None and own.reported_at is not None:
        yield Block("para", draft.phrase("own_reported", when=draft.moment(own.reported_at)))
    if own.attested_until is not None:
        yield Block("para", draft.phrase("own_attested", when=draft.moment(own.attested_until)))
    if own.exempt_until is not None:
        yield Block("para", draft.phrase("own_exempted", when=draft.moment(own.exempt_until)))


def _check(draft: Draft, own: OwnDevice) -> Iterator[Block]:
    """A fresh report, where somebody can be asked for one: when it was, or the button."""
    if own.asked_at is not None:
        yield Block("para", draft.phrase("own_check_asked", when=draft.moment(own.asked_at)))
    elif own.checkable:
        yield Block("para", draft.phrase("own_check"))
        yield Block("check", draft.phrase("own_check_button"), (one_line(own.device.name),))
