"""Sites to ask, made as those of tests/verbs are."""

from tests.verbs.conftest import build, builder, house

__all__ = ["build", "builder", "house"]
