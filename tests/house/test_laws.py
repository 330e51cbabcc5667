"""Laws of the house that no linter knows. The direction of imports stands in pyproject.toml (lint-imports)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatepost"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

OUTSIDE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3", "subprocess", "time"}
"""Modules of the standard library that do I/O, read a clock or roll dice."""

CLOCK = SOURCE / "clock.py"
VERIFIER = SOURCE / "verifier.py"


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path.name)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it, by their full names."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_the_core_is_pure() -> None:
    """I-3: nothing under core/ imports but the standard library and itself, and nothing that does I/O or reads time."""
    modules = [(path, module) for path in MODULES if SOURCE / "core" in path.parents for module in imported(path)]
    assert len(modules) > 50
    for path, module in modules:
        top = module.split(".")[0]
        assert module.startswith("gatepost.core") or top in sys.stdlib_module_names, (name(path), module)
        assert top not in OUTSIDE, (name(path), module)


def test_the_verifier_needs_nothing_but_python() -> None:
    """I-32: an auditor runs the verifier without us, so it imports the standard library only."""
    assert {module.split(".")[0] for module in imported(VERIFIER)} <= sys.stdlib_module_names


def test_only_the_clock_reads_the_time() -> None:
    """I-11: every instant comes from clock.py, so an exercise and a test can move all of them, and none by accident."""
    readers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"}
    for path in MODULES:
        calls = {ast.unparse(node.func) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)}
        assert path == CLOCK or "time" not in imported(path), name(path)
        assert not calls & readers, name(path)
    assert "time" in imported(CLOCK)


def test_modules_and_functions_stay_small() -> None:
    """A file has at most 400 lines (the verifier is one file by its purpose), a function at most 60."""
    long = [name(path) for path in MODULES if path != VERIFIER and len(path.read_text().splitlines()) > 400]
    assert long == []
    for path in MODULES:
        if path.parent.name == "versions":
            continue  # a migration is one list of statements, never read in part
        lengths = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions(path)}
        assert {function: lines for function, lines in lengths.items() if lines > 60} == {}, name(path)


def test_modules_are_named_by_what_they_are_about() -> None:
    """No module is called by a word that could mean anything, and every one begins by saying what it is."""
    for path in MODULES:
        assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}, name(path)
        assert ast.get_docstring(parsed(path)) or not path.read_text().strip(), name(path)


def test_every_test_says_what_is_promised() -> None:
    """Every test has a docstring."""
    tests = [(path, function) for path in TESTS for function in functions(path) if function.name.startswith("test_")]
    assert len(tests) > 100
    assert [f"{name(path)}: {test.name}" for path, test in tests if not ast.get_docstring(test)] == []


def test_nothing_names_the_machine_it_was_written_on() -> None:
    """No file holds a path of a developer's machine; this one builds the word it looks for."""
    files = [*MODULES, *(ROOT / "tests").rglob("*.py"), ROOT / "pyproject.toml"]
    assert [name(path) for path in files if "/wo" + "rk/" in path.read_text(encoding="utf-8")] == []
