"""Dovecot 2.3: asks the door at each login, by a passdb in Lua (packages dovecot-auth-lua and lua-cjson).

`gatepost.conf` is taken into a Dovecot that is there already, after everything else; `gatepost.lua` is what it runs.
"""

from importlib.resources import files as resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gatepost.doors.fronts import Files, Front, FrontUnfit
from gatepost.doors.fronts.text import bare_path, filled
from gatepost.doors.login import PATH

CONFIG: Final = "gatepost.conf"
SCRIPT: Final = "gatepost.lua"

_CONFIG: Final = """\
# The door @door@ before Dovecot 2.3. Written by `gatepost door config dovecot`: write it anew when a setting changes.
# Dovecot takes it in by a line at the end of dovecot.conf: !include gatepost.conf

# The password tells the device. Every other passdb that phones can reach is a way around the door.
passdb {
  driver = lua
  args = file=@script@ blocking=yes
}

# Sessions are named LOGIN+LABEL, so that those of one device can be ended. What knows people by their login, the userdb
# first of all, must take %L{orig_user} in the place of %u: the login as it was typed, in small letters.
auth_username_chars = abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@+
auth_mechanisms = plain login

# A password that was revoked, and a device that is blocked, must not be let in from memory.
auth_cache_size = 0

# Without an answer of the door: NO [UNAVAILABLE], and mail programs try again, whatever on_no_copy says: passwords are
# checked by the door's copy, so without it there is nothing to let anybody in by. (Here: @on_no_copy@.)
# A refusal takes a second, and with the second that the script waits for the door a login takes two at most.
auth_failure_delay = 1 secs
auth_worker_max_count = 100

# Otherwise all logins from an address wait up to 17 seconds after refused ones, a blocked phone's colleagues too.
# The passwords have 100 random bits: nobody guesses them at any speed.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}

# Postfix asks here (smtpd_sasl_path).
service auth {
  inet_listener gatepost_sasl {
    address = @sasl_host@
    port = @sasl_port@
  }
}
"""

_DOVEADM: Final = """\

# The door ends open sessions here.
service doveadm {
  inet_listener http {
    address = @host@
    port = @port@
  }
}
doveadm_api_key = <@key_file@
"""


def files(front: Front) -> Files:
    """gatepost.conf and gatepost.lua. FrontUnfit."""
    config = filled(
        _CONFIG,
        door=front.door,
        script=_path(front, "dovecot_script", front.dovecot_script),
        on_no_copy=front.rules.on_no_copy,
        sasl_host=front.sasl.host,
        sasl_port=str(front.sasl.port),
    )
    script = (resources(__package__) / SCRIPT).read_text(encoding="utf-8")
    script = filled(script, login=f"http://{front.check}{PATH}")
    return {CONFIG: (config + _doveadm(front)).encode(), SCRIPT: script.encode()}


def _doveadm(front: Front) -> str:
    """The listener for the door, where the settings name one on this machine."""
    if not front.doveadm:
        return ""
    if not front.doveadm_key_file:
        raise FrontUnfit(f"dovecot needs doveadm_key_file in [doors.{front.door}] beside doveadm: write it there")
    url = urlsplit(front.doveadm)
    if url.scheme != "http" or not url.hostname or not url.port:
        raise FrontUnfit(
            f"doveadm in [doors.{front.door}] is {front.doveadm!r}: Dovecot listens for it at http://HOST:PORT"
        )
    key_file = _path(front, "doveadm_key_file", front.doveadm_key_file)
    if front.doveadm_key_file.exists() and front.doveadm_key_file.read_bytes().endswith(b"\n"):
        raise FrontUnfit(
            f"Dovecot takes the end of the line in {key_file} for a part of the key: write the file without, such as by"
            " openssl rand -hex 32 | tr -d '\\n'"
        )
    return filled(_DOVEADM, host=url.hostname, port=str(url.port), key_file=key_file)


def _path(front: Front, setting: str, path: Path) -> str:
    """Dovecot ends the arguments of a passdb at a blank, and takes # for a comment."""
    return bare_path("dovecot", front, setting, path)
