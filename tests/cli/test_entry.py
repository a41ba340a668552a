"""`python -m oomcheck`, which is what the installed command runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import pytest

from oomcheck import __main__ as entry
from oomcheck.cli import main as command_line
from oomcheck.version import VERSION

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_module() -> None:
    """The package runs as a module."""
    shown = subprocess.run([sys.executable, "-m", "oomcheck", "--version"], capture_output=True, text=True, check=True)
    assert (shown.stdout, shown.stderr) == (f"oomcheck {VERSION}\n", "")


def test_installed_command() -> None:
    """The command of the package is the same function."""
    scripts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["oomcheck"].partition(":")
    assert getattr(import_module(module), name) is entry.main


def test_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of the command line."""
    monkeypatch.setattr(command_line, "main", lambda: 3)
    assert entry.main() == 3


def test_interrupted_while_loading(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while the parts are loaded is a message and the exit code of an interruption."""

    def pressed(_name: str) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "import_module", pressed)
    assert entry.main() == 130
    assert capsys.readouterr().err == "interrupted: nothing is known yet\n"
