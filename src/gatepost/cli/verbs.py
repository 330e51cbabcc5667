"""The verbs of a policy's life, as commands of `gatepost policy`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from cyclopts import Parameter

from gatepost.actions import announce as announcing
from gatepost.actions import approve as approving
from gatepost.actions import exempt, propose, retract
from gatepost.actions import pause as pausing
from gatepost.actions import relax as relaxing
from gatepost.actions.site import Site
from gatepost.cli.data import facts
from gatepost.cli.known import known_of
from gatepost.cli.named import apps_named
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, Source, content
from gatepost.cli.signing import Key, signature
from gatepost.core.change.rollout import RingLine
from gatepost.core.instant import duration_text
from gatepost.core.refusal import Refusal
from gatepost.documents.data import as_data
from gatepost.documents.deadline import instant_text

Role = Annotated[str, Parameter(help="The role in which you speak, such as legal (approver:legal is the same).")]


def propose_file(file: Source, /, *, session: Given) -> int:
    """Freeze a policy file with its predicted impact, and ask its approvers."""
    data, name = content(file)
    return session.act(lambda site: propose.propose(site, session.by, data, name), _proposed)


def withdraw(policy: str, /, *, reason: str = "", session: Given) -> int:
    """Take a proposal back before it is announced; all its approvals are void."""
    return session.act(lambda site: propose.withdraw(site, session.by, policy, reason), facts)


def approve(policy: str, /, *, role: Role, sign: Key = None, session: Given) -> int:
    """Say yes to a proposal."""

    def say_yes(site: Site) -> approving.Approved | Refusal:
        digest = approving.to_sign(site, policy)
        if isinstance(digest, Refusal):
            return digest
        signed = signature(sign, digest) if sign is not None else ""
        return approving.approve(site, session.by, policy, role, signed, digest)

    return session.act(say_yes, _approved)


def decline(policy: str, /, *, role: Role, reason: str, session: Given) -> int:
    """Say no to a proposal; its author is told why."""
    return session.act(lambda site: approving.decline(site, session.by, policy, role, reason), facts)


def announce(policy: str, /, *, hash: str = "", session: Given) -> int:
    """Check everything once more, freeze the audience, and tell it.

    Parameters
    ----------
    hash
        Of the proposal that you looked at (`policy show`): another is refused.
    """
    return session.act(lambda site: announcing.announce(site, session.by, policy, hash), _announced)


def retract_policy(
    policy: str,
    /,
    *,
    reason: str,
    because: Literal["error", "withdrawn"] = "error",
    refers_to: str = "",
    session: Given,
) -> int:
    """Withdraw an announced policy: doors open, unsent mail is withdrawn, corrections are sent.

    Parameters
    ----------
    reason
        Why; recorded.
    because
        error: it was sent in error. withdrawn: we changed our mind.
    refers_to
        The question to an app's owner, answered or not, that it goes back to: vq_... as `vendor list` shows it.
    """

    def act(site: Site) -> retract.Retracted | Refusal:
        return retract.retract(site, session.by, policy, reason, because, refers_to=refers_to)

    return session.act(act, _retracted)


def pause_policy(policy: str, /, *, reason: str, session: Given) -> int:
    """Open the doors for a policy while somebody finds out; nothing is claimed, and its mails wait.

    Parameters
    ----------
    reason
        Why; recorded.
    """
    return session.act(lambda site: pausing.pause(site, session.by, policy, reason), _paused)


def resume(policy: str, /, *, session: Given) -> int:
    """Let a paused policy go on under the same approvals, within 72 hours.

    After more than an hour people are told first, and have their notice period again.
    """
    return session.act(lambda site: pausing.resume(site, session.by, policy), _resumed)


def end(policy: str, /, *, reason: str = "", session: Given) -> int:
    """The policy no longer applies: doors open, the audience is told."""
    return session.act(lambda site: retract.end(site, session.by, policy, reason), _retracted)


def release(policy: str = "", /, *, session: Given) -> int:
    """Let unforeseen blocks go on after the cap stopped them: of one policy, or of all."""
    return session.act(lambda site: exempt.release(site, session.by, policy), facts)


def relax(file: Source, /, *, session: Given) -> int:
    """Make a live policy milder: a later deadline, a wider exception. One approver's yes puts it in place at once.

    Refused, with an example, if anybody's verdict could become stricter at any instant.
    """
    data, name = content(file)
    return session.act(lambda site: relaxing.propose_relax(site, session.by, data, name), _relax_proposed)


def _relax_proposed(done: relaxing.RelaxProposed) -> Lines:
    yield f"{done.policy} revision {done.revision} would relax revision {done.relaxes}; its hash is {done.hash}."
    yield from done.lines
    yield f"It makes no verdict stricter. One yes puts it in place: of {' or '.join(done.roles)}."


def _proposed(done: propose.Proposed) -> Lines:
    yield f"{done.policy} revision {done.revision} is proposed; its hash is {done.hash}."
    yield f"Needed: {_roles(done.approvals)}."
    yield from apps_named(done.apps)
    yield from facts({"people": as_data(done.people)})
    yield from rings(done.rings)
    yield f"Announcing will take {_long(done.announcing_takes)}, correcting {_long(done.correcting_takes)}."
    yield from (f"Warning ({warned.code.value}): {warned.text}" for warned in done.warnings)
    yield from known_of(done.about)


def rings(lines: Iterable[RingLine]) -> Lines:
    """By when the people of each ring have to be ready."""
    for line in lines:
        people = "number hidden" if line.people is None else f"{line.people} people concerned"
        yield f"{f'Ring {line.group}' if line.group else 'Everybody else'}: {line.deadline}, {people}."


def _approved(done: approving.Approved) -> Lines:
    yield f"{done.policy} revision {done.revision}: your yes as {done.role} is recorded. It is {done.stage}."
    if done.relaxes:
        yield from _doors(done.doors)
        yield f"It took the place of revision {done.relaxes}, and its audience is told."
    if done.missing:
        yield f"Still needed: {_roles(done.missing)}."


def _announced(done: announcing.Announced) -> Lines:
    yield f"{done.policy} revision {done.revision} is announced to {done.people} people with {done.devices} devices."
    yield f"{done.notices} mails are queued."
    if done.cannot_be_told:
        yield f"{done.cannot_be_told} have no working address: tell them otherwise, and record it by `notices told`."
    if done.retires:
        yield f"Revision {done.retires} no longer applies."


def _paused(done: pausing.Paused) -> Lines:
    yield from _doors(done.doors)
    yield (
        f"{done.policy} revision {done.revision} is paused: it blocks nobody. Whoever was blocked hears that mail is "
        "open again, and not why; nothing else is said about it."
    )


def _resumed(done: pausing.Resumed) -> Lines:
    yield f"{done.policy} revision {done.revision} goes on."
    if done.told and done.not_before is not None:
        yield f"Its audience is told so; nobody is blocked before {instant_text(done.not_before)}."


def _doors(doors: Sequence[retract.DoorAnswer]) -> Lines:
    for door in doors:
        when = f"opened after {door.confirmed_ms} ms" if door.confirmed_ms is not None else "has NOT confirmed"
        yield f"Door {door.name} {when}."
        if door.open:
            yield f"Door {door.name} stands open for everything: somebody broke its glass."


def _retracted(done: retract.Retracted) -> Lines:
    yield from _doors(done.doors)
    yield (
        f"{done.withdrawn} mails were never sent, {done.in_flight} were on their way, "
        f"{done.corrections} corrections are queued."
    )
    if done.tell_again:
        yield (
            f"Told in person, with no mail that could be corrected: {done.tell_again}. Tell them again; "
            f"`policy names {done.policy} --untold --purpose TEXT` names them."
        )


def _roles(asked: Mapping[str, int]) -> str:
    return ", ".join(f"{count} x {role}" for role, count in asked.items()) or "nobody"


def _long(milliseconds: int) -> str:
    return duration_text(-(-milliseconds // 1000) * 1000) if milliseconds else "no time worth mentioning"
