"""The benchmarks run. What they measure is for docs/performance.md: no figure is ever a test."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS
from bench.figures import Figure
from bench.page import Measured, now, write_page

ROOT = Path(__file__).parents[2]


WITHOUT_SERVERS = ("decide", "scratch", "import", "pages", "help")


def quickly(page: Path, *names: str) -> tuple[str, str]:
    """What these benchmarks, or all, print and write at tiny sizes."""
    command = [sys.executable, "-m", "bench", *names, "--quick", "--write", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert "figures mean nothing" in text
    return done.stdout, text


def test_the_benchmarks_that_need_no_server_run(tmp_path: Path) -> None:
    """At tiny sizes each compares its answers and prints its figures; the others do so with the full sizes."""
    _, text = quickly(tmp_path / "performance.md", *WITHOUT_SERVERS)
    assert [name for name in BENCHMARKS if f"## `python -m bench {name}`" in text] == list(WITHOUT_SERVERS)


@pytest.mark.long
@pytest.mark.needs("wrk")
@pytest.mark.needs("postfix")
@pytest.mark.needs("sogo-activesync")
@pytest.mark.needs("haproxy")
@pytest.mark.needs("nginx-light")
@pytest.mark.needs("dovecot-auth-lua")
def test_every_benchmark_runs_and_its_answers_agree(tmp_path: Path) -> None:
    """At tiny sizes each benchmark compares its answers, prints its figures, and the page names every one of them."""
    printed, text = quickly(tmp_path / "performance.md")
    for name in (
        "decide",
        "scratch",
        "check",
        "haproxy",
        "change",
        "doors",
        "import",
        "mail",
        "pages",
        "sessions",
        "sogo",
        "help",
    ):
        assert f"## `python -m bench {name}`" in text
    assert text.count("| yes |") + text.count("| **no** |") >= 15
    assert "GET /check" in printed


def test_one_section_of_the_page_can_be_measured_anew(tmp_path: Path) -> None:
    """The others stay as they were, in their order, each with when and where it was measured."""
    page = tmp_path / "performance.md"
    earlier = Measured(
        [Figure("A ratio", 2.0, "x", at_most=1.0, short="It is slow.")], "Measured long ago.", quick=False
    )
    write_page(page, {"scratch": earlier, "check": earlier}, BENCHMARKS)
    write_page(page, {"check": now([Figure("A ratio", 0.5, "x", at_most=1.0)], 60, quick=False)}, BENCHMARKS)
    text = page.read_text(encoding="utf-8")
    scratch, check = text.split("## `python -m bench check`")
    assert "Measured long ago." in scratch
    assert "| A ratio | 2.00x | at most 1x | **no** |" in scratch
    assert "Measured long ago." not in check
    assert "| A ratio | 0.50x | at most 1x | yes |" in check
    assert check.count("It is slow.") == 1


def test_an_unknown_benchmark_is_a_usage_error() -> None:
    """A wrong name says which names there are, and measures nothing."""
    command = [sys.executable, "-m", "bench", "decode"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "there is no benchmark decode; there are decide, scratch, check" in done.stderr
