"""A site's settings: one frozen, validated object read from gatepost.toml, and the text that init writes there."""

from gatepost.config.reading import FILE, load_settings
from gatepost.config.settings import Settings
from gatepost.config.writing import init_text

__all__ = ["FILE", "Settings", "init_text", "load_settings"]
