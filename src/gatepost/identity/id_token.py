"""ID tokens (OpenID Connect Core 1.0 section 3.1.3.7): whether a provider said this, to us, to answer this browser."""

import hmac
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError

from gatepost.core.instant import SECOND, Duration, Instant
from gatepost.identity.provider import Provider

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""With public keys alone: neither `none` nor a secret that both sides know."""

LEEWAY: Final[Duration] = 60 * SECOND
"""By so much the two clocks may differ."""


class Doubtful(Exception):
    """The token proves nothing; the text says why, in words of ours."""


class Expected(NamedTuple):
    """What a token has to answer. `since`: the person has to have signed in there at this instant or later; None if
    it is enough that they are signed in."""

    nonce: str
    now: Instant
    since: Instant | None = None


class Stated(NamedTuple):
    """What the provider says. `signed_in_at`: when the person showed there who they are; None if it does not say."""

    claims: Mapping[str, Any]
    signed_in_at: Instant | None


def read(token: str, provider: Provider, expected: Expected) -> Stated:
    """Doubtful; Away (provider.py)."""
    claims = _signed(token, provider)
    client, now = provider.client, expected.now // SECOND
    registry = jwt.JWTClaimsRegistry(
        now,
        LEEWAY // SECOND,
        iss={"essential": True, "value": client.issuer},
        aud={"essential": True, "value": client.id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Doubtful(f"its ID token does not hold: {error.description or error.error}") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.id) != client.id:
        raise Doubtful("its ID token was made for another program")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise Doubtful("its ID token does not answer what this browser asked")
    return Stated(claims, _signed_in_at(claims, expected))


def _signed(token: str, provider: Provider) -> dict[str, Any]:
    """The claims, by a key of the provider's; keys that are not known yet are asked for."""
    for anew in (False, True):
        try:
            return jwt.decode(token, provider.keys(anew=anew), list(ALGORITHMS)).claims
        except (JoseError, ValueError) as error:
            failed = error
    raise Doubtful("its ID token is not signed by a key of the provider's, in a way that is taken here") from failed


def _signed_in_at(claims: Mapping[str, Any], expected: Expected) -> Instant | None:
    """By `auth_time` (section 2). One that was asked for and does not come is no sign-in that is fresh."""
    at = claims.get("auth_time")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float) or not 0 < at < 2**40):
        raise Doubtful("its ID token does not say when you signed in there")
    signed_in_at = None if at is None else int(at) * SECOND
    if expected.since is None:
        return signed_in_at
    if signed_in_at is None:
        raise Doubtful("it does not say when you signed in there (auth_time), though it was asked")
    if not expected.since - LEEWAY <= signed_in_at <= expected.now + LEEWAY:
        raise Doubtful("it took an older sign-in for this one")
    return signed_in_at
