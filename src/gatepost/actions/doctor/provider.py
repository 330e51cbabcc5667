"""The OpenID provider: does it answer as who it is, has it keys, and does its clock go as ours? Nobody is signed in."""

from collections.abc import Iterator
from typing import TypeAlias

from gatepost.actions.doctor.finding import Finding, fail, ok, warn
from gatepost.core.instant import SECOND
from gatepost.core.problem import Problem
from gatepost.identity.id_token import LEEWAY
from gatepost.identity.provider import Away, Provider

Made: TypeAlias = Provider | tuple[Problem, ...] | None
"""The site's provider, or what is wrong with its settings; None where people sign in otherwise, or not."""


def examine(provider: Made) -> Iterator[Finding]:
    if provider is None:
        return
    if isinstance(provider, tuple):
        for problem in provider:
            yield fail(
                "sign-in", f"{problem.field}: {problem.text}", "Put that right, then start `gatepost web` again."
            )
        return
    try:
        found = provider.examine()
        keys = len(provider.keys().keys)
    except Away as error:
        yield fail(
            "sign-in", str(error), "Check [sign_in] in gatepost.toml, and that this machine reaches the provider."
        )
        return
    if not keys:
        yield fail("sign-in", f"{found.keys} has no key for signatures", "Ask whoever runs the provider.")
    elif abs(found.ahead) > LEEWAY:
        seconds = abs(found.ahead) // SECOND
        which = "ahead of" if found.ahead > 0 else "behind"
        yield fail("sign-in", f"the provider's clock is {seconds:,} s {which} this machine's", "Set both clocks right.")
    elif not provider.client.secret:
        text = f"{provider.client.issuer} answers; this site has no secret there, so anybody can begin in its name"
        yield warn("sign-in", text, "Ask the provider for a secret, and name its file in sign_in.client_secret_file.")
    else:
        yield ok(
            "sign-in", f"{provider.client.issuer} answers, and its clock goes as this machine's; nobody was signed in"
        )
