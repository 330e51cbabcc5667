"""Postfix: submission for phones, by the passwords that Dovecot asks the door about.

`gatepost.master.cf` is one service, to be put at the end of a master.cf; it takes nothing from main.cf that concerns
logins.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatepost.doors.fronts import Files, Front
from gatepost.doors.fronts.text import bare_path, filled, key_of_certificate

SERVICE: Final = "gatepost.master.cf"

_SERVICE: Final = """\
# Submission by the passwords of the door @door@. Written by `gatepost door config postfix`: write it anew when a
# setting changes. Dovecot answers for logins. Without the door it lets nobody in, whatever on_no_copy says (here:
# @on_no_copy@), and Postfix 3.7 tells phones 535, as if the password were wrong.
# A user's name here is the login alone, which smtpd_sender_login_maps goes by; Dovecot's log names the device.
@submission@ inet n - n - - smtpd
"""

_OPTIONS: Final = """\
syslog_name=postfix/phones
smtpd_sasl_auth_enable=yes
smtpd_sasl_type=dovecot
smtpd_sasl_path=inet:@sasl@
smtpd_sasl_security_options=noanonymous
smtpd_sasl_local_domain=
smtpd_client_restrictions=permit_sasl_authenticated,reject
smtpd_helo_restrictions=
smtpd_sender_restrictions=reject_known_sender_login_mismatch
smtpd_relay_restrictions=permit_sasl_authenticated,reject
smtpd_recipient_restrictions=
"""


def files(front: Front) -> Files:
    """gatepost.master.cf. FrontUnfit."""
    head = filled(_SERVICE, door=front.door, submission=str(front.submission), on_no_copy=front.rules.on_no_copy)
    options = [*filled(_OPTIONS, sasl=str(front.sasl)).splitlines(), *_tls(front)]
    return {SERVICE: (head + "".join(f"  -o {option}\n" for option in options)).encode()}


def _tls(front: Front) -> Iterator[str]:
    """Passwords are taken by TLS alone, where there is a certificate."""
    if not front.tls_certificate:
        yield "smtpd_tls_security_level=none"
        yield "smtpd_tls_auth_only=no"
        return
    key = key_of_certificate("postfix", front)
    yield "smtpd_tls_security_level=encrypt"
    yield "smtpd_tls_auth_only=yes"
    yield f"smtpd_tls_chain_files={_path(front, 'tls_key', key)}," + _path(
        front, "tls_certificate", front.tls_certificate
    )


def _path(front: Front, setting: str, path: Path) -> str:
    """A blank ends an option in master.cf, a comma a file's name, and $ begins a parameter."""
    return bare_path("postfix", front, setting, path)
