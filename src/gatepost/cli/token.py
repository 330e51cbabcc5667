"""gatepost token: what lets a program act for somebody at the API."""

from cyclopts import App

from gatepost.actions import tokens
from gatepost.actions.site import Site
from gatepost.cli.data import facts, listing
from gatepost.cli.output import Lines
from gatepost.cli.session import Given, instant
from gatepost.core.refusal import Refusal
from gatepost.core.token import Scope
from gatepost.documents.dated_data import dated_data
from gatepost.documents.deadline import instant_text

app = App(name="token")


@app.command
def add(
    *,
    scope: tuple[Scope, ...],
    expires: str,
    person: str = "",
    session: Given,
) -> int:
    """Make a token. It is shown this once; the site keeps only what recognises it.

    Parameters
    ----------
    scope
        What it may be used for; may be given several times. The API's reference lists what each allows.
    expires
        The last day on which it counts, such as 2020-12-31; at most a year ahead.
    person
        For whom programs act by it, an administrator's choice; else yourself. Their roles decide as well.
    """

    def act(site: Site) -> tokens.NewToken | Refusal:
        return tokens.add_token(site, session.by, person, scope, instant(site, expires, "--expires"))

    return session.act(act, _added, lambda done: dated_data(done, "until"))


@app.command(name="list")
def every_token(*, session: Given) -> int:
    """Everybody's tokens, for administrators and auditors; else your own."""
    return session.act(
        lambda site: tokens.list_tokens(site, session.by),
        lambda rows: listing(rows, "token", "person", "scopes", "until", nothing="There are no tokens."),
    )


@app.command
def revoke(token: str, /, *, session: Given) -> int:
    """End a token.

    Parameters
    ----------
    token
        Its name, as `token list` shows it.
    """
    return session.act(lambda site: tokens.revoke_token(site, session.by, token), facts)


def _added(done: tokens.NewToken) -> Lines:
    yield f"Programs act for {done.person} until {instant_text(done.until)}, for: {', '.join(done.scopes)}."
    yield f"Token {done.token}, shown this once:"
    yield done.secret
