"""Files and functions stay small enough to be read at a sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def _files() -> list[Path]:
    return [path for folder in ("k8s_pipeline_client", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_there_are_files_to_measure() -> None:
    assert len(_files()) > 20


def test_files_and_functions_are_small() -> None:
    assert [found for path in _files() for found in _too_long(path)] == []


def _too_long(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    name, lines = path.relative_to(ROOT), len(text.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"{name}: {lines} lines"
    if lines <= MAX_FUNCTION_LINES:
        return  # nor are its functions longer
    for node in _statements(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{name}: {node.name}: {lines} lines"


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all below a node but for expressions, of which there are many, and in which no function is defined."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, name, ()):
            yield child
            yield from _statements(child)
