"""The settings as they stand, in the words of the file: for a page, so without what is secret."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepost.config.section import Section
from gatepost.config.settings import Settings
from gatepost.config.writing import written


class Setting(NamedTuple):
    """`value`: as it would be written. `about`: what `init` writes above it."""

    key: str
    value: str
    about: str


class Part(NamedTuple):
    """One section. `name`: as between the brackets."""

    name: str
    about: str
    settings: tuple[Setting, ...]


def standing(settings: Settings) -> tuple[Part, ...]:
    """Every section with every setting. Of files that hold a secret the name stands here, never what is in them; of a
    webhook's address the path is left out, since whoever knows it can post there."""
    return tuple(_parts(settings))


def stated(name: str, section: Section) -> dict[str, str]:
    """One section's settings by their path, such as rails.minimum_notice."""
    return {f"{name}.{setting.key}": setting.value for setting in _part(name, section).settings}


def _parts(settings: Settings) -> Iterator[Part]:
    for name in Settings.model_fields:
        section = getattr(settings, name)
        named = section.items() if isinstance(section, dict) else [("", section)]
        for key, one in named:
            yield _part(f"{name}.{key}" if key else name, one)


def _part(name: str, section: Section) -> Part:
    fields = type(section).model_fields
    return Part(
        name,
        type(section).__doc__ or "",
        tuple(
            Setting(field.alias or attribute, written(field, _shown(name, attribute, section)), field.description or "")
            for attribute, field in fields.items()
        ),
    )


def _shown(name: str, attribute: str, section: Section) -> object:
    value = getattr(section, attribute)
    if name.startswith("webhooks.") and attribute == "url":
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.netloc}"
    return value
