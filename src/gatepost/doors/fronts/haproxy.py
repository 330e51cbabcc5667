"""HAProxy before ActiveSync: it decides by itself, from maps that the door keeps (see doors/haproxy).

haproxy.cfg answers the usual request by look-ups: the plain query as phones write it, Basic credentials to the letter,
a known device, its own login, and an answer that lets it through. Every other request is read by haproxy.lua, and so is
every one with something else that a user or a device is known by: a certificate, a header, a token.

What HAProxy reads besides haproxy.cfg stands in `haproxy_files`, because HAProxy finds Lua by absolute paths only.
"""

import re
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.check import RETRY_AFTER
from gatepost.doors.credentials import LONGEST_CERTIFICATE, LONGEST_TOKEN, MOST_BRACKETS, OF_NOTHING
from gatepost.doors.fronts import Files, Front, FrontUnfit
from gatepost.doors.fronts.text import header_name, key_of_certificate, plain_path
from gatepost.doors.haproxy.rows import ANSWERS, DEVICES, DOOR, RECENT
from gatepost.doors.haproxy.seen import EVERY, SOCKET
from gatepost.doors.sessions.haproxy import LONGEST_KEY, TABLE

PATH: Final = "/Microsoft-Server-ActiveSync"
LUA: Final = "gatepost.lua"
_PARTS: Final = ("haproxy_text.lua", "haproxy_users.lua", "haproxy.lua")
"""What it is made of, in their order."""

REFUSED: Final = "<p>This device cannot open company mail.</p>"

_DEVICE: Final = "User=[^&;?#]*&DeviceId=[A-Za-z0-9]{{1,64}}&DeviceType={shared}[A-Za-z0-9]*"

