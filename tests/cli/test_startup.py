"""What a command loads: nothing that takes long and that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = "models/examples/trivial.oom"

#: Packages of others; each takes longer to load than a small check to run.
HEAVY = ("networkx", "z3", "jsonschema", "hypothesis", "lark", "numpy")

LOADED = """
import sys
from oomcheck.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded", *sys.modules)
"""


def loaded(*arguments: str) -> set[str]:
    """The modules that a command loads in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "arguments",
    [("check", MODEL), ("info", MODEL), ("lint", MODEL), ("sim", MODEL, "--runs", "1"), ("explain", "E0101")],
    ids=lambda arguments: arguments[0],
)
def test_no_heavy_package(arguments: tuple[str, ...]) -> None:
    """No command loads the packages that only graphs, proofs and tests need, nor the maker of the parser's tables."""
    loaded("check", MODEL)  # now the tables are in the cache
    assert sorted(loaded(*arguments).intersection(HEAVY)) == []


def test_command_loads_no_other() -> None:
    """A command that is named is the only one to be loaded; without a name all are, for the help."""
    commands = {f"oomcheck.cli.{name}" for name in ("check", "sim", "replay", "info", "lint", "fmt", "explain")}
    assert loaded("explain", "E0101") & commands == {"oomcheck.cli.explain"}
    assert loaded("--help") & commands == commands


def test_messages_of_the_parser_are_loaded_late() -> None:
    """A text without syntax errors needs no explanation of any."""
    assert not [name for name in loaded("check", MODEL) if name.startswith("oomcheck.lang.syntax_")]
    assert "oomcheck.lang.syntax_errors" in loaded("check", "README.md")


def test_package_loads_little() -> None:
    """`import oomcheck` loads nothing but the version; names are loaded when they are asked for."""
    script = "import oomcheck, sys; print(*(name for name in sys.modules if name.startswith('oomcheck')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["oomcheck.version", "oomcheck"] or done.stdout.split() == [
        "oomcheck",
        "oomcheck.version",
    ]


@pytest.mark.parametrize(
    "first",
    [
        "import oomcheck.check",
        "from oomcheck.check import check_files",
        "from oomcheck import check",
        "import oomcheck.cli.check",
        "import oomcheck; oomcheck.load",
    ],
)
def test_function_is_not_hidden_by_its_module(first: str) -> None:
    """`oomcheck.check` is the function, whether the module of that name was loaded before or not."""
    script = f"{first}\nimport oomcheck\nprint(oomcheck.check.__module__, oomcheck.check.__name__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "oomcheck.api check\n"


def test_public_names() -> None:
    """Every public name can be had, is listed, and no other name exists."""
    script = (
        "import oomcheck\n"
        "from oomcheck import *\n"
        "assert all(getattr(oomcheck, name) is not None and name in dir(oomcheck) for name in oomcheck.__all__)\n"
        "assert Word is oomcheck.Word and load is oomcheck.load\n"
        "try:\n"
        "    oomcheck.nothing\n"
        "except AttributeError as problem:\n"
        "    print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "module 'oomcheck' has no attribute 'nothing'\n"
