"""gatepost role, gatepost key: who may do what, and with which keys approvals are signed."""

from cyclopts import App

from gatepost.actions import access
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, Source, content

role = App(name="role")
key = App(name="key")


@role.command
def grant(email: str, role: str, /, *, session: Given) -> int:
    """Give somebody a role.

    Parameters
    ----------
    email
        Somebody's mail address, login or id; an unknown address is taken in.
    role
        author, operator, helpdesk, auditor, admin, or approver:NAME.
    """
    return session.act(lambda site: access.grant_role(site, session.by, email, role), _granted)


@role.command
def revoke(email: str, role: str, /, *, session: Given) -> int:
    """Take a role away. Policies on their way that lose their quorum by it no longer block."""
    return session.act(lambda site: access.revoke_role(site, session.by, email, role), _taken)


@role.command(name="list")
def roles(*, session: Given) -> int:
    """Who holds which role, and who granted it."""
    return session.act(
        lambda site: access.list_roles(site, session.by),
        lambda rows: listing(rows, "person", "role", "granted_by", nothing="Nobody holds a role."),
    )


@key.command
def add(email: str, file: Source, /, *, session: Given) -> int:
    """Record somebody's public SSH key, with which they sign approvals.

    Parameters
    ----------
    file
        The public key (id_ed25519.pub); - for standard input.
    """
    text = content(file)[0].decode(errors="replace")
    return session.act(lambda site: access.add_key(site, session.by, email, text), _recorded)


@key.command(name="revoke")
def revoke_key(fingerprint: str, /, *, session: Given) -> int:
    """Take a key away.

    Parameters
    ----------
    fingerprint
        SHA256:..., as `key list` shows it.
    """
    return session.act(lambda site: access.revoke_key(site, session.by, fingerprint), _recorded)


@key.command(name="list")
def keys(*, session: Given) -> int:
    """The keys that are recorded."""
    return session.act(
        lambda site: access.list_keys(site, session.by),
        lambda rows: listing(rows, "person", "fingerprint", nothing="No keys are recorded."),
    )


def _granted(done: access.Granted) -> Lines:
    yield f"{done.person} {'is' if done.new else 'was already'} {done.role}."


def _taken(done: access.Granted) -> Lines:
    yield f"{done.person} is no longer {done.role}."
    yield from _held(done.held)


def _recorded(done: access.KeyRecorded) -> Lines:
    yield from facts({"person": done.person, "key": done.fingerprint})
    yield from _held(done.held)


def _held(policies: tuple[str, ...]) -> Lines:
    if policies:
        yield f"Without quorum now, so nothing is blocked by them: {', '.join(policies)}."