_CONFIG: Final = """\
# HAProxy before the mail server of @site@: door @door@ of Gatepost, which keeps its maps.
# Written by `gatepost door config haproxy`, anew whenever a setting changes.
global
  stats socket @socket@ mode 600 level admin
  # After a reload the old process holds requests open that the door cannot see: not for long.
  hard-stop-after 5s
  # What HAProxy remembers of matches costs more than matching: no two requests are alike.
  tune.pattern.cache-size 0
  lua-load-per-thread @files@/@lua@

defaults gatepost
  mode http
  timeout connect 5s
  timeout http-request 10s
  timeout http-keep-alive 60s
  # Longer than any Ping.
  timeout client 65m
  timeout server 65m
  # A new connection each: SOGo drops those that idle.
  option http-server-close

frontend gatepost from gatepost
  bind @front@@tls@
  # Whom the door has not seen for a while is told to it; `info` logs of your own may stand beside this line.
  log @files@/@seen@ len 2048 format raw local0 notice
  log-format "%ST %[var(txn.gate_row),field(2,|)] %[var(txn.gate_named),field(1,|)] @device_told@"

  http-request return status 404 unless { path -i -m str @path@ @path@/ }

  # The usual request, by look-ups.
  acl gate_usual url -m reg '^[^?#%]*\\?(Cmd=[A-Za-z]+&@device@|@device@&Cmd=[A-Za-z]+)\\z'
  acl gate_one req.fhdr_cnt(authorization) eq 1
  acl gate_basic req.fhdr(authorization) -m reg '^Basic [A-Za-z0-9+/]+={0,2}\\z'
  acl gate_alone req.fhdr_cnt(ms-asprotocolversion) le 1
  acl gate_known var(txn.gate_entry) -m found
  acl gate_own var(txn.gate_entry),field(2,|),strcmp(txn.gate_user) eq 0
  acl gate_own var(txn.gate_entry),field(3,|),strcmp(txn.gate_user) eq 0
  acl gate_fresh str(until),map_str(@files@/@door_map@,0),sub(txn.gate_now) gt 0
  acl gate_lets var(txn.gate_row) -m beg allow warn
  acl gate_news sc1_http_req_cnt,mod(@every@) eq 1
  http-request set-var(txn.gate_device) url_param(DeviceId),lower if METH_POST gate_usual gate_one gate_basic gate_alone
@aside@  http-request set-var(txn.gate_entry) var(txn.gate_device),map_str(@files@/@recent@)
  http-request set-var(txn.gate_entry) var(txn.gate_device),map_str(@files@/@devices@) unless gate_known
  http-request set-var(txn.gate_user) http_auth_user,lower
  http-request set-var(txn.gate_now) date
  http-request set-var(txn.gate_row) @row@ if gate_own gate_fresh
  # The door finds the requests of a device in the one table, to end those that are held open; in the other stands whom
  # it has seen lately. Most requests are let through here.
  http-request set-var-fmt(txn.gate_open) "%rt|%ci:%cp|@named@|" if gate_lets
  http-request track-sc0 var(txn.gate_open) table @table@ if gate_lets
  http-request track-sc1 var(txn.gate_user),concat(|,txn.gate_device),xxh32 table gatepost_seen if gate_lets
  http-request set-log-level silent unless gate_news
  http-request allow if gate_lets !gate_news

  # The same without the login's domain, and for a device that is not known.
  acl gate_said var(txn.gate_row) -m found
  acl gate_plain var(txn.gate_device) -m found
  acl gate_named var(txn.gate_user) -m reg '^[!-~]+\\z'
  acl gate_bare var(txn.gate_entry),field(2,|),strcmp(txn.gate_bare) eq 0
  acl gate_bare var(txn.gate_entry),field(3,|),strcmp(txn.gate_bare) eq 0
  http-request set-var(txn.gate_bare) var(txn.gate_user),field(-1,\\),field(1,@) if gate_known !gate_said
  http-request set-var(txn.gate_row) @row@ if gate_known !gate_said gate_bare gate_fresh
  http-request set-var(txn.gate_row) @unknown@ if gate_plain !gate_known gate_named gate_fresh
  # Every other request, and every refusal, by reading it with care.
  http-request lua.gatepost unless gate_lets
  acl gate_read var(txn.gate_passed) -m found
  acl gate_passed var(txn.gate_passed) -m bool
  http-request set-var-fmt(txn.gate_named) "@named@" unless gate_read

  # Who opens mail with what: told when new, and now and then.
  http-request track-sc1 var(txn.gate_named),xxh32 table gatepost_seen unless gate_passed
  http-request set-var(txn.gate_type) url_param(DeviceType),base64 if gate_news !gate_read
  http-request set-var(txn.gate_agent) req.fhdr(user-agent),bytes(0,400),base64 if gate_news
  http-request set-log-level notice if gate_news

  # Refused: Status 129 in the command's own words where the client understands it.
@refusals@
  http-request return status 403 content-type text/html file @files@/refused.html if { var(txn.gate_refusal) -m found }
  http-request return status 503 hdr Retry-After @retry@ if { var(txn.gate_row) -m beg undecided }
  # Without an answer, should gatepost.lua fail: @on_no_copy@.
@without@
  # What is let through here is to be found too.
  http-request set-var-fmt(txn.gate_open) "%rt|%ci:%cp|@read@|" unless gate_passed
  http-request track-sc0 var(txn.gate_open) table @table@ unless gate_passed
  default_backend gatepost_mail

backend gatepost_mail from gatepost
  http-request set-header X-Forwarded-For %[src]
  http-request set-path @backend_path@
  server mail @backend@

backend @table@ from gatepost
  stick-table type string len @longest_key@ size 100k expire 1s

backend gatepost_seen from gatepost
  stick-table type integer size 1m expire 10m store http_req_cnt
"""


