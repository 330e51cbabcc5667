"""What can be set about programs that are told how a site is. See settings.py."""

from pydantic import Field

from gatepost.config.kinds import HookUrl, OptionalListen, SitePath
from gatepost.config.section import Section
from gatepost.core.change.webhook import NAMES_A_DEVICE, Type


class Metrics(Section):
    """The site's figures for Prometheus, which the worker shows; each door has its own (`doors.NAME.metrics`)."""

    listen: OptionalListen = Field(
        None,
        description="HOST:PORT, where /metrics is shown to whoever asks, such as 127.0.0.1:9464. Empty: nowhere.",
    )


class Webhook(Section):
    """A program that is told when a policy's stage changes, or a device is to report. Its name is in lists."""

    url: HookUrl = Field(
        description="Where it is told: https; in an exercise this machine only, http too. It is shown without its path."
    )
    secret_file: SitePath = Field(
        description="A file with whsec_ and at least 24 random bytes as base64 on its first line, for its owner alone"
        " to read: what is told is signed by it."
    )
    events: tuple[Type, ...] = Field(
        (), description="What it is told of. Empty: of everything that names no device.", strict=False
    )

    def takes(self, kind: Type) -> bool:
        """Whether it is told of this."""
        return kind in self.events if self.events else kind not in NAMES_A_DEVICE
