"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "monitor"
FILES = sorted(path for path in ROOT.rglob("*.py") if "node_modules" not in path.parts)
BROAD = {"Exception", "BaseException"}


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for path in FILES]


def test_at_most_two_broad_excepts_and_only_where_a_bug_must_not_spread() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and (node.type is None or BROAD & names(node.type))
    ]
    assert {place.split(":")[0] for place in found} <= {"rooms/supervisor.py", "alerts/sink.py"}
    assert len(found) <= 2


def names(node: ast.expr) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}


@pytest.mark.parametrize("call", ["create_task", "ensure_future", "gather", "Queue", "SimpleQueue", "LifoQueue"])
def test_every_task_has_a_parent_and_every_queue_a_size(call: str) -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == call and isinstance(node.value, ast.Name):
                assert node.value.id not in ("asyncio", "queue", "loop"), f"{path}:{node.lineno}"


def test_functions_and_files_stay_readable() -> None:
    for path, tree in trees():
        if "migrations" in path.parts:
            continue
        assert path.read_text("utf-8").count("\n") <= 450, path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                assert node.end_lineno - body[0].lineno < 70, f"{path}:{node.lineno} {node.name}"
