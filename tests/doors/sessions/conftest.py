"""A whole site for the tests of this folder."""

from tests.journeys.conftest import agreed, mails, ready, serve, settled

__all__ = ["agreed", "mails", "ready", "serve", "settled"]
