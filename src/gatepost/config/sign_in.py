"""What can be set about the provider by which people sign in. See settings.py."""

from collections.abc import Mapping

from pydantic import Field

from gatepost.config.kinds import Issuer, Line, OptionalPath, Span
from gatepost.config.section import Section
from gatepost.core.instant import DAY, MINUTE


class SignIn(Section):
    """The OpenID provider by which people sign in, where [web] sign_in is "provider"."""

    issuer: Issuer = Field(
        "",
        description="Its issuer, letter by letter as it names itself, such as https://login.example/realms/corp. https;"
        " in an exercise http on this machine too.",
    )
    provider: Line = Field("your organisation", description="What the button calls it: Sign in with ....")
    client_id: str = Field("", description="What it calls us. We are sent back to the url of [web] and /sign-in/back.")
    client_secret_file: OptionalPath = Field(
        None,
        description="A file with the secret that it gave us on its first line, for its owner alone to read. Empty: it"
        " gave none.",
    )
    scopes: tuple[Line, ...] = Field(
        ("email",), description="What we ask it for besides openid: the scopes that bring the claim.", strict=False
    )
    claim: Line = Field(
        "email",
        description="By which claim of its we know somebody: a mail address, a login or an id of our people. Take one"
        " that nobody there can change for themselves. email counts only where it says email_verified.",
    )
    groups_claim: Line = Field("groups", description="By which claim its ID token names the groups somebody is in.")
    author_groups: tuple[Line, ...] = Field(
        (),
        description="Groups there, letter by letter: whoever is in one is author here, until roles_last after they"
        " signed in. Only such as nobody can join by themselves.",
        strict=False,
    )
    operator_groups: tuple[Line, ...] = Field((), description="The same for operator.", strict=False)
    helpdesk_groups: tuple[Line, ...] = Field((), description="The same for helpdesk.", strict=False)
    auditor_groups: tuple[Line, ...] = Field(
        (),
        description="The same for auditor. What a quorum rests on, admin and approver:NAME, administrators grant.",
        strict=False,
    )
    roles_last: Span = Field(
        DAY,
        ge=MINUTE,
        description="For so long a role counts that its groups gave: then they have to sign in there again. Whoever is"
        " taken out of a group keeps the role for so long at most.",
    )

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Of each role that the provider can give, the groups that give it."""
        return {
            "author": self.author_groups,
            "operator": self.operator_groups,
            "helpdesk": self.helpdesk_groups,
            "auditor": self.auditor_groups,
        }
