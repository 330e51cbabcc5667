"""The signature under a yes: whose key made it, over which proposal's hash."""

from gatepost.actions.change import Change
from gatepost.actions.who import Actor
from gatepost.core.refusal import Code, Refusal
from gatepost.signatures import ssh
from gatepost.storage import access


def signing_key(change: Change, actor: Actor, proposal: str, signature: str, signed: str) -> str | Refusal:
    """Fingerprint of the actor's key that made the signature over this hash; "" where an exercise needs none.

    `signed`: the hash that the actor's side says it signed, "" if it does not say.
    """
    if not signature:
        if change.site.exercise:
            return ""
        return Refusal(
            Code.SIGNATURE_MISSING,
            "An approval carries a signature over the proposal's hash: add --sign KEYFILE, a key recorded for you.",
        )
    if signed and signed != proposal:
        return Refusal(
            Code.SIGNATURE_INVALID, "The proposal changed since it was signed; look at it again and sign anew."
        )
    for key in access.keys_of(change.conn, actor.ref):
        if ssh.verify(key.public_key, proposal.encode("ascii"), signature):
            return key.fingerprint
    return Refusal(
        Code.SIGNATURE_INVALID,
        "The signature is not one of this proposal's hash by a key recorded for you; `key list` shows the keys.",
    )
