"""The reference is complete and current: every command, setting, code, event and state has its place."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from gatepost.actions import metrics
from gatepost.actions.doctor.finding import CHECKS
from gatepost.cli.output import Exit
from gatepost.core.change.warning import WarningCode
from gatepost.core.ledger.codec import EVENTS
from gatepost.core.notice.notice import NoticeKind, NoticeState
from gatepost.core.refusal import Code
from gatepost.documents import devices_file, people_file
from gatepost.doors import metrics as door_metrics
from gatepost.doors.judge import REASONS
from tests.docs.generated import PARTS, command_names, parts_of, renewed
from tests.docs.pages import DOCS, PAGES, ROOT, blocks
from tests.servers.nginx import SEARCH

REFERENCE = DOCS / "reference"
SOURCE = ROOT / "src" / "gatepost"


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def headings(text: str, level: int) -> dict[str, str]:
    """Each heading of a level with what stands under it."""
    parts = re.split(rf"^{'#' * level} (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def rows(text: str) -> set[str]:
    """What stands in the first cells of tables, in code or plain."""
    return {cell.strip().strip("`") for cell in re.findall(r"^\| ([^|]*) \|", text, flags=re.MULTILINE)}


@pytest.mark.parametrize("path", [path for path in PAGES if parts_of(path.read_text())], ids=lambda path: path.name)
def test_generated_parts_are_current(path: Path) -> None:
    """What a page takes from the program is what the program says now; scripts/reference writes it anew."""
    text = path.read_text(encoding="utf-8")
    assert renewed(text) == text, "run scripts/reference"


def test_every_decision_has_a_number_of_its_own_and_is_listed() -> None:
    """A number names one decision: they go from 1 up without a gap, in the list as in the folder."""
    folder = DOCS / "decisions"
    found = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in found] == list(range(1, len(found) + 1))
    listed = re.findall(r"^(\d+)\. \[[^\]]+\]\(([^)]+)\)$", (folder / "README.md").read_text(), flags=re.MULTILINE)
    assert listed == [(str(number), name) for number, name in enumerate(found, 1)]


def test_every_part_stands_somewhere_once() -> None:
    """No part is generated for nobody, and none twice."""
    assert sorted(name for path in PAGES for name in parts_of(path.read_text())) == sorted(PARTS)


def test_every_command_has_its_place() -> None:
    """Commands are found by walking the program, so none can be forgotten; each does something when asked for help."""
    shown = headings(page("commands.md"), 2)
    assert set(shown) == {f"gatepost {' '.join(words)}" for words in command_names()}
    assert len(shown) > 40


def test_every_refusal_has_its_heading() -> None:
    """Every code says what it means and what to do, in the program's order; those not given say so, and only they."""
    shown = headings(page("refusals.md"), 3)
    assert list(shown) == [code.value for code in Code]
    source = "\n".join(path.read_text() for path in SOURCE.rglob("*.py") if path != SOURCE / "core" / "refusal.py")
    given = {code.value for code in Code if re.search(rf"\bCode\.{code.name}\b", source)}
    said = {code for code, text in shown.items() if not text.strip().startswith("Reserved.")}
    assert said == given, "refusals.md says Reserved of a code that is given, or not of one that is not"
    assert len(given) > 40


def test_every_event_has_its_heading_with_all_its_fields() -> None:
    """Whoever reads a ledger finds each event and each of its fields explained."""
    shown = headings(page("events.md"), 3)
    assert set(shown) == set(EVENTS)
    lacking = {
        f"{name}.{field.name}"
        for name, event in EVENTS.items()
        for field in fields(event)
        if f"`{field.name}`" not in shown[name]
    }
    assert lacking == set()


def test_every_warning_has_its_heading() -> None:
    """Every warning's code is explained."""
    assert list(headings(page("warnings.md"), 2)) == [code.value for code in WarningCode]


def test_every_reason_of_a_door_is_explained() -> None:
    """I-37: the closed list of what a door says is on its page, with every header that it sends."""
    text = page("door.md")
    assert set(REASONS) <= rows(text)
    sent = set(re.findall(r"X-Gatepost-\w+", (SOURCE / "doors" / "check.py").read_text()))
    assert len(sent) == 5
    assert sent <= rows(text)


