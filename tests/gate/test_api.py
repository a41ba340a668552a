"""The gate from Python."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import oomcheck
from tests.gate.trees import lay, options, put

RECORD = {"schema": "oomcheck.baseline/1", "checks": 1, "verdicts": {"other/c/low": "violated"}}


def test_gate(tmp_path: Path) -> None:
    """A folder in, a report with its exit code out; a baseline adds complaints."""
    specs = lay(tmp_path)
    found = oomcheck.gate(specs, options=options(tmp_path))
    assert [Path(entry.spec).stem for entry in found.entries] == ["m", "other"]
    assert oomcheck.gate_exit_code(found) == 0
    baseline = put(tmp_path, "verdicts.json", json.dumps(RECORD))
    compared = oomcheck.gate(specs, options=options(tmp_path), baseline=baseline)
    assert compared.complaints == ("other/c/low is HOLDS; the baseline has VIOLATED",)
    assert oomcheck.gate_exit_code(compared) == 1


def test_a_selection_is_compared_by_what_ran(tmp_path: Path) -> None:
    """Results that were not asked for are not missing."""
    specs = lay(tmp_path)
    baseline = put(tmp_path, "verdicts.json", json.dumps(RECORD))
    how = replace(options(tmp_path), select=("m/*",))
    assert oomcheck.gate(specs, options=how, baseline=baseline).complaints == ()


def test_errors(tmp_path: Path) -> None:
    """No spec, and a baseline that is none, are errors."""
    with pytest.raises(oomcheck.OomcheckError, match="no spec below"):
        oomcheck.gate(tmp_path)
    lay(tmp_path)
    with pytest.raises(oomcheck.OomcheckError, match="no baseline"):
        oomcheck.gate(tmp_path / "specs", baseline=tmp_path / "specs/m.oomspec")


@pytest.mark.parametrize("first", ["import oomcheck.gate.run", "from oomcheck.gate.run import run_gate", "pass"])
def test_function_is_not_hidden_by_its_package(first: str) -> None:
    """`oomcheck.gate` is the function, whether the package of that name was loaded before or not."""
    script = f"{first}\nimport oomcheck\nprint(oomcheck.gate.__module__, oomcheck.gate.__name__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "oomcheck.api gate\n"
