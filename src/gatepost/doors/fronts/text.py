"""What the writers of configurations share: filling templates, and what of the settings can stand in them at all."""

import re
from pathlib import Path
from typing import Final

from gatepost.doors.fronts import Front, FrontUnfit

_BETWEEN: Final = r"(?:/|%(?:25)*(?:2f|5c))"
ASTRAY: Final = (
    r"^[^?]*(?:activesync|[#\\]"
    # a letter, a dot, a hyphen or a control sign that is encoded, perhaps more than once: nobody needs that but to hide
    r"|%(?:25)*(?:[01][0-9a-f]|2[de]|[46][1-9a-f]|[57][0-9a])"
    rf"|{_BETWEEN}(?:{_BETWEEN}|\.\.?(?:{_BETWEEN}|;|%(?:25)*3b|[?]|$)))"
)
"""A target, in any case of letters, that a mail server may take for its ActiveSync, or for another path than the proxy
does. What is let through to a web application as it was sent must not match. (The door refuses the same by itself, see
`leads_astray`, unless it lets in what is unidentified.) As nginx and Caddy read it (PCRE, RE2)."""


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


def header_name(front: Front) -> str:
    """The header that names the user. FrontUnfit."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", front.user_header):
        raise FrontUnfit(f"user_header in [doors.{front.door}] is no name of a header: {front.user_header!r}")
    return front.user_header
