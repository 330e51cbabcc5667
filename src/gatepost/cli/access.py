"""gatepost role, gatepost key: who may do what, and with which keys approvals are signed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from cyclopts import App

from gatepost.actions import access
from gatepost.actions import confirm as confirming
from gatepost.actions.site import Site
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, Session, Source, content
from gatepost.cli.signing import Key, signature
from gatepost.core.refusal import Refusal

Asked = TypeVar("Asked", access.Granted, access.KeyRecorded)

role = App(name="role")
key = App(name="key")


@role.command
def grant(email: str, role: str, /, *, sign: Key = None, session: Given) -> int:
    """Give somebody a role.

    Where there are two administrators with a key, admin and approver:NAME count once two of them have signed it: you by
    --sign, and another by `role confirm`.

    Parameters
    ----------
    email
        Somebody's mail address, login or id; an unknown address is taken in.
    role
        author, operator, helpdesk, auditor, admin, or approver:NAME.
    """
    return session.act(
        lambda site: _signed(
            site, session, access.grant_role(site, session.by, email, role), sign, lambda done: done.role, email
        ),
        _granted,
    )


@role.command
def revoke(email: str, role: str, /, *, sign: Key = None, session: Given) -> int:
    """Take a role away. Policies on their way that lose their quorum by it no longer block.

    Where there are two administrators with a key, that of an administrator is taken away once two have signed it.
    """
    return session.act(
        lambda site: _signed(
            site, session, access.revoke_role(site, session.by, email, role), sign, lambda done: done.role, email
        ),
        _taken,
    )


@role.command(name="confirm")
def confirm_role(email: str, role: str, /, *, sign: Key = None, session: Given) -> int:
    """Say yes, as an administrator, to a role that was given or taken away.

    Parameters
    ----------
    email
        Whose role it is.
    role
        As `role list` shows it.
    """
    return session.act(lambda site: _confirmed(site, session, role, email, sign), _said)


@role.command(name="list")
def roles(*, session: Given) -> int:
    """Who holds which role, who granted it, and what waits for a second administrator.

    What `provider` granted, its groups gave; it ends at the instant beside it, unless they sign in there before.
    """
    return session.act(
        lambda site: access.list_roles(site, session.by),
        lambda rows: _listed(rows, "person", "role", "granted_by", *_until(rows), nothing="Nobody holds a role."),
    )


@key.command
def add(email: str, file: Source, /, *, sign: Key = None, session: Given) -> int:
    """Record somebody's public SSH key, or a passkey of theirs, with which they sign approvals.

    Where there are two administrators with a key, it counts once two of them have signed it: you by --sign, and another
    by `key confirm`.

    Parameters
    ----------
    file
        The public key (id_ed25519.pub); - for standard input. Or SHA256:..., of a passkey that they registered by page.
    """
    passkey = file.startswith(access.FINGERPRINT)
    text = file if passkey else content(file)[0].decode(errors="replace")
    return session.act(
        lambda site: _signed(
            site, session, access.add_key(site, session.by, email, text), sign, lambda done: done.fingerprint
        ),
        _recorded,
    )


@key.command(name="revoke")
def revoke_key(fingerprint: str, /, *, sign: Key = None, session: Given) -> int:
    """Take a key away. Where there are two administrators with a key, that of one of them once two have signed it.

    Parameters
    ----------
    fingerprint
        SHA256:..., as `key list` shows it.
    """
    return session.act(
        lambda site: _signed(
            site, session, access.revoke_key(site, session.by, fingerprint), sign, lambda done: done.fingerprint
        ),
        _gone,
    )


@key.command(name="confirm")
def confirm_key(fingerprint: str, /, *, sign: Key = None, session: Given) -> int:
    """Say yes, as an administrator, to a key that was added or taken away.

    Parameters
    ----------
    fingerprint
        SHA256:..., as `key list` shows it.
    """
    return session.act(lambda site: _confirmed(site, session, fingerprint, "", sign), _said)


@key.command(name="list")
def keys(*, session: Given) -> int:
    """The keys that are recorded, and what waits for a second administrator."""
    return session.act(
        lambda site: access.list_keys(site, session.by),
        lambda rows: _listed(rows, "person", "fingerprint", nothing="No keys are recorded."),
    )


def _signed(
    site: Site, session: Session, asked: Asked | Refusal, sign: Key, name: Callable[[Asked], str], person: str = ""
) -> Asked | Refusal:
    """What was asked, signed at once by whoever asked it with a key. `name`: as of `confirm.to_sign`."""
    if isinstance(asked, Refusal) or not asked.waits or sign is None:
        return asked
    done = _confirmed(site, session, name(asked), person, sign)
    return done if isinstance(done, Refusal) else replace(asked, signed_by=done.by, waits=not done.counts)


def _confirmed(site: Site, session: Session, name: str, person: str, sign: Key) -> confirming.Confirmed | Refusal:
    digest = confirming.to_sign(site, name, person)
    if isinstance(digest, Refusal):
        return digest
    armoured = signature(sign, digest) if sign is not None else ""
    return confirming.confirm(site, session.by, name, person, armoured, digest)


def _listed(rows: Sequence[Mapping[str, object]], *columns: str, nothing: str) -> Lines:
    yield from listing([row for row in rows if not row["waits"]], *columns, nothing=nothing)
    if waiting := [row for row in rows if row["waits"]]:
        yield "These wait until two administrators have signed them (`role confirm`, `key confirm`):"
        yield from listing(waiting, "waits", *columns, "confirmed_by", nothing="")


def _until(rows: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """A column for when they end, where any does: the provider gave it."""
    return ("until",) if any(row["until"] for row in rows) else ()


def _granted(done: access.Granted) -> Lines:
    if done.waits:
        yield f"{done.person} is {done.role} once two administrators have signed it."
        yield from _how(done.signed_by, f"role confirm {done.person} {done.role}")
    else:
        yield f"{done.person} {'is' if done.new else 'was already'} {done.role}."


def _taken(done: access.Granted) -> Lines:
    if done.waits:
        yield f"{done.person} is {done.role} until two administrators have signed the opposite."
        yield from _how(done.signed_by, f"role confirm {done.person} {done.role}")
    else:
        yield f"{done.person} is no longer {done.role}."
    if done.by_provider:
        yield "The provider gave it, and gives it again when they sign in there: take them out of its group."
    yield from _held(done.held)


def _recorded(done: access.KeyRecorded) -> Lines:
    yield from facts({"person": done.person, "key": done.fingerprint})
    if done.waits:
        yield "It counts once two administrators have signed it."
        yield from _how(done.signed_by, f"key confirm {done.fingerprint}")


def _gone(done: access.KeyRecorded) -> Lines:
    yield from facts({"person": done.person, "key": done.fingerprint})
    if done.waits:
        yield "It counts until two administrators have signed that it does not."
        yield from _how(done.signed_by, f"key confirm {done.fingerprint}")
    yield from _held(done.held)


def _how(signed_by: Sequence[str], command: str) -> Lines:
    who = f"{', '.join(signed_by)} has; another does so by" if signed_by else "Each of them does so by"
    yield f"{who} `gatepost {command} --sign KEYFILE --as EMAIL`."


def _said(done: confirming.Confirmed) -> Lines:
    yield f"Your yes is recorded: {done.act.replace('_', ' ')}, {done.name} of {done.person}."
    signed = f"Signed by {', '.join(done.by)}"
    yield f"{signed}: it counts." if done.counts else f"{signed}: it counts once another administrator has."
    yield from _held(done.held)


def _held(policies: tuple[str, ...]) -> Lines:
    if policies:
        yield f"Without quorum now, so nothing is blocked by them: {', '.join(policies)}."
