"""The command `gatepost`. Modules of commands are imported when they are used, so that --help comes at once."""

import gc

gc.disable()  # imports leave no garbage: collecting it costs a tenth of --help; `main` switches it on again

import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Annotated  # noqa: E402

from cyclopts import App, CycloptsError, Group, Parameter  # noqa: E402

from gatepost.cli.help import Plain  # noqa: E402
from gatepost.cli.output import Exit, Output  # noqa: E402
from gatepost.cli.session import Misuse, Session  # noqa: E402

COLLECT_AFTER = 100_000
"""New objects between two looks for garbage: at the usual 700 an import of a fleet spends a fifth of its time on it."""

COMMANDS = {
    "demo": ("demo:demo", "Play the memo's day on a site of its own."),
    "init": ("site:init", "Make a site."),
    "serve": ("serve:serve", "Run everything of a site on this machine."),
    "web": ("serve:web", "Answer programs over HTTP."),
    "worker": ("serve:worker", "Let time pass and mail be sent."),
    "door": ("doors:door", "Doors: the checks that mail servers ask."),
    "people": ("person:people", "People: import, export, erase."),
    "role": ("access:role", "Who may do what."),
    "key": ("access:key", "SSH keys that sign approvals."),
    "token": ("token:app", "Tokens with which programs act for people."),
    "devices": ("fleet:devices", "Devices: import, and single reports."),
    "device-password": ("device_passwords:app", "Passwords for the mail programs of single devices."),
    "privacy": ("privacy:app", "What is held about people, in words."),
    "apps": ("apps:app", "The catalogue of apps."),
    "policy": ("policy:app", "Policies: check, preview, and their whole life."),
    "decide": ("decide:command", "The verdict on one device."),
    "notices": ("exempt:notices", "The mails about a policy."),
    "waiver": ("exempt:waiver", "Exempt one person or device for a time."),
    "attest": ("exempt:attest", "Record an owner's statement about a device."),
    "evidence": ("about:evidence", "Claims about apps, each with its source."),
    "vendor": ("about:vendor", "What an app's owner was asked, and answered."),
    "accounts": ("about:accounts", "Our own official accounts on apps."),
    "webhook": ("webhook:app", "Programs that are told when a policy's stage changes, or a device is to report."),
    "ledger": ("ledger:app", "The record: show, verify, export, rebuild."),
    "backup": ("site:backup", "Write the site to one file."),
    "restore": ("site:restore", "Bring a site back from a backup."),
    "upgrade": ("site:upgrade", "Bring the database to this version."),
    "acknowledge": ("site:acknowledge", "Show a restored site the newest checkpoint."),
    "doctor": ("doctor:command", "Look at everything, and say what to do."),
    "config": ("config:app", "Check the site's settings."),
    "clock": ("site:clock", "Set an exercise's clock."),
    "completion": ("completion:command", "Let your shell complete commands."),
}
"""Name to what is imported from gatepost.cli when it is used, and the line in the list of commands."""


def _version() -> str:
    from importlib.metadata import version

    return version("gatepost")


app = App(
    name="gatepost",
    help="Decides which phones may open company mail, tells people first, closes the door on time, retracts in one act,"
    " and proves it.",
    version=_version,
    default_parameter=Parameter(negative=(), show_default=False),
    help_format="plaintext",  # reading markdown and drawing panels would take longer than all the rest
    help_formatter=Plain(),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
)
for _name, (_target, _help) in COMMANDS.items():
    app.command(f"gatepost.cli.{_target}", name=_name, help=_help)


_GROUP = Group("Everywhere", sort_key=100)


def _everywhere(text: str, *names: str) -> Parameter:
    return Parameter(name=names, group=_GROUP, help=text)


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    site: Annotated[Path | None, _everywhere("The site's directory; else GATEPOST_SITE, else this one.")] = None,
    by: Annotated[str | None, _everywhere("Who acts: a mail address; else the first administrator.", "--as")] = None,
    json: Annotated[bool, _everywhere("One JSON document on standard output, refusals too.")] = False,
) -> int:
    command, bound, ignored = app.parse_args(tokens)
    if json and command == app.help_print and not {"--help", "-h"} & set(tokens):
        raise Misuse("A command is missing; --help lists them.")  # a script that asks for JSON wants no page of help
    gc.enable()
    gc.set_threshold(COLLECT_AFTER)
    if "session" in ignored:
        bound.arguments["session"] = Session(site or Path(os.environ.get("GATEPOST_SITE", "")), by, Output(json))
    code = command(*bound.args, **bound.kwargs)
    return code if isinstance(code, int) else Exit.DONE


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line. Returns the exit code."""
    out = Output("--json" in arguments)
    try:
        code = app.meta(_in_order(arguments))
    except CycloptsError as error:
        return out.error(_usage(error), Exit.USAGE)
    except Misuse as error:
        return out.error(str(error), Exit.USAGE)
    except OSError as error:
        if error.filename is None:  # not about a file that somebody named: broken machinery, or a closed pipe
            raise
        return out.error(f"{error.filename}: {error.strerror}")
    except Exception as error:
        if not (text := _of_database(error)):
            raise
        return out.error(text)
    return code if isinstance(code, int) else Exit.DONE


def _in_order(arguments: Sequence[str]) -> list[str]:
    """What all commands take, before the command: behind it cyclopts would take it for a FILE that may begin with a
    hyphen and may be left out."""
    first: list[str] = []
    rest = list(arguments)
    for name, words in (("--site", 2), ("--as", 2), ("--json", 1)):
        while name in rest[: rest.index("--") if "--" in rest else None]:
            at = rest.index(name)
            first += rest[at : at + words]
            del rest[at : at + words]
    return first + rest


def _of_database(error: Exception) -> str:
    """What to say of a database that is locked, full, damaged or of another version; "" of any other error."""
    module = sys.modules.get("sqlalchemy.exc")  # imported only where something could have raised it
    if module is None or not isinstance(error, module.DBAPIError):
        return ""
    return f"the database cannot be used: {error.orig}"


def _usage(error: CycloptsError) -> str:
    chain = " ".join(error.command_chain or ())
    return f"{str(error).strip()} (see: gatepost {chain + ' ' if chain else ''}--help)"


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read us went away, as `head` does. What is still buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.ERROR
    except KeyboardInterrupt:
        code = 130
    gc.freeze()  # the system takes all memory back at once; searching it for garbage first takes 15 ms
    sys.exit(code)
