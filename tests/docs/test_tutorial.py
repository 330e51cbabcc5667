"""The tutorial, typed from its first line to its last."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, run_page
from tests.servers.ports import free_port


@pytest.mark.needs("curl")
def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    """A reader who types the tutorial, from an empty folder, sees what it shows: the memo's day, by hand."""
    ports = {usual: str(free_port()) for usual in ("8025", "8180", "8181")}
    assert run_page((DOCS / "tutorial.md").read_text(), tmp_path, ports) > 40
