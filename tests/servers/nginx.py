"""A real nginx on loopback, with everything that it writes under a directory of the test."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.ports import wait_for

SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Nginx:
    """`http` is what stands in the http block. Starts on entering, waits for `port`, stops on leaving."""

    def __init__(self, prefix: Path, port: int, http: str) -> None:
        self._prefix = prefix
        self._port = port
        self._http = http
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._prefix.mkdir(parents=True, exist_ok=True)
        (self._prefix / "nginx.conf").write_text(self._config())
        program = shutil.which("nginx", path=SEARCH)
        assert program, "the test lacks its needs marker"
        self._process = subprocess.Popen([program, "-p", str(self._prefix), "-c", "nginx.conf", "-e", "error.log"])
        try:
            wait_for(self._port)
        except TimeoutError as error:
            self.stop()
            raise AssertionError((self._prefix / "error.log").read_text()) from error

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _config(self) -> str:
        # As root, nginx would give its workers to another user, who cannot enter the test's directory.
        user = "user root;" if os.geteuid() == 0 else ""
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "\n".join(f"  {kind}_temp_path {self._prefix}/{kind};" for kind in kinds)
        return f"""{user}
daemon off;
worker_processes 1;
pid {self._prefix}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
{places}
{self._http}
}}
"""


def mail_front(port: int, door: int, backend: int, bodies: Path) -> str:
    """The recipe: a mail server's proxy that asks the door before every ActiveSync request.

    `bodies` holds the WBXML refusals as COMMAND.wbxml. A phone that is refused gets Status 129 where it understands
    that, else 403; when the door cannot decide or does not answer, 503 with Retry-After, never 500.
    """
    return f"""
  upstream gate {{ server 127.0.0.1:{door}; keepalive 8; }}
  map "$gate_generation:$gate_command" $gate_refusal {{
    default plain;
    "14:Sync" Sync.wbxml;
    "14:FolderSync" FolderSync.wbxml;
    "14:Ping" Ping.wbxml;
    "14:Provision" Provision.wbxml;
  }}
  server {{
    listen 127.0.0.1:{port};
    location /Microsoft-Server-ActiveSync {{
      auth_request /_gate;
      auth_request_set $gate_command $upstream_http_x_gatepost_command;
      auth_request_set $gate_generation $upstream_http_x_gatepost_generation;
      error_page 403 = /_refused/$gate_refusal;
      error_page 500 = @undecided;
      proxy_pass http://127.0.0.1:{backend};
    }}
    location = /_gate {{
      internal;
      proxy_pass http://gate/check;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header Authorization $http_authorization;
      proxy_connect_timeout 1s;
      proxy_read_timeout 2s;
    }}
    # A redirection to a path, not to a named location, turns the POST into a GET, without which no file is sent.
    location /_refused/ {{ internal; alias {bodies}/; types {{}} default_type application/vnd.ms-sync.wbxml; }}
    location = /_refused/plain {{
      internal;
      default_type text/html;
      return 403 "<p>This device cannot open company mail.</p>";
    }}
    location @undecided {{ add_header Retry-After 180 always; return 503; }}
  }}
"""
