"""Whole sites for the tests of this folder."""

from tests.verbs.conftest import build, builder

__all__ = ["build", "builder"]
