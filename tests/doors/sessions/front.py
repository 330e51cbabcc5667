"""A HAProxy that lets everything in and keeps the list of what it let in; nothing of it decides."""

from pathlib import Path

from gatepost.doors.sessions.haproxy import TABLE


def a_haproxy(port: int, backend: int, socket: Path, level: str = "admin", h2: int = 0) -> str:
    """Its configuration. `h2`: a second port, for HTTP/2 without TLS."""
    return f"""
global
  stats socket {socket} mode 600 level {level}
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option http-server-close
frontend phones
  bind 127.0.0.1:{port}
  {f"bind 127.0.0.1:{h2} proto h2" if h2 else ""}
  http-request set-var(txn.device) url_param(DeviceId)
  http-request set-var-fmt(txn.session) "%rt|%ci:%cp|%[http_auth_user,base64]|%[var(txn.device),base64]|clear|"
  http-request track-sc0 var(txn.session) table {TABLE}
  default_backend mail
backend {TABLE}
  stick-table type string len 512 size 10k expire 1s
backend mail
  server mail 127.0.0.1:{backend}
"""
