"""The files that other repositories use: the action and the pre-commit hooks run the commands that there are."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from oomcheck.diag.span import Source
from oomcheck.lang.format import format_text

ROOT = Path(__file__).parent.parent

MODEL = """model steps source "linux v6.17";
param int LAST = 3 in 1 .. 9;
marked int 0..9 x @ "mm/mmap.c:mm";
thread t @ "mm/mmap.c:exit_mmap" {
	for (i in 1 .. LAST)
		x = i;
}
"""
SPEC = """spec for "../models/steps.oom";
invariant small "x stays small" : x <= 3;
check all : small expect holds;
"""


def hook(name: str) -> dict[str, Any]:
    """The hook of this name."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (found,) = [one for one in hooks if one["id"] == name]
    assert isinstance(found, dict)
    return found


def action() -> dict[str, Any]:
    """The action."""
    value = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    assert isinstance(value, dict)
    return value


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Variables of a process with a cache of its own, to which `oomcheck` is this tool."""
    tool = folder / "tool" / "bin"
    if not tool.exists():
        tool.mkdir(parents=True)
        script = tool / "oomcheck"
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m oomcheck.cli.main "$@"\n')
        script.chmod(0o755)
    path = f"{tool}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder / "cache"), **(more or {})}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a model and its spec, everything as it should be."""
    folder = tmp_path / "repository"
    model = format_text(Source("steps.oom", MODEL), "model")
    spec = format_text(Source("steps.oomspec", SPEC), "spec")
    for name, text in (("models/steps.oom", model), ("specs/steps.oomspec", spec), ("README", "x\n")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    return folder


def run_hook(name: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of a hook as pre-commit runs it over all files of a repository."""
    told = hook(name)
    listed = subprocess.run(["git", "ls-files"], cwd=folder, check=True, capture_output=True, text=True).stdout
    names = [one for one in listed.splitlines() if re.search(told["files"], one)]
    assert names
    command = [*shlex.split(told["entry"]), *told.get("args", ()), *(names if told.get("pass_filenames", True) else ())]
    return run(command, folder)


def run(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and output of a command."""
    env = environment(folder.parent, more)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def changed(folder: Path) -> list[str]:
    """Files that differ from what was added, by which pre-commit tells that a hook changed them."""
    told = subprocess.run(["git", "diff", "--name-only"], cwd=folder, check=True, capture_output=True, text=True)
    return told.stdout.splitlines()


def test_hooks_are_known() -> None:
    """Each hook has what pre-commit asks for, and is about models and specs alone."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [one["id"] for one in hooks] == ["oomcheck-fmt", "oomcheck-lint", "oomcheck-gate-quick"]
    for one in hooks:
        assert {"id", "name", "entry", "language", "files"} <= one.keys()
        names = ["a.oom", "b.oomspec", "c.oomx", "oom", "d.py"]
        assert [name for name in names if re.search(one["files"], name)] == ["a.oom", "b.oomspec"]


def test_fmt_hook(repository: Path) -> None:
    """The hook changes a file that is not in canonical layout, and nothing the second time."""
    path = repository / "models" / "steps.oom"
    path.write_text(path.read_text().replace("x = i;", "x  =  i ;"))
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    assert run_hook("oomcheck-fmt", repository)[0] == 0
    assert changed(repository) == ["models/steps.oom"]
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    assert run_hook("oomcheck-fmt", repository)[0] == 0
    assert changed(repository) == []


def test_lint_hook(repository: Path) -> None:
    """The hook fails with a finding in a model or a spec."""
    assert run_hook("oomcheck-lint", repository) == (0, "0 findings\n")
    path = repository / "specs" / "steps.oomspec"
    path.write_text(path.read_text() + "invariant unasked : x < 9;\n")
    code, told = run_hook("oomcheck-lint", repository)
    assert code == 1
    assert told.endswith("1 finding\n")


def test_gate_hook(repository: Path) -> None:
    """The hook fails when a verdict is not the expected one."""
    code, told = run_hook("oomcheck-gate-quick", repository)
    assert (code, told.splitlines()[-1].partition(":")[0]) == (0, "exit 0")
    path = repository / "specs" / "steps.oomspec"
    path.write_text(path.read_text().replace("x <= 3", "x <= 2"))
    code, told = run_hook("oomcheck-gate-quick", repository)
    assert code == 1
    assert "steps/all/small" in told


def test_action_keeps_inputs_out_of_scripts() -> None:
    """No script holds an expression, which would put an input into it as text; each input is used, with a default."""
    value = action()
    steps = value["runs"]["steps"]
    assert value["runs"]["using"] == "composite"
    assert all("${{" not in step.get("run", "") for step in steps)
    assert all(step["shell"] == "bash" for step in steps if "run" in step)
    assert all(re.fullmatch(r"[\w-]+(/[\w-]+)+@v[0-9]+", step["uses"]) for step in steps if "uses" in step)
    text = (ROOT / "action.yml").read_text("utf-8")
    for name, told in value["inputs"].items():
        assert f"inputs.{name} " in text
        assert isinstance(told["default"], str)


def gate_step(repository: Path, path: str, args: str) -> tuple[int, str, str]:
    """Exit code, output, and outputs for later steps of the action's main step."""
    (step,) = [one for one in action()["runs"]["steps"] if one.get("id") == "gate"]
    outputs = repository.parent / "outputs"
    outputs.write_text("")
    temp = repository.parent / "temp"
    temp.mkdir(exist_ok=True)
    environment(repository.parent)
    (temp / "oomcheck").symlink_to(repository.parent / "tool")
    more = {
        "GATE_PATH": path,
        "GATE_ARGS": args,
        "GATE_OUTPUT": "reports",
        "GITHUB_OUTPUT": str(outputs),
        "RUNNER_TEMP": str(temp),
    }
    assert set(step["env"]) <= more.keys()
    code, told = run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], repository, more)
    return code, told, outputs.read_text()


