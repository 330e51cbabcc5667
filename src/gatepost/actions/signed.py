"""The signature under a yes or a waiver: whose key made it, over which hash."""

from sqlalchemy import Connection

from gatepost.actions.change import Change
from gatepost.actions.who import Actor
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures import ssh
from gatepost.storage import access


def signing_key(change: Change, actor: Actor, proposal: str, signature: str, signed: str) -> str | Refusal:
    """Fingerprint of the actor's key that made the signature over this hash; "" where an exercise needs none.

    `signed`: the hash that the actor's side says it signed or, in an exercise, looked at; "" if it does not say.
    """
    if refusal := is_another(proposal, signed):
        return refusal
    if not signature:
        if change.site.exercise:
            return ""
        return Refusal(
            Code.SIGNATURE_MISSING,
            "A yes is a signature over the hash of what it is said to: add --sign KEYFILE, a key recorded for you.",
        )
    return key_that_made(change.conn, actor, proposal, signature) or Refusal(
        Code.SIGNATURE_INVALID,
        "The signature is not one of this proposal's hash by a key recorded for you; `key list` shows the keys.",
    )


def is_another(proposal: str, seen: str) -> Refusal | None:
    """Why a proposal is not acted on: it has another hash than the one that was looked at. `seen`: "" if nobody says
    what they looked at."""
    if seen in ("", proposal):
        return None
    return Refusal(
        Code.OUT_OF_DATE, "What stands here is another than what you looked at: look again, and answer anew."
    )


def key_that_made(conn: Connection, actor: Actor, signed: str, signature: str) -> str:
    """Fingerprint of the actor's key that made the signature over this hash; "" if none did."""
    keys = access.keys_of(conn, actor.ref)
    made = (key.fingerprint for key in keys if ssh.verify(key.public_key, signed.encode("ascii"), signature))
    return next(made, "")