def test_every_kind_and_state_of_a_mail_is_explained() -> None:
    """Who reads `notices show` or a mail's headers finds the word."""
    shown = rows(page("mail.md"))
    assert {kind.value for kind in NoticeKind} | {state.value for state in NoticeState} <= shown
    assert {"Gatepost-Notice", "Gatepost-Policy", "Gatepost-Exercise"} <= shown


def test_pages_speak_of_figures_that_there_are() -> None:
    """Who copies an alert from a page is woken by it: each figure that a page names is one that a process tells."""
    known = {figure.name for figure in (*metrics.FIGURES, *door_metrics.FIGURES)}
    text = (DOCS / "how-to" / "watch.md").read_text()
    named = set(re.findall(r"\bgatepost_[a-z_]+", text)) - {"gatepost_doors"}  # the beginning that grep looks for
    assert len(named) > 8
    assert named <= known


def test_figures_are_named_as_prometheus_asks() -> None:
    """Names are unique; counters end in _total, and what is measured has its base unit in its name."""
    figures = (*metrics.FIGURES, *door_metrics.FIGURES)
    assert len({figure.name for figure in figures}) == len(figures)
    for figure in figures:
        assert re.fullmatch(r"gatepost_[a-z_]+", figure.name)
        assert figure.name.endswith("_total") == figure.counts, figure.name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|days|percent)\b", figure.name)
        assert figure.meaning.endswith(".")


def test_every_exit_code_is_explained() -> None:
    """Scripts depend on exit codes."""
    assert {str(code.value) for code in Exit} <= rows(page("exit-codes.md"))


def test_every_check_of_the_doctor_is_explained() -> None:
    """Who reads what the doctor found finds what it looked at, and how."""
    assert set(CHECKS) <= rows(page("doctor.md"))


def test_every_column_of_a_file_is_explained() -> None:
    """Who writes an export finds every column."""
    shown = headings(page("files.md"), 2)
    for name, columns in (("people.csv", people_file.COLUMNS), ("devices.csv", devices_file.COLUMNS)):
        table = rows(shown[name]) - {"column", "---"}
        assert table == set(columns.all), name


def test_every_decision_is_listed_and_whole() -> None:
    """A decision record has its five parts, fits on a page, and can be found."""
    listed = (DOCS / "decisions" / "README.md").read_text()
    records = sorted((DOCS / "decisions").glob("0*.md"))
    assert len(records) >= 12
    for record in records:
        text = record.read_text()
        assert record.name in listed
        assert "**Status:**" in text
        assert list(headings(text, 2)) == ["Context", "Decision", "Consequences", "Alternatives"], record.name
        assert len(text.split()) < 450, record.name


def test_the_pictures_differ_in_their_colours_only() -> None:
    """The dark picture shows what the light one shows."""
    light, dark = (
        re.sub(r"#[0-9a-f]{6}", "#", (DOCS / "pictures" / f"how-it-works-{mode}.svg").read_text())
        for mode in ("light", "dark")
    )
    assert light == dark


@pytest.mark.needs("nginx-light")
def test_nginx_takes_the_page_s_configuration(tmp_path: Path) -> None:
    """The configuration with the log lines added as the page says is one that nginx accepts."""
    recipe, logging = (
        block.text for block in blocks((DOCS / "how-to" / "nginx.md").read_text()) if block.words == ("nginx",)
    )
    outside, inside = logging.replace("/var/log/nginx", str(tmp_path)).splitlines()
    mark = "    auth_request_set $gate_generation"
    assert mark in recipe
    http = f"{outside}\n" + recipe.replace(mark, f"    {inside}\n{mark}", 1)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{http}\n}}\n")
    tried = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", "nginx.conf", "-e", "error.log"],
        env={"PATH": SEARCH},
        capture_output=True,
        text=True,
    )
    assert tried.returncode == 0, tried.stderr
