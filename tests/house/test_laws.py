"""Laws of the house that no linter knows. The direction of imports stands in pyproject.toml (lint-imports)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gatepost"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

OUTSIDE = {"asyncio", "io", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3", "subprocess", "time"}
"""Modules of the standard library that do I/O, read a clock or roll dice."""

TIME_READERS = {"now", "today", "utcnow", "monotonic", "monotonic_ns", "perf_counter", "time_ns", "localtime", "gmtime"}


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


@pytest.mark.parametrize("path", sorted((SOURCE / "core").rglob("*.py")), ids=name)
def test_the_core_is_pure(path: Path) -> None:
    """I-3: nothing under core/ imports anything but the standard library and itself, nor what does I/O or reads time."""
    for module in imported(path):
        top = module.split(".")[0]
        assert module.startswith("gatepost.core") or top in sys.stdlib_module_names, module
        assert top not in OUTSIDE, module
    assert not any(isinstance(node, ast.Name) and node.id == "open" for node in ast.walk(parsed(path)))


def test_the_verifier_needs_nothing_but_python() -> None:
    """I-32: an auditor runs the verifier without us, so it imports the standard library only."""
    assert {module.split(".")[0] for module in imported(SOURCE / "verifier.py")} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", [path for path in MODULES if path != SOURCE / "clock.py"], ids=name)
def test_only_the_clock_reads_the_time(path: Path) -> None:
    """I-11: every instant comes from clock.py, so an exercise and a test can move all of them, and none by accident."""
    assert "time" not in imported(path)
    called = (node.func for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    readers = [ast.unparse(func) for func in called if isinstance(func, ast.Attribute) and func.attr in TIME_READERS]
    assert all("clock" in reader for reader in readers), readers


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A file has at most 400 lines, a function at most 60; a name of a module says what it is about."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}
    for function in functions(path):
        assert (function.end_lineno or 0) - function.lineno < 60, function.name


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is(path: Path) -> None:
    """Every module begins with a docstring."""
    assert ast.get_docstring(parsed(path))


@pytest.mark.parametrize("path", TESTS, ids=name)
def test_every_test_says_what_is_promised(path: Path) -> None:
    """Every test has a docstring, and asserts something, itself or through a function that it calls."""
    for function in functions(path):
        if function.name.startswith("test_"):
            assert ast.get_docstring(function), function.name
            doing = (ast.Assert, ast.Call, ast.With)
            assert any(isinstance(node, doing) for node in ast.walk(ast.Module(function.body, []))), function.name


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=name)
def test_nothing_names_the_machine_it_was_written_on(path: Path) -> None:
    """No file holds a path of a developer's machine; this one builds the word it looks for."""
    assert "/wo" + "rk/" not in path.read_text(encoding="utf-8")
