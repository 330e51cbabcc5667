"""Caddy before ActiveSync, and before a web application: asks the door before each request, by forward_auth.

`Caddyfile` runs it from the directory of the files, where the folder `gatepost` holds the refusals of ActiveSync.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gatepost.doors.activesync import REFUSAL_129
from gatepost.doors.check import RETRY_AFTER
from gatepost.doors.fronts import Files, Front, FrontUnfit
from gatepost.doors.fronts.text import ASTRAY, filled, key_of_certificate, plain_path

PATH: Final = "/Microsoft-Server-ActiveSync"
AUTHENTICATE: Final = "authenticate.caddy"
"""Written by whoever runs the site, never by us: what signs people in and sets the header that names them."""

_FILE: Final = """\
# The door @door@ before the mail server. Written by `gatepost door config caddy`: write it anew when a setting changes.
# caddy run --config Caddyfile, in this directory: the folder gatepost beside it is found from there.
{
	admin off
	auto_https off
}

(gatepost_refused) {
	header Content-Type text/html
	respond "<p>This device cannot open company mail.</p>" 403
}

@site@ {
	bind @bind@
@tls@
@routes@
	respond 404

	handle_errors {
		# The folder gatepost is not found.
		@refused vars gatepost refused
		handle @refused {
			import gatepost_refused
		}
		# Without an answer of the door: @on_no_copy@.
@errors@
	}
}
"""

_ROUTE: Final = """\
	@@kind@ {
@match@
	}
	route @@kind@ {
		# Ours to say, not a client's.
		request_header -X-Gatepost-*
		request_header -X-Original-*
		request_header -X-Forwarded-*
		request_header -@user_header@
@authenticate@
		vars gatepost @kind@
		forward_auth @check@ {
			uri @asked_at@
			copy_headers X-Gatepost-Verdict
			header_up -Cookie
@certificate@
			transport http {
				dial_timeout 1s
				response_header_timeout 1s
				compression off
			}
@status129@
			@refused {
				status 403
				header X-Gatepost-Verdict block
			}
			handle_response @refused {
				import gatepost_refused
			}
			# Whatever else comes back is no answer.
			handle_response {
@without@
			}
		}
@unsaid@
		vars gatepost answered
		request_header -X-Gatepost-Verdict
@onward@
	}"""

_STATUS_129: Final = """\
			@status129 {
				status 403
				header X-Gatepost-Verdict block
				header X-Gatepost-Generation 14
@commands@
			}
			handle_response @status129 {
				vars gatepost refused
				request_header -Range
				request_header -If-*
				method GET
				rewrite * /{rp.header.X-Gatepost-Command}.wbxml
				header Content-Type application/vnd.ms-sync.wbxml
				file_server {
					root gatepost
				}
			}"""

_UNSAID: Final = """\
# What lets in without being the door's word is no answer either.
@@kind@_unsaid {
	not header X-Gatepost-Verdict allow
	not header X-Gatepost-Verdict warn
}
route @@kind@_unsaid {
@without@
}"""

_FINGERPRINT: Final = "{http.request.tls.client.fingerprint}"

_BACKEND: Final = """\
reverse_proxy @backend@ {
	transport http {
		keepalive off
		compression off
	}
}"""


class _Kind(NamedTuple):
    """A kind of requests: its name, what matches it, where the door is asked, and what leads on to the mail server."""

    name: str
    match: str
    asked_at: str
    onward: str


def files(front: Front) -> Files:
    """Caddyfile, and the bodies of Status 129 in the folder gatepost. FrontUnfit."""
    kinds = list(_kinds(front))
    scheme = "" if front.tls_certificate else "http://"
    text = _filled(
        _FILE,
        door=front.door,
        site=f"{scheme}:{front.front.port}",
        bind=front.front.host,
        tls=_indented(1, *_tls(front)),
        routes="\n".join(_route(front, kind) for kind in kinds),
        on_no_copy=front.rules.on_no_copy,
        errors=_indented(2, *(line for kind in kinds for line in _on_error(front, kind))),
    )
    bodies = {f"gatepost/{command}.wbxml": body for command, body in REFUSAL_129.items()}
    return {"Caddyfile": text.encode(), **bodies}


def _kinds(front: Front) -> Iterator[_Kind]:
    to_mail = _filled(_BACKEND, backend=front.backend)
    path = plain_path(front, "backend_path", front.backend_path)
    yield _Kind("activesync", f"path {PATH} {PATH}/", "/check", f"rewrite * {path}\n{to_mail}")
    if front.web_path:
        web = plain_path(front, "web_path", front.web_path.rstrip("/"))
        # By no path that a mail server takes for ActiveSync: it would be asked about as a browser's.
        # And as it was sent, since it is passed on so.
        sent = "vars_regexp {http.request.orig_uri}"
        astray = f"not {sent} `(?i){ASTRAY}`\n{sent} ^{re.escape(web)}([/?]|$)"
        match = f"path {web} {web}/*\nnot path *microsoft-server-activesync*\n{astray}"
        yield _Kind("web", match, "/check-web", to_mail)


def _route(front: Front, kind: _Kind) -> str:
    refusal = _refusal(front)
    unsaid = _filled(_UNSAID, kind=kind.name, without=_indented(1, *refusal)) if refusal else ""
    commands = (f"header X-Gatepost-Command {command}" for command in REFUSAL_129)
    return _filled(
        _ROUTE,
        kind=kind.name,
        match=_indented(2, kind.match),
        user_header=front.user_header,
        authenticate=_indented(2, f"import {AUTHENTICATE}") if "header" in front.users else "",
        check=front.check,
        asked_at=kind.asked_at,
        certificate=_indented(3, f"header_up X-Gatepost-Certificate {_FINGERPRINT}") if front.certificates else "",
        status129=_filled(_STATUS_129, commands=_indented(4, *commands)) if kind.name == "activesync" else "",
        # What follows a response that is not answered here is what follows an answer of 2xx.
        without=_indented(4, *(refusal or ["vars gatepost open"])),
        unsaid=_indented(2, unsaid),
        onward=_indented(2, kind.onward),
    )


def _on_error(front: Front, kind: _Kind) -> Iterator[str]:
    """What a request gets while the door is asked in vain: it has no other answer then than an error (I-29)."""
    yield f"@{kind.name}_unanswered vars gatepost {kind.name}"
    yield f"handle @{kind.name}_unanswered {{"
    yield _indented(1, *(_refusal(front) or [kind.onward]))
    yield "}"


def _refusal(front: Front) -> list[str]:
    """The answer to a request that the door did not answer; none where it is let through."""
    match front.rules.on_no_copy:
        case "allow":
            return []
        case "block":
            return ["import gatepost_refused"]
        case "undecided":
            return [f"header Retry-After {RETRY_AFTER}", "respond 503"]


def _tls(front: Front) -> Iterator[str]:
    if front.certificates and not (front.tls_certificate and front.client_ca):
        raise FrontUnfit(
            f"with certificates = true caddy needs tls_certificate, tls_key and client_ca in [doors.{front.door}]:"
            " write them there"
        )
    if not front.tls_certificate:
        return
    key_of_certificate("caddy", front)
    pair = f"{_quoted(front, 'tls_certificate')} {_quoted(front, 'tls_key')}"
    if not front.certificates:
        yield f"tls {pair}"
        return
    yield f"tls {pair} {{"
    yield "\tclient_auth {"
    yield "\t\tmode verify_if_given"
    yield f"\t\ttrust_pool file {_quoted(front, 'client_ca')}"
    yield "\t}"
    yield "}"


def _quoted(front: Front, setting: str) -> str:
    """In quotes Caddy still reads a backslash and what stands in braces."""
    path = str(getattr(front, setting))
    if re.search(r'["\\{}\x00-\x1f]', path):
        raise FrontUnfit(f"caddy cannot be told of a path with a quote, brace or \\: {setting} in [doors.{front.door}]")
    return f'"{path}"'


def _indented(by: int, *parts: str) -> str:
    return "\n".join("\t" * by + line for part in parts for line in part.splitlines())


def _filled(template: str, **values: object) -> str:
    """Without the lines of what is not there."""
    return re.sub(r"(?<=\n)\n(?=\t)", "", filled(template, **values))
