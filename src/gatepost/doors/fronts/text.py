"""What the writers of configurations share: filling templates, and what of the settings can stand in them at all."""

import re
from pathlib import Path

from gatepost.doors.fronts import Front, FrontUnfit


def filled(template: str, **values: object) -> str:
    """Each @name@ replaced in one go; the program's own @names stay."""
    return re.sub(r"@([a-z0-9_]+)@", lambda found: str(values[found[1]]), template)


def plain_path(front: Front, setting: str, text: str) -> str:
    """A path of a URL that no program reads as anything else. FrontUnfit."""
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", text):
        raise FrontUnfit(f"{setting} in [doors.{front.door}] is no plain path: {text!r}")
    return text


def bare_path(program: str, front: Front, setting: str, path: Path) -> str:
    """A file's path where it stands without quotes. FrontUnfit."""
    if not re.fullmatch(r"[A-Za-z0-9._~/+@:-]+", str(path)):
        raise FrontUnfit(f"{program} cannot be told of this path: {setting} in [doors.{front.door}]")
    return str(path)


def key_of_certificate(program: str, front: Front) -> Path:
    """The key beside the certificate. FrontUnfit."""
    if not front.tls_key:
        raise FrontUnfit(f"{program} needs tls_key in [doors.{front.door}] beside tls_certificate: write it there")
    return front.tls_key
