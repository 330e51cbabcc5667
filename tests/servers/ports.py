"""Free ports on loopback, and waiting for a server to listen."""

import socket
import time


def free_port() -> int:
    """A port that nothing listens on now. Somebody else may take it before it is used; tests live with that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 10) -> None:
    """Return once something on loopback takes connections on this port; TimeoutError if nothing does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on port {port} after {seconds} s")
