"""Pages of the documentation as programs: their fenced blocks, and a shell that runs what they show.

    ```console             each line that begins with `$ ` is run; what follows it is what it must print
    ```console again       the same, and each command is repeated until it prints that: something takes a moment
    ```LANGUAGE file=NAME  is written to that file first

In what is expected, `...` within a line stands for anything, and alone on a line for any number of lines. A command
that ends in `&` goes on in the background. Blocks count inside an HTML comment too: so a page sets up what a reader has
already. Any other block is prose.
"""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers import warm

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

TAKES_AT_MOST = 30
"""Seconds for a command, or for what is repeated, to print what the page says."""

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```\n", re.MULTILINE | re.DOTALL)
_END = "=== that was all"


@dataclass(frozen=True)
class Block:
    """`line`: of the opening fence, from 1. `words`: what stands behind the fence."""

    line: int
    words: tuple[str, ...]
    text: str

    @property
    def runs(self) -> bool:
        return self.words[:1] == ("console",)

    @property
    def file(self) -> str:
        """The file that it is to be written to, "" if none."""
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), "")


@dataclass(frozen=True)
class Command:
    line: int
    text: str
    expected: str


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(line, tuple(found["info"].split()), found["text"])


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block, each with what it must print."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"line {block.line}: a block that is run begins with a command"
    line = block.line + 1
    for part in parts[1:]:
        text, _, expected = part.partition("\n")
        while text.endswith("\\"):  # goes on in the next line
            more, _, expected = expected.partition("\n")
            text += "\n" + more
        yield Command(line, text, expected)
        line += part.count("\n")


def matches(expected: str, printed: str) -> bool:
    """Whether this was printed, blanks at the ends of lines and empty lines at both ends aside."""
    pattern = ""
    for line in expected.strip("\n").splitlines():
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*?".join(map(re.escape, line.rstrip().split("..."))) + "\n"
    lines = "".join(line.rstrip() + "\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, lines) is not None


class Shell:
    """One bash in a directory of its own. `ports`: the program's usual ports, and those that stand for them here."""

    def __init__(self, directory: Path, ports: Mapping[str, str]) -> None:
        self._directory = directory
        self._ports = ports
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GATEPOST")}
        fifo = str(directory / "warm")
        os.mkfifo(fifo)
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        here = {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(directory), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=directory,
            env=kept | here | {"WARM": fifo, "PYTHON": sys.executable},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        # No job of the shell's: what a page starts first is its job 1, and it waits for that alone.
        self.run(f'{warm.FUNCTION}\n"$PYTHON" -m tests.servers.warm "$WARM" & disown', "")

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)

    def _here(self, text: str) -> str:
        """A page's text with the ports of this shell."""
        for usual, free in self._ports.items():
            text = re.sub(rf"\b{usual}\b", free, text)
        return text

    def write(self, name: str, text: str) -> None:
        (self._directory / name).write_text(self._here(text))

    def run(self, text: str, expected: str) -> str:
        """Run one command; what it printed. One in the background has until `expected` is there."""
        assert self._process.stdin
        # $? is handed from one command to the next, as in a shell that somebody types in.
        command = f"(exit ${{last:-0}}); {{ {self._here(text)}\n}} </dev/null; last=$?; printf '\\n{_END}\\n'\n"
        self._process.stdin.write(command)
        self._process.stdin.flush()
        until = time.monotonic() + TAKES_AT_MOST
        printed, ended = "", False
        while not ended or (text.endswith("&") and not matches(expected, printed)):
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            ended = ended or line.strip() == _END
            printed += "" if line.strip() == _END else line
        assert ended or text.endswith("&"), f"$ {text}\nhas not ended after {TAKES_AT_MOST} s; it printed\n{printed}"
        if re.search(r"gatepost (init|restore)\b", text):
            self._settle()
        return printed

    def _settle(self) -> None:
        """Give a new site this shell's ports."""
        for file in self._directory.glob("*/gatepost.toml"):
            file.write_text(self._here(file.read_text()))

    def check(self, command: Command, again: bool) -> None:
        """AssertionError, with both texts, if a command does not print what the page says."""
        expected = self._here(command.expected)
        until = time.monotonic() + TAKES_AT_MOST
        while not matches(expected, printed := self.run(command.text, expected)):
            assert again, f"line {command.line}: $ {command.text}\n--- expected\n{expected}\n--- printed\n{printed}"
            assert time.monotonic() < until, f"line {command.line}: still\n{printed}"
            time.sleep(0.1)

    def close(self) -> None:
        """End the shell and everything that it started."""
        os.killpg(self._process.pid, signal.SIGTERM)
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)
        self._reader.join(20)
        assert self._process.stdout
        self._process.stdout.close()


def run_page(text: str, directory: Path, ports: Mapping[str, str]) -> int:
    """Run a page's blocks in order. How many commands were run. AssertionError for the first that prints otherwise."""
    shell = Shell(directory, ports)
    count = 0
    try:
        for block in blocks(text):
            if block.file:
                shell.write(block.file, block.text)
            elif block.runs:
                for command in commands(block):
                    shell.check(command, "again" in block.words)
                    count += 1
    finally:
        shell.close()
    return count
