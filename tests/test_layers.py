"""The architecture: a package imports only from lower levels, and no module grows past its cap."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "oomcheck"

#: Level of each package or top-level module; those of one level do not know each other.
LEVELS = {
    "diag": 0,
    "cachedir": 0,
    "records": -1,  # how values are declared
    "ir": 1,
    "ways": 1,
    "result": 2,
    "prop": 2,
    "analysis": 3,
    "objects": 2,
    "lang": 4,
    "semantics": 4,
    "transform": 4,
    "native": 5,
    "smt": 5,
    "pygen": 5,
    "check": 10,
    "mutation": 11,
    "comparing": 11,
    "explaining": 11,
    "settings": 7,
    "version": 0,
    "evidence": 5,
    "vacuity": 5,
    "replaying": 7,
    "graphs": 8,
    "kerneltree": 5,
    "reference": 5,
    "safety": 5,
    "rows": 5,
    "verdicts": 6,
    "smaller": 6,
    "readings": 7,
    "families": 6,
    "explicit": 7,
    "inductions": 6,
    "proofs": 7,
    "portfolio": 8,
    "proof_rows": 9,
    "runs": 8,
    "simulate": 6,
    "api": 12,
    "certifying": 11,
    "gate": 11,
    "report": 12,
    "cli": 13,
    "__main__": 14,
    "": 14,  # oomcheck/__init__.py, the public API
}

MODULES = sorted(ROOT.rglob("*.py"))
MAX_LINES = 500


def part(module: str) -> str:
    """Package or top-level module that a dotted name below `oomcheck` belongs to; "" for `oomcheck` itself."""
    return [*module.split("."), ""][1]


def name_of(path: Path) -> str:
    """Dotted name of the module in a file."""
    names = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imports(tree: ast.AST, module: str, package: bool) -> Iterator[str]:
    """Dotted names below `oomcheck` that a module imports anywhere, function bodies included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = module.split(".")[: len(module.split(".")) - node.level + package] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            # `from oomcheck import check` names a package as well as `import oomcheck.check` does.
            found = [f"{base}.{alias.name}" for alias in node.names] if base == "oomcheck" else [base]
        else:
            continue
        yield from (name for name in found if name.split(".")[0] == "oomcheck")


def breaches(text: str, module: str, package: bool = False) -> list[str]:
    """What a module imports although its level forbids it."""
    own = part(module)
    return [
        name
        for name in imports(ast.parse(text), module, package)
        if part(name) != own and LEVELS.get(part(name), LEVELS[""]) >= LEVELS[own]
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    """No module imports from its own level (another package) or a higher one."""
    module = name_of(path)
    assert part(module) in LEVELS, f"{module} has no level"
    assert breaches(path.read_text(encoding="utf-8"), module, path.name == "__init__.py") == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_readable(path: Path) -> None:
    """No module is longer than the cap, unless its first line says why with `long: ...`."""
    lines = path.read_text(encoding="utf-8").splitlines() or [""]
    assert len(lines) <= MAX_LINES or "long: " in lines[0], f"{path}: {len(lines)} lines"


@pytest.mark.parametrize(
    ("text", "module", "found"),
    [
        ("import oomcheck.diag.span", "oomcheck.ir.expr", []),
        ("from oomcheck.ir.expr import Expr", "oomcheck.ir.walk", []),
        ("from oomcheck.prop import property", "oomcheck.result.trace", ["oomcheck.prop"]),
        ("def f():\n    from oomcheck.lang.model import Model", "oomcheck.ir.walk", ["oomcheck.lang.model"]),
        ("from ..lang import model", "oomcheck.ir.walk", ["oomcheck.lang"]),
        ("from . import ops", "oomcheck.ir.walk", []),
        ("from .. import lang", "oomcheck.ir.walk", ["oomcheck.lang"]),
        ("from oomcheck import check", "oomcheck.cli.main", []),
        ("from oomcheck import load", "oomcheck.cli.main", ["oomcheck.load"]),
        ("import oomcheck", "oomcheck.cli.main", ["oomcheck"]),
        ("from oomcheck.check import check", "oomcheck", []),
        ("import os, lark", "oomcheck.diag.span", []),
    ],
)
def test_rule(text: str, module: str, found: list[str]) -> None:
    """The rule itself: what it forbids and what it allows, wherever the import stands."""
    assert breaches(text, module) == found
