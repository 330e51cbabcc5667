"""What the doctor finds of the OpenID provider at which people sign in."""

from pathlib import Path

import pytest

from gatepost.actions.doctor import examine
from gatepost.identity import provider
from gatepost.wiring import provider_of, sender_of
from tests.doctor.findings import sick, well
from tests.verbs.conftest import Build
from tests.web.at_provider import place


def test_a_provider_is_looked_at(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it answers, as whom, with which clock; whether we have a secret there that nobody else can read."""
    with place(tmp_path) as there:
        house = there.house(build)
        well(house, "sign-in")
        sick(there.house(build, sign_in__issuer=there.running.issuer + "/"), "sign-in", "fail", "is of the issuer")
        sick(there.house(build, sign_in__client_secret_file=""), "sign-in", "warn", "has no secret there")
        monkeypatch.setattr(provider, "system_now", lambda: 0)
        sick(house, "sign-in", "fail", "s ahead of this machine's")
        monkeypatch.undo()
        secret = tmp_path / "client-secret"
        secret.chmod(0o644)
        sick(house, "sign-in", "fail", "can be read by others")
        secret.chmod(0o600)
        secret.write_text("")
        sick(house, "sign-in", "fail", "is empty")
        secret.unlink()
        sick(house, "sign-in", "fail", "cannot be read")
    there.settings()
    sick(house, "sign-in", "fail", "does not answer")


def test_without_a_provider_nothing_is_said(build: Build) -> None:
    """A site that signs people in by mail has none to look at."""
    house = build(web__sign_in="mail")
    assert not [each for each in examine(house.site, sender_of, provider_of) if each.check == "sign-in"]
