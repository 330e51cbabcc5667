"""Webhooks of a house."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gatepost.config import FILE
from tests.verbs.houses import House, reopen

CHECK = "device.check_asked"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hook(house: House, known: Mapping[str, Sequence[str]], urls: Mapping[str, str] = MappingProxyType({})) -> None:
    """The house has these webhooks from now on, NAME to the types that it is told, none for all; where nobody listens,
    unless `urls` says otherwise."""
    directory = house.site.directory
    (directory / "key").write_text(f"{SECRET}\n")
    (directory / "key").chmod(0o600)
    with (directory / FILE).open("a") as file:
        for name, types in known.items():
            url = urls.get(name, f"http://127.0.0.1:9/{name}")
            file.write(f'\n[webhooks.{name}]\nurl = "{url}"\nsecret_file = "key"\nevents = {json.dumps(types)}\n')
    house.close()
    house.site = reopen(directory).site
