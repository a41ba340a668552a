"""`oomcheck lint`: a model with its specs, or the models of many specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.cli.main import main

LIBRARY = """model library;
marked int 0..3 x @ "mm/mmap.c:mm";
marked int 0..3 unused @ "mm/mmap.c:mm";
"""
MODEL = """model {name};
import "library.oom";
thread t @ "mm/mmap.c:exit_mmap" {{
	x = 1;
}}
"""
SPEC = """spec for "../models/{name}.oom";
invariant small : x <= 3;
invariant unasked : x <= 2;
check all : small;
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two models over one library, each with a spec."""
    for folder in ("models", "specs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "models" / "library.oom").write_text(LIBRARY)
    for name in ("a", "b"):
        (tmp_path / "models" / f"{name}.oom").write_text(MODEL.format(name=name))
        (tmp_path / "specs" / f"{name}.oomspec").write_text(SPEC.format(name=name))
    return tmp_path


def findings(tree: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Exit code, and codes and files of the findings."""
    code = main(["lint", *(str(tree / name) if "/" in name or name == "specs" else name for name in arguments)])
    told = capsys.readouterr().out.splitlines()
    heads = [line.partition("[")[2].partition("]")[0] for line in told if line.startswith("warning[")]
    places = [Path(line.split(" ")[-1]).name.split(":")[0] for line in told if line.startswith("  --> ")]
    assert told[-1].startswith(f"{len(heads)} finding")
    return code, [f"{head} {place}" for head, place in zip(heads, places, strict=True)]


def test_model_with_specs(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model is linted with the specs that are named."""
    assert findings(tree, capsys, "models/a.oom", "specs/a.oomspec") == (0, ["W0604 library.oom", "W0606 a.oomspec"])


def test_folder(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a folder each spec is linted with its model; what is in a shared library is told once."""
    told = ["W0604 library.oom", "W0606 a.oomspec", "W0606 b.oomspec"]
    assert findings(tree, capsys, "specs") == (0, told)
    assert findings(tree, capsys, "specs", "specs/a.oomspec", "--strict") == (1, told)


def test_name_that_one_model_uses(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A library has names for several models: unused is what none of those that import it uses."""
    model = tree / "models" / "a.oom"
    model.write_text(MODEL.format(name="a") + 'thread u @ "mm/mmap.c:exit_mmap" { unused = 1; }\n')
    assert findings(tree, capsys, "specs") == (0, ["W0606 a.oomspec", "W0606 b.oomspec"])
    assert findings(tree, capsys, "models/b.oom", "specs/b.oomspec")[1] == ["W0604 library.oom", "W0606 b.oomspec"]


def test_wrong_model_does_not_hide_others(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model with errors is told after the findings in the others, and the exit code is that of wrong input."""
    (tree / "models" / "a.oom").write_text("model a;\nthread t { y = 1; }\n")
    assert main(["lint", str(tree / "specs")]) == 2
    told = capsys.readouterr()
    assert "W0606" in told.out
    assert "error[E0201]" in told.err


def test_models_come_first(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model among specs is a wrong command line."""
    assert main(["lint", str(tree / "specs"), str(tree / "models" / "a.oom")]) == 2
    assert "error[E0003]" in capsys.readouterr().err
