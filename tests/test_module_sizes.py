"""A file is one idea: at most 300 lines a module, and at most 40 lines of code a function."""

import ast

import pytest

from source_tree import ROOT, modules, parse

MODULE_LINES = 300
FUNCTION_LINES = 40

FILES = {**modules(), **{f"benchmarks.{path.stem}": path for path in sorted((ROOT / "benchmarks").glob("*.py"))}}


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end; the docstring does not count, so that nobody saves on explaining."""
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


@pytest.mark.parametrize("name", FILES)
def test_module_is_short(name):
    lines = len(FILES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= MODULE_LINES, f"{name} has {lines} lines; split it by idea"


@pytest.mark.parametrize("name", FILES)
def test_functions_are_short(name):
    long = {
        node.name: function_lines(node)
        for node in ast.walk(parse(FILES[name]))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) > FUNCTION_LINES
    }
    assert not long, f"{name}: split {long}"
