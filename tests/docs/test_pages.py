"""Every command that a page shows is run, and prints what the page says; every link leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, Block, blocks, commands, matches, run_page
from tests.servers.ports import free_port

LINK = re.compile(r"(?:\]\(|srcset=\"|src=\")([^)\"\s]+)[)\"]")

TUTORIAL = DOCS / "tutorial.md"
"""Has a test of its own."""

RUN = [page for page in PAGES if page != TUTORIAL and any(block.runs for block in blocks(page.read_text()))]
"""Pages that show commands."""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.needs("curl")
@pytest.mark.needs("openssh-client")
@pytest.mark.parametrize("page", RUN, ids=name)
def test_a_page_s_commands_print_what_it_says(page: Path, tmp_path: Path) -> None:
    """A reader who types what a page shows, from an empty folder, sees what the page shows."""
    ports = {usual: str(free_port()) for usual in ("8025", "8180", "8181", "9464", "9465", "9466")}
    assert run_page(page.read_text(), tmp_path, ports) > 0


def test_the_pages_that_matter_are_run() -> None:
    """No page stops being run because its blocks lost their mark."""
    assert {name(page) for page in RUN} >= {name(page) for page in PAGES if page.parent.name == "how-to"} - PROSE


UNTRIED = {"docs/how-to/envoy.md", "docs/how-to/traefik.md"}
"""Written from others' documentation."""

PROSE = {"docs/how-to/employee.md"} | UNTRIED
"""For readers without a shell; and what nobody has run."""


def test_a_page_that_nobody_tried_says_so_first() -> None:
    """A recipe is tried, or the first thing that its reader learns is that it is not."""
    for page in UNTRIED:
        assert (ROOT / page).read_text().splitlines()[2].startswith("**Untried.**"), page


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of ours names one that is there, and its heading if it names one."""
    for target in LINK.findall(page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(file.read_text()), f"{name(page)} links to {target}"


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as hosts of Markdown make them."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", without_code, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_is_expected_is_compared_line_by_line() -> None:
    """The runner itself: dots stand for what varies, and for nothing else."""
    assert matches("a ... c\n", "a b c\n")
    assert matches("a\n...\nz\n", "a\nb\nc\nz\n")
    assert matches("a\n...\nz\n", "a\nz\n")
    assert not matches("a ... c\n", "a b\nc\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a.c\n", "abc\n")
    assert matches("", "\n")


def test_blocks_and_commands_are_found() -> None:
    """The runner itself: commands, their lines, what they print, and commands of several lines."""
    page = "# A\n\n```console again\n$ one \\\n  more\nprinted\n$ two\n```\n```toml file=x.toml\na = 1\n```\n"
    run, file = blocks(page)
    assert run == Block(3, ("console", "again"), "$ one \\\n  more\nprinted\n$ two\n")
    assert [(command.text, command.expected) for command in commands(run)] == [
        ("one \\\n  more", "printed\n"),
        ("two", ""),
    ]
    assert file.file == "x.toml"
    assert not file.runs
