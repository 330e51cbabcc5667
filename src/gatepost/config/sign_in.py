"""What can be set about the provider by which people sign in. See settings.py."""

from pydantic import Field

from gatepost.config.kinds import Issuer, Line, OptionalPath
from gatepost.config.section import Section


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
