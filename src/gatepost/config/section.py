"""What all sections of the settings have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen and strict: no unknown keys, no numbers in quotes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
