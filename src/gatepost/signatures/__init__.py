"""Signatures: of people over proposals (SSH), and of the site over its checkpoints (notes)."""
