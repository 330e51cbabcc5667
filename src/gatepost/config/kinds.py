"""The kinds of values that settings have, each checked once, here."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from gatepost.core.instant import DAY, Duration, parse_duration


class Address(NamedTuple):
    """Where a server listens. `port` 0 asks the system for a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class InMilliseconds:
    """Marks a setting that is written as a duration with its unit and held in milliseconds."""


def _duration(value: object) -> Duration:
    if not isinstance(value, str):
        raise ValueError('expected a duration in quotes, such as "24h"')
    return parse_duration(value)


def _address(value: object) -> Address:
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError('expected "HOST:PORT", such as "127.0.0.1:8180"')
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def _optional_address(value: object) -> Address | None:
    return None if value in ("", None) else _address(value)


def _path(value: object, info: ValidationInfo) -> Path:
    """Relative paths are relative to the site's directory, handed in as the context."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected a path in quotes")
    return Path(info.context or ".", value)


def _optional_path(value: object, info: ValidationInfo) -> Path | None:
    return None if value in ("", None) else _path(value, info)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # not found, a directory of zones, or no path at all
        raise ValueError(f'"{name}" is no time zone: expected an IANA name, such as "Europe/Berlin"') from None
    return name


def _mail_address(text: str) -> str:
    if not re.fullmatch(r"[^\s@\x00-\x1f<>\",]+@[^\s@\x00-\x1f<>\",]+", text):
        raise ValueError(f'"{text}" is no mail address')
    return text


def _is_url(text: str, *never: str) -> bool:
    """Whether it is an address by http or https, without a password, a fragment or any of these signs."""
    try:
        url = urlsplit(text)
        whole = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0 and url.username is None
    except ValueError:
        return False
    return whole and text.isascii() and text.isprintable() and {" ", "#", *never}.isdisjoint(text)


def _hook_url(text: str) -> str:
    if not _is_url(text):
        raise ValueError('expected a URL such as "https://chat.example/hooks/1", without a password or a fragment')
    return text


def _issuer(text: str) -> str:
    if text and not _is_url(text, "?"):
        raise ValueError('expected an issuer such as "https://login.example/realms/corp"')
    return text


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Span = Annotated[Duration, BeforeValidator(_duration), InMilliseconds()]
Term = Annotated[Duration, BeforeValidator(_duration), Field(ge=DAY), InMilliseconds()]
"""How long something is kept: a day at least, for nothing is erased more often, and never for ever."""
Listen = Annotated[Address, BeforeValidator(_address)]
OptionalListen = Annotated[Address | None, BeforeValidator(_optional_address)]
SitePath = Annotated[Path, BeforeValidator(_path)]
OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
Zone = Annotated[str, AfterValidator(_zone)]
Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
Port = Annotated[int, Field(ge=1, le=65535)]
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]
Url = Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.\[\]:-]+)?$")]
"""Of a server, without a path; or nothing."""
HookUrl = Annotated[str, AfterValidator(_hook_url)]
"""Where a webhook is told: with a path and a query, perhaps."""
Issuer = Annotated[str, AfterValidator(_issuer)]
"""Of an OpenID provider (Discovery 1.0 section 2), with a path perhaps; or nothing."""
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
SectionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
