"""The command line's own manners, seen from outside."""

import subprocess
from pathlib import Path

import pytest

from tests.journeys.program import ADMIN, PROGRAM, console, environment, run


def test_help_names_the_commands_and_what_works_everywhere() -> None:
    """--help lists the commands and the options that every command takes."""
    text = console("--help").stdout
    assert text.startswith("Usage: gatepost COMMAND")
    for word in ("config", "--site", "--as", "--json", "--version"):
        assert f"  {word}" in text


def test_help_of_a_command_shows_the_options_that_work_everywhere() -> None:
    """A command's own page has them too."""
    assert "--json" in console("config", "check", "--help").stdout


def imported(*words: str) -> set[str]:
    """The modules that a command imports."""
    python = PROGRAM.with_name("python")
    command = [str(python), "-X", "importtime", str(PROGRAM), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True)
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_retraction_waits_for_no_import_of_numpy() -> None:
    """I-18: only what goes through a fleet needs it."""
    found = imported("policy", "retract", "--help")
    assert "gatepost.actions.retract" in found
    assert "numpy" not in found


def test_help_imports_nothing_that_is_slow() -> None:
    """--help comes at once because neither settings, database nor mail are imported for it."""
    found = imported("--help")
    assert "cyclopts" in found
    assert not found & {
        "pydantic",
        "sqlalchemy",
        "structlog",
        "asyncio",
        "ssl",
        "jinja2",
        "rich.markdown",
        "difflib",
    }


def test_wrong_usage_is_exit_code_2() -> None:
    """Wrong usage says what was meant and where help is: on standard error, or as a document with --json."""
    done = console("config", "chekc", exit=2)
    assert done.stdout == ""
    assert 'Did you mean "check"?' in done.stderr
    assert "(see: gatepost config --help)" in done.stderr
    assert set(run("--json", "config", "chekc", exit=2).json) == {"error", "text"}
    assert run("config", "check", "--jsn", exit=2).stderr.startswith("gatepost: Unknown option: --jsn.")


@pytest.mark.parametrize(
    "order", [["--json", "config", "check"], ["config", "--json", "check"], ["config", "check", "--json"]]
)
def test_what_works_everywhere_may_stand_anywhere(tmp_path: Path, order: list[str]) -> None:
    """--json, --site and --as are taken before, inside and after a command."""
    document = run(*order, site=tmp_path, exit=1).json
    assert document["problems"][0]["file"] == "gatepost.toml"


def test_the_site_may_come_from_the_environment(tmp_path: Path) -> None:
    """GATEPOST_SITE names the site where --site does not."""
    (tmp_path / "gatepost.toml").write_text("[door]\non_unknown = 1\n")
    command = [str(PROGRAM), "config", "check"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment() | {"GATEPOST_SITE": str(tmp_path)})
    assert done.returncode == 1
    assert "gatepost.toml:2:1: door.on_unknown: expected" in done.stderr


def test_a_reader_that_leaves_is_no_error_message(tmp_path: Path) -> None:
    """`gatepost ... | head -0` ends quietly."""
    command = f"'{PROGRAM}' --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment())
    assert done.stderr == ""


def test_version() -> None:
    """--version prints the version and nothing else."""
    assert console("--version").stdout.strip().count(".") == 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site for tests that leave it as it is."""
    directory = tmp_path_factory.mktemp("made") / "site"
    run("init", directory, "--exercise", "--admin", ADMIN)
    return directory


def test_a_directory_without_a_site_is_refused(tmp_path: Path) -> None:
    """Every command that needs a site says how to make one: exit code 3."""
    assert run("policy", "list", "--json", site=tmp_path, exit=3).json["refused"] == "no_site"


def test_a_site_is_never_made_twice(made: Path) -> None:
    """init refuses a directory that has a site, and leaves it as it is."""
    before = (made / "gatepost.toml").read_bytes()
    assert run("init", made, "--json", exit=3).json["refused"] == "site_exists"
    assert (made / "gatepost.toml").read_bytes() == before


def test_a_file_may_come_from_standard_input(made: Path) -> None:
    """- is standard input; what merely looks like an option is wrong usage, not a file name."""
    bad = run("policy", "check", "-", "--json", site=made, stdin="polcy: x\n", exit=1).json
    assert bad["error"] == "invalid"
    assert {"standard input"} == {problem["file"] for problem in bad["problems"]}
    assert "looks like an option" in run("policy", "check", "--fiel", site=made, exit=2).stderr


def test_a_file_that_is_not_there_is_a_sentence(made: Path) -> None:
    """A wrong file name is no traceback: exit code 1."""
    assert (
        run("people", "import", "no.csv", site=made, exit=1).stderr == "gatepost: no.csv: No such file or directory\n"
    )


def test_a_wrong_date_is_wrong_usage(made: Path) -> None:
    """What is not a date or time says what one looks like: exit code 2."""
    text = run("clock", "set", "tomorrow", site=made, exit=2).stderr
    assert text.startswith('gatepost: AT: "tomorrow" is not a date or time: write a date such as 2020-07-10')


def test_completion_is_a_script_of_the_shell() -> None:
    """The completion script is one that bash can read, and knows the commands."""
    script = run("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    assert "retract" in script
