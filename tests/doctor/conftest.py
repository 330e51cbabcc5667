"""The houses of the verbs' tests."""

from tests.verbs.conftest import build, builder

__all__ = ["build", "builder"]