def test_action_step(repository: Path) -> None:
    """The step prints annotations, writes the reports, and hands on exit code and SARIF file."""
    path = repository / "specs" / "steps.oomspec"
    path.write_text(path.read_text().replace("x <= 3", "x <= 2"))
    code, told, outputs = gate_step(repository, "specs", "--quick\n -j  1")
    assert code == 1, told
    assert (
        "\n" + told.splitlines()[0].partition("::VIOLATED")[0]
        == "\n::error title=steps/all/small,file=models/steps.oom,line=6"
    )
    assert outputs == "exit-code=1\nsarif=reports/sarif.json\n"
    names = ["junit.xml", "ktap.txt", "result.json", "sarif.json", "summary.md"]
    assert [name for name in names if (repository / "reports" / name).is_file()] == names


@pytest.mark.parametrize(
    ("path", "args", "told"),
    [
        ("specs; touch pwned", "", "cannot read specs; touch pwned: there is no such folder"),
        ("$(touch pwned)", "", "cannot read $(touch pwned): there is no such folder"),
        ("--version", "", "unrecognized arguments: --version"),
        ("specs", "-q ; touch pwned", "unrecognized arguments: touch pwned"),
        ("specs", "-p RE*", "`-p RE*` matches nothing"),
    ],
)
def test_action_step_is_not_open_to_injection(repository: Path, path: str, args: str, told: str) -> None:
    """Whatever stands in an input is an argument and nothing else."""
    code, said, outputs = gate_step(repository, path, args)
    assert not (repository / "pwned").exists()
    assert (code, outputs) == (2, "exit-code=2\n"), said
    assert told in said


def docs() -> str:
    """The page that tells how to use these files."""
    return (ROOT / "docs" / "ci.md").read_text("utf-8")


def test_docs_name_the_hooks() -> None:
    """The example for pre-commit has all hooks; it and the other YAML on the page can be read."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", docs(), re.DOTALL)]
    assert len(blocks) == 3
    named = [one["id"] for one in blocks[-1]["repos"][0]["hooks"]]
    assert named == [one["id"] for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))]
    (step,) = [one for one in blocks[0]["jobs"]["models"]["steps"] if "oomcheck@" in one["uses"]]
    assert set(step["with"]) <= action()["inputs"].keys()


def test_docs_name_the_inputs() -> None:
    """The table of inputs has each of the action, with its default."""
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`([^`]*)`)? ?\|", docs(), re.MULTILINE)
    told = {name: default for name, default in rows if name in action()["inputs"]}
    assert told == {name: one["default"] for name, one in action()["inputs"].items()}
