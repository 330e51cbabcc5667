"""gatepost apps: the catalogue, and what is looked for."""

from typing import Annotated

from cyclopts import App, Parameter

from gatepost.actions import activation, catalogue
from gatepost.actions.site import Site
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines, Table
from gatepost.cli.session import Given, Misuse, Source, content, instant
from gatepost.cli.signing import Key, signature
from gatepost.core.refusal import Code, Refusal
from gatepost.documents.data import as_data

app = App(name="apps")

Role = Annotated[str, Parameter(help="The role in which you speak; else the first that is asked and that you hold.")]
Open = Annotated[str, Parameter(help="An app or a list that is asked about, or the proposal's hash.")]


@app.command(name="list")
def every_app(*, session: Given) -> int:
    """Every app that can be spoken of, and until when it is looked for."""
    return session.act(
        lambda site: {"apps": catalogue.list_apps(site), "lists": catalogue.list_lists(site)},
        lambda found: [
            *listing(found["apps"], "id", "name", "matched", "active_until", nothing="The catalogue is empty."),
            *listing(found["lists"], "id", "title", nothing="There are no lists."),
        ],
    )


@app.command
def show(app_id: str, /, *, session: Given) -> int:
    """One app or one list: its identifiers and sources; why it is looked for, and who may see what is found."""

    def find(site: Site) -> dict[str, object] | Refusal:
        for entry in [*catalogue.list_apps(site), *catalogue.list_lists(site)]:
            if entry["id"] == app_id:
                return entry | activation.agreed(site, app_id)
        return Refusal(Code.NO_SUCH_APP, f"The catalogue has no {app_id}; `apps list` shows what there is.")

    return session.act(find, facts)


@app.command
def check(file: Source, /, *, session: Given) -> int:
    """Check a catalogue file of one's own; changes nothing."""
    return session.out.answer(
        catalogue.check_entries(*content(file)), lambda _: {"ok": True}, lambda _: ["It is good."]
    )


@app.command
def add(file: Source, /, *, session: Given) -> int:
    """Add a site's own apps and lists from a file; entries of the same id are replaced. No policy changes by it."""
    data, name = content(file)
    return session.act(lambda site: catalogue.add_entries(site, session.by, data, name), _added)


@app.command
def activate(
    *app_ids: str,
    purpose: str = "",
    until: str,
    who_may_see: str = "",
    sensitive_because: str = "",
    session: Given,
) -> int:
    """Ask that apps be looked for. It begins once those have approved who stand for privacy.

    Parameters
    ----------
    app_ids
        Ids of apps and of lists, whose apps it then is; `apps list` shows both.
    purpose
        Why; approvers read it.
    until
        The last day on which it is looked for, such as 2020-12-31.
    who_may_see
        Who may see what is found, where the site's general rules do not say enough.
    sensitive_because
        Why it has to be looked for although it tells of health, religion, union, sexuality or politics.
    """
    if not app_ids:
        raise Misuse("Name at least one app or list; `apps list` shows both.")

    def ask(site: Site) -> activation.Waiting | Refusal:
        end = instant(site, until, "--until")
        return activation.propose(site, session.by, app_ids, purpose, end, who_may_see, sensitive_because)

    return session.act(ask, _waiting)


@app.command
def proposed(*, session: Given) -> int:
    """Every activation that waits for approval, whole: what those read who are asked."""
    return session.act(activation.waiting, _all_waiting)


@app.command
def approve(name: Open, /, *, role: Role = "", sign: Key = None, session: Given) -> int:
    """Say yes to an activation. With the last yes that is asked, the apps are looked for."""

    def say_yes(site: Site) -> activation.Approved | Refusal:
        digest = activation.to_sign(site, name)
        if isinstance(digest, Refusal):
            return digest
        signed = signature(sign, digest) if sign is not None else ""
        return activation.approve(site, session.by, name, role, signed, digest)

    return session.act(say_yes, _approved)


@app.command
def decline(name: Open, /, *, reason: str, role: Role = "", session: Given) -> int:
    """Say no to an activation. That ends the proposal; whoever still wants it asks again."""
    return session.act(lambda site: activation.decline(site, session.by, name, reason, role), facts)


@app.command
def deactivate(app_id: str, /, *, session: Given) -> int:
    """Stop looking for an app; what was found of it is erased."""
    return session.act(lambda site: activation.deactivate(site, session.by, app_id), facts)


def _added(done: catalogue.CatalogueTaken) -> Lines:
    yield Table(("", "apps and lists"), [("added", ", ".join(done.added)), ("changed", ", ".join(done.changed))])
    yield from done.warnings
    for concerned in done.policies:
        yield f"{concerned.policy} revision {concerned.revision} ({concerned.stage}) stays as it was approved."
        yield from (f"  {change}" for change in concerned.changes)
    if done.policies:
        yield "To take that in, propose a new revision; `policy diff` shows what it would change."
    if done.not_looked_for:
        names = " ".join(done.not_looked_for)
        yield f"Nobody agreed yet to look for the new identifiers: apps activate {names} --purpose TEXT --until DATE"


def _waiting(asked: activation.Waiting) -> Lines:
    yield f"Asked to look for: {', '.join(asked.apps)}. Nothing is looked for by it before it is approved."
    yield "By these identifiers, and no others:"
    for app_id, found in asked.looked_for_by.items():
        yield f"  {app_id}: {', '.join(found)}"
    yield from facts(
        {
            "purpose": asked.purpose,
            "until": asked.until,
            "who may see": asked.who_may_see,
            "touches": as_data(asked.touches),
            "looked for all the same because": asked.sensitive_because,
            "not looked for, since no identifier is known": asked.unmatched,
            "proposed by": asked.proposed_by,
            "expires": asked.expires,
            "hash": asked.proposal,
        }
    )
    yield f"Needed: {', '.join(f'{number} x {role}' for role, number in asked.missing.items())}."


def _all_waiting(found: list[activation.Waiting]) -> Lines:
    if not found:
        yield "Nothing waits for approval."
    for asked in found:
        yield from _waiting(asked)


def _approved(done: activation.Approved) -> Lines:
    yield f"Your yes as {done.role} is recorded."
    if done.active:
        yield f"Looked for from now on: {', '.join(done.apps)}. Earlier reports say nothing of what is new."
    else:
        yield f"Still needed: {', '.join(f'{number} x {role}' for role, number in done.missing.items())}."
