"""gatepost policy diff: what a new revision changes, or what changed between two instants."""

from typing import Annotated

from cyclopts import Parameter

from gatepost.actions.diff import Count, Diffed, Passed, diff_instants, diff_policy
from gatepost.actions.site import Site
from gatepost.cli.data import listing
from gatepost.cli.output import Exit, Lines
from gatepost.cli.session import Given, Misuse, Session, Source, content, instant
from gatepost.core.change.impact import HIDDEN_UNDER
from gatepost.core.refusal import Refusal
from gatepost.documents.deadline import instant_text


def diff(
    file: Source = "",
    /,
    *,
    since: str = "",
    until: str = "",
    exit_code: Annotated[bool, Parameter(help="End with 20 if anything changes.")] = False,
    session: Given,
) -> int:
    """Show what a policy file changes against the policy's newest revision, and for how many people.

    Parameters
    ----------
    file
        The new revision. Without a file, what changed between two instants is shown.
    since, until
        Two instants, such as 2020-07-10T08:00: what became of policies and verdicts between them (until now, if none
        is named). A date alone means its end, as everywhere: --since 2020-07-09 begins with the first moment of the
        10th.
    """
    if bool(file) is bool(since):
        raise Misuse("Name either a policy FILE, or --since (and --until) for what happened.")
    if since:
        return _happened(session, since, until, exit_code)
    data, name = content(file)

    def code(found: Diffed) -> int:
        return Exit.SOMETHING if exit_code and found.changes else Exit.DONE

    return session.act(lambda site: diff_policy(site, session.by, data, name), _shown, code=code)


def _happened(session: Session, since: str, until: str, exit_code: bool) -> int:
    def act(site: Site) -> Passed | Refusal:
        ends = instant(site, until, "--until") if until else site.clock.now()
        return diff_instants(site, session.by, instant(site, since, "--since"), ends)

    def code(passed: Passed) -> int:
        return Exit.SOMETHING if exit_code and passed.moved else Exit.DONE

    return session.act(act, _passed, _passed_data, code)


def _shown(found: Diffed) -> Lines:
    yield from found.lines or (f"The document says what revision {found.against} says.",)
    yield from (f"App: {sentence}." for sentence in found.apps)
    if found.withheld:
        yield "How many are concerned is not said: it would speak of one to four people."
    else:
        yield f"People concerned: {found.due}. Newly: {_said(found.newly_due)}. No longer: {_said(found.freed)}."


def _said(count: Count) -> str:
    return f"fewer than {HIDDEN_UNDER}" if count is None else str(count)


def _passed(passed: Passed) -> Lines:
    rows = [dict(what) | {"at": _text(what["at"])} for what in passed.policies]
    yield from listing(rows, "at", "policy", "revision", "stage", nothing="No policy reached another stage.")
    blocked, warned, opened = map(_said, (passed.newly_blocked, passed.newly_warned, passed.opened))
    yield f"Devices blocked: {blocked}. Warned: {warned}. Opened again: {opened}."


def _passed_data(passed: Passed) -> object:
    return {
        "since": instant_text(passed.since),
        "until": instant_text(passed.until),
        "policies": [dict(what) | {"at": _text(what["at"])} for what in passed.policies],
        "newly_blocked": passed.newly_blocked,
        "newly_warned": passed.newly_warned,
        "opened": passed.opened,
    }


def _text(at: object) -> str:
    return instant_text(at) if isinstance(at, int) else ""