def files(front: Front) -> Files:
    """haproxy.cfg, and by their absolute names what it reads from `haproxy_files`, except the maps. FrontUnfit."""
    socket, beside = _plain(front, "haproxy_socket"), _plain(front, "haproxy_files")
    plain_path(front, "backend_path", front.backend_path)
    values = {
        "site": re.sub(r"[^ -~]", "?", front.site),
        "door": front.door,
        "socket": socket,
        "files": beside,
        "lua": LUA,
        "front": str(front.front),
        "tls": _tls(front),
        "aside": "".join(f"  {line}\n" for line in _aside(front)),
        "seen": SOCKET,
        "device_told": "%[var(txn.gate_named),field(2,|)] %[var(txn.gate_type)] %[var(txn.gate_agent)]",
        "row": f"var(txn.gate_entry),field(1,|),map_str({beside}/{ANSWERS})",
        "unknown": f"str(unknown),map_str({beside}/{ANSWERS})",
        "named": "%[var(txn.gate_user),base64]|%[var(txn.gate_device),base64]",
        "path": PATH,
        "device": _DEVICE.format(shared=_other_than(front.shared_types)),
        "door_map": DOOR,
        "recent": RECENT,
        "devices": DEVICES,
        "every": str(EVERY),
        "read": "%[var(txn.gate_named)]|%[var(txn.gate_row),field(2,|)]",
        "refusals": "\n".join(_refusal(command, beside) for command in REFUSAL_129),
        "retry": str(RETRY_AFTER),
        "on_no_copy": front.rules.on_no_copy,
        "without": _without(front, beside),
        "table": TABLE,
        "longest_key": str(LONGEST_KEY),
        "backend_path": front.backend_path,
        "backend": str(front.backend),
    }
    config = re.sub(r"@([a-z_]+)@", lambda found: values[found[1]], _CONFIG)
    bodies = {f"{beside}/{command}.wbxml": body for command, body in REFUSAL_129.items()}
    refused = {f"{beside}/refused.html": REFUSED.encode()}
    return {"haproxy.cfg": config.encode(), f"{beside}/{LUA}": _lua(front, beside), **bodies, **refused}


def _refusal(command: str, beside: str) -> str:
    kind = f"content-type application/vnd.ms-sync.wbxml file {beside}/{command}.wbxml"
    return f"  http-request return status 200 {kind} if {{ var(txn.gate_refusal) -m str {command} }}"


def _without(front: Front, beside: str) -> str:
    """What a request gets about which nothing was said (I-29)."""
    match front.rules.on_no_copy:
        case "allow":
            return ""
        case "block":
            what = f"status 403 content-type text/html file {beside}/refused.html"
        case "undecided":
            what = f"status 503 hdr Retry-After {RETRY_AFTER}"
    return f"  http-request return {what} unless gate_lets"


def _aside(front: Front) -> Iterator[str]:
    """What makes a request another than the usual one, as Reader.aside does at the door; nothing if nothing does."""
    marks = []
    if "basic" not in front.users:
        marks.append("always_true")
    if "header" in front.users:
        yield "# What stands before HAProxy sets this header, and drops a phone's own."
        marks.append(f"req.fhdr_cnt({header_name(front)}) gt 0")
    certificates = _certificates(front)
    if certificates == "tls":
        verified = "{ ssl_c_used } { ssl_c_verify 0 }"
        yield f"http-request set-var(txn.gate_certificate) ssl_c_der,sha2(256),hex if {verified}"
        marks.append("var(txn.gate_certificate) -m found")
    elif certificates:
        yield "# What stands before HAProxy says here which certificate it verified, and drops what a phone says."
        marks.append("req.fhdr_cnt(X-Gatepost-Certificate) gt 0")
    yield from (f"acl gate_aside {mark}" for mark in marks)
    if marks:
        yield "http-request unset-var(txn.gate_device) if gate_aside"


