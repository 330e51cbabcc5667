"""nginx before ActiveSync: asks the door before each request, by auth_request (ngx_http_auth_request_module).

`nginx.conf` runs it from the directory of the files; who has an nginx already takes `gatepost.conf` into its http
block, and the folder `gatepost` into its prefix.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.check import RETRY_AFTER
from gatepost.doors.fronts import Files, Front, FrontUnfit
from gatepost.doors.fronts.text import ASTRAY, filled, header_name, key_of_certificate, plain_path

PATH: Final = "/Microsoft-Server-ActiveSync"

_MAIN: Final = """\
# nginx -p . -c nginx.conf, in this directory. Written by `gatepost door config nginx`.
worker_processes auto;
worker_rlimit_nofile 16384;
pid nginx.pid;
error_log error.log;
events { worker_connections 8192; } # an open Ping takes two
http {
  access_log off;
  client_body_temp_path temp_body;
  proxy_temp_path temp_proxy;
  fastcgi_temp_path temp_fastcgi;
  uwsgi_temp_path temp_uwsgi;
  scgi_temp_path temp_scgi;
  include gatepost.conf;
}
"""

_HTTP: Final = """\
# The door @door@ before ActiveSync. Written by `gatepost door config nginx`: write it anew when a setting changes.
upstream door { server @check@ max_fails=0; keepalive 16; }
upstream mail { server @backend@ max_fails=0; }
# A refusal that is not the door's own is none.
map "$gate_verdict:$gate_generation:$gate_command" $gate_refusal {
  default @undecided;
  "~^block:" /_refused/plain;
@bodies@
}
# A control sign in what the door is told would keep it from answering: that must not be a way around it.
map "$http_authorization$http_user_agent$http_ms_asprotocolversion$http_sec_ch_ua_mobile" $gate_odd {
  default 0;
  "~[\\x00-\\x08\\x0a-\\x1f\\x7f]" 1;
}
@maps@
server {
  listen @front@@ssl@;
@tls@
  if ($gate_odd) { return 400; }
  # The phone's path and no other, whatever its case; behind it only the mail server's own for ActiveSync.
  location ~* ^@path@/?$ {
    auth_request /_gate;
    auth_request_set $gate_verdict $upstream_http_x_gatepost_verdict;
    auth_request_set $gate_command $upstream_http_x_gatepost_command;
    auth_request_set $gate_generation $upstream_http_x_gatepost_generation;
    auth_request_set $gate_reason $upstream_http_x_gatepost_reason;
    auth_request_set $gate_would $upstream_http_x_gatepost_would;
    error_page 403 = $gate_refusal;
    # What the door answers besides 2xx, 401 and 403, and its silence, nginx makes a 500.
    error_page 401 500 = @undecided;
    # What anybody else answers in its place lets nobody in. (No file has that name; a `return` would skip the check.)
    try_files /_no_file /_verdict/$gate_verdict?$args;
  }
  location ~ ^/_verdict/(allow|warn)$ {
    internal;
@to_mail@
  }
  location /_verdict/ {
    internal;
@without@
  }
  location = /_gate {
    internal;
    proxy_pass http://door/check;
@asking@
    proxy_set_header MS-ASProtocolVersion $http_ms_asprotocolversion;
    proxy_set_header User-Agent $http_user_agent;
@identity@
  }
  # A redirection to a path, not to a named location, turns the POST into a GET, without which no file is sent.
  location /_refused/ { internal; alias gatepost/; types {} default_type application/vnd.ms-sync.wbxml; }
  location = /_refused/plain {
    internal;
    default_type text/html;
    return 403 "<p>This device cannot open company mail.</p>";
  }
  # Without an answer of the door: @on_no_copy@.
  location @undecided {
@without@
  }
@web@
  location / { return 404; }
}
"""

_ASKING: Final = """\
    proxy_http_version 1.1;
    proxy_connect_timeout 1s;
    proxy_read_timeout 1s;
    proxy_pass_request_body off;
    # Nothing that a phone made up reaches the door: only these.
    proxy_pass_request_headers off;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
    proxy_set_header X-Original-URI $request_uri;
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header Authorization $http_authorization;"""

_WEB_MAP: Final = """\
map $gate_verdict $gate_web_refusal { default @web_undecided; block /_refused/plain; }
# The web application gets its targets as they were sent. The same mail server must find nothing else by them.
map $request_uri $gate_astray {
  default 1;
  "~*@astray@" 1;
  ~^@web_path@/ 0;
}"""

_WEB: Final = """\
  # The web application. What a mail server may take for ActiveSync is never asked about as a browser's.
  location ~* microsoft-server-activesync { return 404; }
  location = @web_path@ { return 308 @web_path@/$is_args$args; }
  location @web_path@/ {
    if ($gate_astray) { return 404; }
    auth_request /_gate_web;
    auth_request_set $gate_verdict $upstream_http_x_gatepost_verdict;
    error_page 403 = $gate_web_refusal;
    error_page 401 500 = @web_undecided;
    try_files /_no_file /_web_verdict/$gate_verdict;
  }
  location ~ ^/_web_verdict/(allow|warn)$ {
    internal;
@to_web@
  }
  location /_web_verdict/ {
    internal;
@without@
  }
  location = /_gate_web {
    internal;
    proxy_pass http://door/check-web;
@asking@
    proxy_set_header User-Agent $http_user_agent;
    proxy_set_header Sec-CH-UA-Mobile $http_sec_ch_ua_mobile;
@identity@
  }
  location @web_undecided {
@without@
  }"""

_TO_WEB: Final = """\
    proxy_pass http://mail$request_uri;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header Authorization $http_authorization;
