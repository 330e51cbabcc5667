"""The benchmarks run. What they measure is for docs/performance.md: no figure is ever a test."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.needs("wrk")
@pytest.mark.needs("postfix")
@pytest.mark.needs("sogo-activesync")
@pytest.mark.needs("haproxy")
@pytest.mark.needs("nginx-light")
@pytest.mark.needs("dovecot-auth-lua")
def test_every_benchmark_runs_and_its_answers_agree(tmp_path: Path) -> None:
    """At tiny sizes each benchmark compares its answers, prints its figures, and the page names every one of them."""
    page = tmp_path / "performance.md"
    command = [sys.executable, "-m", "bench", "--quick", "--write", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    for name in (
        "decide",
        "scratch",
        "check",
        "haproxy",
        "change",
        "doors",
        "import",
        "mail",
        "sessions",
        "sogo",
        "help",
    ):
        assert f"## `python -m bench {name}`" in text
    assert text.count("| yes |") + text.count("| **no** |") >= 15
    assert "GET /check" in done.stdout
    assert "figures mean nothing" in text


def test_an_unknown_benchmark_is_a_usage_error() -> None:
    """A wrong name says which names there are, and measures nothing."""
    command = [sys.executable, "-m", "bench", "decode"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "there is no benchmark decode; there are decide, scratch, check" in done.stderr
