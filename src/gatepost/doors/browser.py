"""What a web browser says of the device that it runs on. It proves nothing: anybody can say anything.

A phone's browser that asks for the desktop's pages says that it is a desktop, and an iPad's does so unasked. Who must
keep phones out of webmail asks for client certificates.
"""

import re
from typing import Final

_MOBILE: Final = re.compile(
    rb"mobi|android|iphone|ipad|ipod|\bios/|windows phone|tablet|silk/|kindle|kaios|harmony|blackberry|bb10",
    re.IGNORECASE,
)


def says_mobile(user_agent: bytes, client_hint: bytes) -> bool:
    """Whether a client says that it is on a phone or a tablet, or says nothing at all.

    `user_agent`: User-Agent (RFC 9110, 10.1.5). `client_hint`: Sec-CH-UA-Mobile, ?1 for a mobile device.
    """
    return client_hint.strip() == b"?1" or not user_agent.strip() or _MOBILE.search(user_agent) is not None