@ours@
    client_max_body_size 0;"""

_TO_MAIL: Final = """\
    proxy_pass http://mail@backend_path@$is_args$args;
    proxy_http_version 1.0; # a new connection each: SOGo drops those that idle
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    # What the door judged by, once, whatever the phone sent twice.
    proxy_set_header Authorization $http_authorization;
    proxy_set_header MS-ASProtocolVersion $http_ms_asprotocolversion;
    # Ours to say, not a phone's.
@ours@
    proxy_read_timeout 3600s; # longer than any Ping
    client_max_body_size 0; # the mail server has its own limit"""

_CERTIFICATE: Final = 'map $ssl_client_verify $gate_certificate { default ""; SUCCESS $ssl_client_escaped_cert; }'
_OURS: Final = ("Certificate", "Verdict", "Reason", "Would", "Command", "Generation")


def files(front: Front) -> Files:
    """nginx.conf, gatepost.conf, and the bodies of Status 129 in the folder gatepost. FrontUnfit."""
    to_mail = _filled(
        _TO_MAIL,
        backend_path=plain_path(front, "backend_path", front.backend_path),
        ours=_ours(),
    )
    text = _filled(
        _HTTP,
        door=front.door,
        check=str(front.check),
        backend=str(front.backend),
        bodies="\n".join(f'  "block:14:{command}" /_refused/{command}.wbxml;' for command in REFUSAL_129),
        maps="\n".join((_CERTIFICATE if front.certificates else "", _web_map(front) if front.web_path else "")),
        asking=_ASKING,
        web=_web(front) if front.web_path else "",
        front=str(front.front),
        ssl=" ssl" if front.tls_certificate else "",
        tls="\n".join(f"  {line}" for line in _tls(front)),
        path=PATH,
        to_mail=to_mail,
        identity="\n".join(f"    {line}" for line in _identity(front)),
        on_no_copy=front.rules.on_no_copy,
        without=_without_door(front, to_mail),
    )
    bodies = {f"gatepost/{command}.wbxml": body for command, body in REFUSAL_129.items()}
    return {"nginx.conf": _MAIN.encode(), "gatepost.conf": text.encode(), **bodies}


def _web_map(front: Front) -> str:
    # In quotes nginx reads two backslashes as one.
    return filled(_WEB_MAP, astray=ASTRAY.replace("\\\\", "\\\\\\\\"), web_path=re.escape(_web_path(front)))


def _web_path(front: Front) -> str:
    return plain_path(front, "web_path", front.web_path.rstrip("/"))


def _web(front: Front) -> str:
    to_web = _filled(_TO_WEB, ours=_ours())
    return _filled(
        _WEB,
        web_path=_web_path(front),
        to_web=to_web,
        asking=_ASKING,
        identity="\n".join(f"    {line}" for line in _identity(front)),
        without=_without_door(front, to_web),
    )


def _ours() -> str:
    """What only nginx and the door say to each other, kept from the mail server."""
    return "\n".join(f'    proxy_set_header X-Gatepost-{name} "";' for name in _OURS)


def _tls(front: Front) -> Iterator[str]:
    if front.tls_certificate:
        key = key_of_certificate("nginx", front)
        yield f"ssl_certificate {_quoted(front, 'tls_certificate', front.tls_certificate)};"
        yield f"ssl_certificate_key {_quoted(front, 'tls_key', key)};"
        yield "ssl_protocols TLSv1.2 TLSv1.3;"
        yield "ssl_session_cache shared:gatepost:10m;"
    if front.certificates:
        if not front.tls_certificate or not front.client_ca:
            raise FrontUnfit(
                f"with certificates = true nginx needs tls_certificate, tls_key and client_ca in [doors.{front.door}]:"
                " write them there"
            )
        yield f"ssl_client_certificate {_quoted(front, 'client_ca', front.client_ca)};"
        yield "ssl_verify_client optional; # one that does not verify is refused by nginx itself"


def _identity(front: Front) -> Iterator[str]:
    """What else the door knows a user or a device by."""
    if front.certificates:
        yield "proxy_set_header X-Gatepost-Certificate $gate_certificate;"
    if "header" in front.users:
        name = header_name(front)
        yield f"proxy_set_header {name} $http_{name.lower().replace('-', '_')}; # what stands before nginx must set it"


def _without_door(front: Front, to_mail: str) -> str:
    """What a request gets that the door did not answer (I-29)."""
    match front.rules.on_no_copy:
        case "allow":
            return to_mail
        case "block":
            return '    default_type text/html;\n    return 403 "<p>This device cannot open company mail.</p>";'
        case "undecided":
            return f"    add_header Retry-After {RETRY_AFTER} always;\n    return 503;"


def _quoted(front: Front, setting: str, path: Path) -> str:
    """In quotes nginx still reads a backslash and, for certificates, a variable."""
    if re.search(r'["\\$\x00-\x1f]', str(path)):
        raise FrontUnfit(f"nginx cannot be told of a path with a quote, $ or \\: {setting} in [doors.{front.door}]")
    return f'"{path}"'


def _filled(template: str, **values: str) -> str:
    """Without the empty lines of what is not there."""
    return re.sub(r"\n{2,}", "\n", filled(template, **values))
