"""Whole sites to attack, made as those of tests/verbs are."""

from tests.verbs.conftest import build, builder

__all__ = ["build", "builder"]
