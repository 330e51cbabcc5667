"""Checkpoints: the ledger's size and root, signed by the site. They leave the house in every approval mail (I-32)."""

from gatepost.actions.change import Change
from gatepost.core.ledger.checkpoint import Checkpoint, body
from gatepost.storage import ledger


def issue_checkpoint(change: Change) -> str:
    """A signed note over the ledger, this change's entries so far included; a copy is kept."""
    size, root = change.root()
    note = change.site.note_key.sign(body(Checkpoint(change.site.settings.ledger.origin, size, root)))
    ledger.add_checkpoint(change.conn, size, note, change.now)
    return note
