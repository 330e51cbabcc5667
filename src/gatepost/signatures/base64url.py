"""base64url without padding (RFC 4648 section 5), as browsers and addresses have it."""

import base64


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
