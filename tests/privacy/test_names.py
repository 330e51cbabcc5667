"""I-34: whatever prints somebody's name has written down who looked: a hundred are seeded, every command is given."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gatepost.actions import access
from gatepost.cli.main import run
from gatepost.cli.output import Exit
from gatepost.core.privacy.shown import SHOWN
from gatepost.storage import ledger
from tests.docs.generated import command_names
from tests.privacy.town import CANARY, Town
from tests.verbs.houses import ROLES, Builder, House, good

NOT_GIVEN = {
    "demo": "plays on a site of its own, with people of its own",
    "init": "makes a site in which there is nobody yet",
    "serve": "runs until it is stopped; what it logs is searched in test_app_canaries.py",
    "web": "the same; what it answers is searched with a purpose, see tests/web",
    "worker": "the same",
    "door run": "the same",
    "completion": "writes a shell's script",
}
"""Commands that are not given here, each with the reason."""

UNRECORDED = {
    "people import": "repeats the id of a row that could not be taken, from the file that it was given",
    "device-password issue": "says whose device it is for, and nothing of anybody's apps",
    "device-password list": "the same",
    "ledger show": "names who acted, and owners act too: by a statement, or by asking for what is held on them",
}
"""Commands that print somebody's name without a look being recorded, each with the reason."""

OFFICIAL = {
    "role list": "administrators and auditors see who holds which role",
    "key list": "and whose key is whose",
    "key confirm": "says whose key it is",
    "key revoke": "says whose key it was",
    "token list": "administrators and auditors see who lets programs act, others what they made themselves",
    "apps proposed": "approvers see who proposes",
    "policy show": "who proposed and who approved, for everybody whom it concerns",
    "waiver report": "who granted a waiver, though not to whom",
    "people looks": "people see who looked at them",
    "vendor list": "who asked an app's owner",
    "ledger show": "who did what",
}
"""Commands that name people who act for the organisation: authors, approvers, operators."""


@dataclass(frozen=True)
class Given:
    """One command as it was given. `names`: canaries printed that were not in the line. `looked`: looks recorded."""

    command: str
    line: str
    names: frozenset[str]
    officials: frozenset[str]
    looked: int


@pytest.fixture(scope="module")
def given(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Given]]:
    """The whole day, command by command."""
    house = builder.build(rails__large_impact_percent=0)
    words = [" ".join(command) for command in command_names()]
    found = []
    for said in Town(house, tmp_path_factory.mktemp("town")).day():
        found += [give(house, said.line, said.exit, words, *form) for form in ([], ["--json"])[: 1 + said.read]]
    yield found
    house.close()


def give(house: House, line: str, exit: int, words: list[str], *form: str) -> Given:
    """Give one command, in this process, and look at what it printed and recorded."""
    before, out, err = looks(house), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["--site", str(house.site.directory), *form, *shlex.split(line)])
    printed = (out.getvalue() + err.getvalue()).casefold()
    assert code == exit, f"{line}: {code}\n{printed}"
    command = max((name for name in words if f"{line} ".startswith(f"{name} ")), key=len)
    names = set(re.findall(rf"{CANARY}\d{{3}}", printed)) - set(re.findall(rf"{CANARY}\d{{3}}", line))
    officials = {name for name in ROLES if name in printed and name not in line}
    return Given(command, line, frozenset(names), frozenset(officials), looks(house) - before)


def looks(house: House) -> int:
    """How many looks at names are in the ledger."""
    with house.site.store.reading() as conn:
        return sum(1 for _ in ledger.rows(conn, 0, ("NamesLooked",)))


def test_every_command_is_given(given: list[Given]) -> None:
    """Commands are found by walking the program: each was given above, or it is said why not."""
    every = {" ".join(command) for command in command_names()}
    assert {one.command for one in given} | NOT_GIVEN.keys() == every
    assert not {one.command for one in given} & NOT_GIVEN.keys()


def test_the_names_are_there_to_be_found(given: list[Given]) -> None:
    """The search itself: some commands do print names, one of them all of those whom a policy hits."""
    assert max(len(one.names) for one in given if one.command == "policy names") == 60
    assert len({one.command for one in given if one.names}) >= 6


def test_whoever_sees_a_name_has_been_written_down(given: list[Given]) -> None:
    """I-34: a command that prints anybody's name, address or login that was not typed recorded a look in that run, or
    stands in the list above with a reason that was read and agreed."""
    unrecorded = {one.command for one in given if one.names and not one.looked}
    assert unrecorded == UNRECORDED.keys()


def test_who_acts_for_the_organisation_is_named_in_few_places(given: list[Given]) -> None:
    """Authors, approvers and operators are named without a look only where somebody has to know who decided."""
    assert {one.command for one in given if one.officials and not one.looked} == OFFICIAL.keys()


def test_the_sheet_names_every_way_to_see_names(given: list[Given]) -> None:
    """What the privacy sheet says of who can see names is complete: each command that recorded a look stands there."""
    recorded = {one.command for one in given if one.looked}
    assert recorded == {shown.command for shown in SHOWN if shown.recorded}
    silent = {one.command for one in given if one.names and not one.looked}
    assert {shown.command for shown in SHOWN if not shown.recorded} <= silent | OFFICIAL.keys()


LINES = {
    "policy names": "policy names no-tiktok --purpose testing",
    "notices show": "notices show no-tiktok --person u0@corp.example --purpose testing",
    "decide": "decide --user u0@corp.example --purpose testing",
    "people export": "people export u0@corp.example --purpose testing",
    "people looks": "people looks u0@corp.example --purpose testing",
    "waiver report": "waiver report --purpose testing",
    "device-password list": "device-password list",
    "role list": "role list",
    "token list": "token list",
    "ledger show": "ledger show",
}
"""A line for each way to see names."""


def test_who_can_see_names_is_who_the_sheet_says(builder: Builder) -> None:
    """Each role gives each command that shows names: those named in the sheet may, with administrators; all others are
    refused for lack of a role."""
    house = builder.build()
    house.owners(1)
    house.announce()
    roles = ("admin", "author", "operator", "helpdesk", "auditor", "approver:security")
    for role in roles:
        good(access.grant_role(house.site, None, f"{role.replace(':', '-')}@corp.example", role))
    allowed = {shown.command: {*shown.roles, "admin"} if shown.roles else set(roles) for shown in SHOWN}
    assert allowed.keys() == LINES.keys()
    for command, line in LINES.items():
        codes = {role: answer(house, f"{line} --as {role.replace(':', '-')}@corp.example") for role in roles}
        assert {role for role, code in codes.items() if code != Exit.REFUSED} == allowed[command], command
    house.close()


def answer(house: House, line: str) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run(["--site", str(house.site.directory), *shlex.split(line)])
