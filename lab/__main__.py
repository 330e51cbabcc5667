"""`python -m lab`: real mail servers and a Gatepost site to play with, until Ctrl-C.

python -m lab              everything up; says what there is and what to try
python -m lab play         everything up, a story played and told, everything down
python -m lab phone NAME   in a lab that runs: NAME's phone looks for mail
python -m lab mail NAME SUBJECT    in a lab that runs: a mail for NAME
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lab import story
from lab.servers import PASSWORD, Lab, Unfit, started
from lab.site import PHONES
from tests.journeys.company import AUTHOR, OPERATOR, POLICY
from tests.servers.phone import Phone, Refused
from tests.servers.sogo import deliver

DIRECTORY: Final = Path("build/lab")


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if it cannot start here, or there is no lab."""
    parser = argparse.ArgumentParser(
        prog="python -m lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, default=DIRECTORY, help="the lab's directory (build/lab)")
    parser.set_defaults(act=_up)
    acts = parser.add_subparsers(metavar="ACT")
    acts.add_parser("play").set_defaults(act=_play)
    phone = acts.add_parser("phone")
    phone.add_argument("name", choices=PHONES)
    phone.add_argument("--front", choices=("nginx", "haproxy"), default="nginx")
    phone.set_defaults(act=_phone)
    mail = acts.add_parser("mail")
    mail.add_argument("name", choices=PHONES)
    mail.add_argument("subject")
    mail.set_defaults(act=_mail)
    chosen = parser.parse_args(arguments)
    try:
        chosen.act(chosen)
    except Unfit as unfit:
        print(f"lab: {unfit}", file=sys.stderr)
        return 1
    return 0


def _up(chosen: argparse.Namespace) -> None:
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    with started(chosen.dir.resolve()) as lab:
        print(_shown(lab), flush=True)
        asked.wait()
        print("taking everything down ...", file=sys.stderr, flush=True)


def _play(chosen: argparse.Namespace) -> None:
    with started(chosen.dir.resolve()) as lab:
        story.tell(lab)


def _phone(chosen: argparse.Namespace) -> None:
    lab = Lab.running(chosen.dir)
    login, device = PHONES[chosen.name]
    with Phone(lab.fronts[chosen.front], Path(lab.authority), login, PASSWORD, device) as phone:
        try:
            print("let in:", ", ".join(phone.sync()) or "the inbox is empty")
        except Refused as refused:
            print("refused:", refused.how)


def _mail(chosen: argparse.Namespace) -> None:
    deliver(Path(Lab.running(chosen.dir).mailboxes), PHONES[chosen.name][0], chosen.subject)


def _shown(lab: Lab) -> str:
    fronts = "\n".join(f"  ActiveSync by {name:<8} https://127.0.0.1:{port}" for name, port in lab.fronts.items())
    people = "\n".join(f"  {login:<18} password {PASSWORD}, phone {device}" for login, device in PHONES.values())
    return f"""
{fronts}
  certificates are of      {lab.authority}
  IMAP                     127.0.0.1:{lab.imap} by device passwords, of the same mailboxes
  submission               127.0.0.1:{lab.submission} by device passwords
  mails that were sent     {lab.notices}

{people}
  Hanna's and Ellis's phones carry TikTok. The policy {POLICY} is approved, and not announced.

Try, in another terminal and in this directory:

  export GATEPOST_SITE={lab.site} PATH=$PWD/.venv/bin:$PATH
  python -m lab mail hanna "Lunch?"
  python -m lab phone hanna
  python -m lab phone hanna --front haproxy
  gatepost device-password issue --device hanna-phone --reason "A new phone"
  curl -u hanna@example.com:PASSWORD 'imap://127.0.0.1:{lab.imap}/INBOX?ALL'
  gatepost policy announce {POLICY} --as {AUTHOR}
  gatepost notices show {POLICY}
  gatepost clock set 2020-07-12
  gatepost policy retract {POLICY} --because error --reason hasty --as {OPERATOR}
  gatepost door list

Ctrl-C takes everything down.
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