def _certificates(front: Front) -> str:
    """Who verifies certificates: HAProxy (tls), what stands before it (header), or nobody ("")."""
    if not front.certificates:
        return ""
    if bool(front.tls_certificate) != bool(front.client_ca):
        raise FrontUnfit(
            "with certificates = true HAProxy verifies them by tls_certificate, tls_key and client_ca in"
            f" [doors.{front.door}]: write them there; or none of them, if what stands before HAProxy does, and sets"
            " X-Gatepost-Certificate"
        )
    return "tls" if front.tls_certificate else "header"


def _tls(front: Front) -> str:
    if not front.tls_certificate:
        return ""
    key_of_certificate("HAProxy", front)
    certificate, key = _plain(front, "tls_certificate"), _plain(front, "tls_key")
    if key != f"{certificate}.key":
        raise FrontUnfit(
            f"HAProxy finds a certificate's key under the certificate's name and .key: name tls_key in"
            f" [doors.{front.door}] {certificate}.key"
        )
    # A certificate that does not verify is refused by HAProxy itself.
    asks = f" ca-file {_plain(front, 'client_ca')} verify optional" if _certificates(front) else ""
    return f" ssl crt {certificate} ssl-min-ver TLSv1.2{asks}"


def _plain(front: Front, setting: str) -> str:
    """HAProxy reads quotes, spaces, commas and brackets within a path in several ways."""
    path: Path = getattr(front, setting)
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]+", str(path)):
        raise FrontUnfit(
            f"HAProxy cannot be told of a path with other signs than letters, digits and . _ ~ -: {setting} in"
            f" [doors.{front.door}] is {str(path)!r}"
        )
    return str(path)


def _other_than(types: tuple[str, ...]) -> str:
    """A usual request is of no cloud cache."""
    plain = [kind for kind in types if re.fullmatch(r"[A-Za-z0-9]+", kind)]
    return f"(?!(?i:{'|'.join(plain)})(?:&|$))" if plain else ""


# --- the head of haproxy.lua


def _lua(front: Front, beside: str) -> bytes:
    settings = {
        "directory": _lua_text(beside),
        "on_no_copy": _lua_text(front.rules.on_no_copy),
        "shared_types": _lua_set(front.shared_types),
        "plain_types": _lua_set(front.plain_refusal_types),
        "refusals": _lua_table({command.lower(): command for command in REFUSAL_129}),
        "fold": _lua_table(_folding()),
        "users": "{" + ", ".join(map(_lua_text, front.users)) + "}",
        "user_by_certificate": "true" if "certificate" in front.users else "false",
        "user_header": _lua_text(header_name(front).lower()) if "header" in front.users else "nil",
        "bearer_claim": _lua_text(front.bearer_claim),
        "certificates": _lua_text(_certificates(front)),
        "of_nothing": _lua_text(OF_NOTHING),
        "longest_token": str(LONGEST_TOKEN),
        "longest_certificate": str(LONGEST_CERTIFICATE),
        "most_brackets": str(MOST_BRACKETS),
    }
    head = "GATEPOST = {\n" + "".join(f"  {name} = {value},\n" for name, value in settings.items()) + "}\n\n"
    here = resources.files("gatepost.doors.fronts")
    return head.encode("ascii") + b"\n".join(here.joinpath(name).read_bytes() for name in _PARTS)


def _folding() -> dict[str, str]:
    """What case-folding makes of each character beyond ASCII that it changes."""
    characters = (chr(point) for point in range(0x80, sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF)
    return {character: character.casefold() for character in characters if character.casefold() != character}


def _lua_set(texts: tuple[str, ...]) -> str:
    return "{" + ", ".join(f"[{_lua_text(text.casefold())}] = true" for text in texts) + "}"


def _lua_table(pairs: dict[str, str]) -> str:
    return "{" + ", ".join(f"[{_lua_text(key)}] = {_lua_text(value)}" for key, value in pairs.items()) + "}"


def _lua_text(text: str) -> str:
    """A string of Lua: letters and digits as they are, every other byte by its number (I-36)."""
    body = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03d}" for byte in text.encode())
    return f'"{body}"'
