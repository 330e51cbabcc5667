"""One entry of the ledger, and the proof that it stands there: for whoever holds a checkpoint, or wants to."""

import base64

from gatepost.actions.change import looking
from gatepost.actions.site import Site
from gatepost.core.ledger.checkpoint import Checkpoint, body
from gatepost.core.ledger.merkle import inclusion_proof, leaf_hash, root_of
from gatepost.storage import ledger


def leaf_of(site: Site, index: int) -> bytes | None:
    """The stored bytes of an entry: exactly what the tree is over."""
    with looking(site) as conn:
        row = ledger.entry(conn, index)
        return row.leaf if row else None


def proof_of(site: Site, index: int) -> str | None:
    """That the entry stands in the ledger as it is now (C2SP tlog-proof): the audit path (RFC 6962 section 2.1.1), and
    a checkpoint over all entries, signed by the site. None where there is no such entry."""
    with looking(site) as conn:
        leaves = [leaf_hash(row.leaf) for row in ledger.rows(conn)]
    if not 0 <= index < len(leaves):
        return None
    path = (base64.b64encode(node).decode() for node in inclusion_proof(leaves, index))
    checkpoint = Checkpoint(site.settings.ledger.origin, len(leaves), root_of(leaves))
    lines = ("c2sp.org/tlog-proof@v1", f"index {index}", *path, "", site.note_key.sign(body(checkpoint)))
    return "\n".join(lines)
