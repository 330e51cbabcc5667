"""The append-only record: one frozen class per event, and the Merkle tree over their bytes."""
