"""gatepost policy names, gatepost people looks: named people, for a purpose, and who looked at them."""

from gatepost.actions.looks import show_looks
from gatepost.actions.names import name_people
from gatepost.cli.data import listing
from gatepost.cli.session import Given


def names(policy: str, /, *, purpose: str = "", untold: bool = False, session: Given) -> int:
    """Name the people whom an approved policy hits. The look is recorded, and they can see it.

    Parameters
    ----------
    purpose
        Why the names are looked at.
    untold
        Only those who have not been told yet: to tell them otherwise. Of a policy that is over: those who were told in
        person, whom no correction reaches.
    """
    return session.act(
        lambda site: name_people(site, session.by, policy, purpose, untold=untold),
        lambda rows: listing(rows, *(rows[0] if rows else ()), nothing="Nobody."),
    )


def looks(person: str = "", /, *, purpose: str = "", session: Given) -> int:
    """Who looked at somebody by name, when, at what, and what for.

    Parameters
    ----------
    person
        Whom the looks were at; else yourself.
    purpose
        Why the looks at somebody else are looked at.
    """
    return session.act(
        lambda site: show_looks(site, session.by, person, purpose),
        lambda rows: listing(rows, *(rows[0] if rows else ()), nothing="Nobody looked."),
    )
