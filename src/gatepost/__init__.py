"""Decides which phones may open company mail, and proves it. Start reading in core/policy/verdict.py."""

__version__ = "0.1.0"
