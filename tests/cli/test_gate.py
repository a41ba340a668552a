"""`oomcheck gate`: exit codes, formats, files, baseline, and what a warm run loads."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from referencing import Registry, Resource

from oomcheck.cli.gate import progress_text
from oomcheck.cli.main import main
from oomcheck.gate import cache
from oomcheck.gate.options import Standing
from tests.cli.samples import ENDLESS
from tests.gate.trees import SPEC, lay, put

RESULT = Path(__file__).parents[2] / "oomcheck" / "result"
FILES = ("junit.xml", "ktap.txt", "result.json", "sarif.json", "summary.md")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in the folder of the tree."""
    monkeypatch.chdir(tmp_path)


def gate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a gate by the engine that needs no compiler."""
    capsys.readouterr()
    code = main(["gate", "--engine", "reference", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def schema(name: str) -> dict[str, Any]:
    """A schema as it is shipped."""
    found: dict[str, Any] = json.loads((RESULT / name).read_text(encoding="utf-8"))
    return found


def valid(text: str) -> dict[str, Any]:
    """The object of a JSON report, which fits its schema."""
    value: dict[str, Any] = json.loads(text)
    registry: Registry[Any] = Registry().with_resources(
        (one["$id"], Resource.from_contents(one)) for one in (schema("result.schema.json"), schema("trace.schema.json"))
    )
    jsonschema.Draft202012Validator(schema("gate.schema.json"), registry=registry).validate(value)
    return value


def test_green(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All as expected: exit code 0, each spec and the sum in the text; `specs` needs no name."""
    lay(tmp_path)
    code, text, errors = gate(capsys, "--no-cache")
    assert (code, errors) == (0, "")
    assert "specs/m.oomspec: 7 results: 7 ok" in text
    assert "exit 0: every check gave its expected verdict" in text


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("check wrong : small expect violated;", 1),
        ("check bad : nothing;", 2),
        ("check hard : small expect holds;", 3),
    ],
)
def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, code: int) -> None:
    """An unexpected pass is 1, a spec with errors 2, a budget that is used up 3; each is told in quiet text too."""
    lay(tmp_path)
    put(tmp_path, "specs/m.oomspec", SPEC + line + "\n")
    budget = ["--max-states", "3", "-p", "hard/small"] if code == 3 else []
    found, text, _ = gate(capsys, "--no-cache", "-q", *budget)
    assert found == code
    assert "specs/m.oomspec" in text
    assert f"exit {code}: " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing",), "there is no such folder"),
        (("models",), "no spec below `models`"),
        (("-p", "nothing"), "`-p nothing` matches nothing below `specs`"),
        (("-q", "-v"), "-q and -v exclude each other"),
        (("--no-baseline", "--write-baseline"), "--no-baseline excludes"),
        (("specs/m.oomspec", "--write-baseline"), "--write-baseline of one spec needs --baseline FILE"),
        (("--write-baseline", "--quick"), "--write-baseline records a whole gate"),
        (("--baseline", "none.json"), "cannot read none.json"),
        (("--format", "yaml"), "--format: expected text, json"),
        (("--max-states", "many"), "--max-states: expected a count"),
        (("-j", "0"), "--jobs: expected a whole number of at least 1"),
    ],
)
def test_wrong_command_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """What cannot be meant is an error, exit code 2, and nothing is printed as a result."""
    lay(tmp_path)
    code, text, errors = gate(capsys, *arguments)
    assert (code, text) == (2, "")
    assert message in errors


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The object fits its schema, and tells the same as the exit code; errors of specs are in it with their places."""
    lay(tmp_path)
    put(tmp_path, "specs/bad.oomspec", 'spec for "../models/m.oom";\nnever n : ;\n')
    code, text, _ = gate(capsys, "--no-cache", "--format", "json")
    value = valid(text)
    assert (code, value["exit_code"], value["folder"], value["partial"]) == (2, 2, "specs", None)
    bad, good, other = value["entries"]
    assert bad["diagnostics"][0]["place"] == {"file": "specs/bad.oomspec", "line": 2, "column": 11}
    assert (bad["report"], good["report"]["model"], other["cached"]) == (None, "models/m.oom", False)


def test_json_of_a_warm_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cached report is the same object, and is marked as cached."""
    lay(tmp_path)
    monkeypatch.setattr(cache, "fingerprint", lambda environ: ("the tool of the tests",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cold, warm = (valid(gate(capsys, "--format", "json")[1]) for _ in range(2))
    assert [entry["cached"] for entry in (*cold["entries"], *warm["entries"])] == [False, False, True, True]
    assert [entry["report"] for entry in cold["entries"]] == [entry["report"] for entry in warm["entries"]]


def test_formats_of_ci_systems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each format is what its readers parse; `check` speaks them too."""
    lay(tmp_path)
    (tmp_path / "specs/more/other.oomspec").unlink()
    check = ["check", "models/m.oom", "specs/m.oomspec", "--engine", "reference"]
    for command in (["gate", "--engine", "reference"], check):
        assert ElementTree.fromstring(said(capsys, *command, "--format", "junit")).tag == "testsuites"
        assert said(capsys, *command, "--format", "ktap").startswith("KTAP version 1\n1..")
        assert json.loads(said(capsys, *command, "--format", "sarif"))["version"] == "2.1.0"
        assert "::error" not in said(capsys, *command, "--format", "github")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints that ends with 0."""
    capsys.readouterr()
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o` writes every report and each trace by the name of its result, and leaves nothing half written."""
    lay(tmp_path)
    code, _, _ = gate(capsys, "-o", "out/gate")
    found = sorted(path.relative_to("out/gate").as_posix() for path in Path("out/gate").rglob("*") if path.is_file())
    traces = [name for name in found if name.startswith("traces/")]
    assert code == 0
    assert [name for name in found if name not in traces and name != "report.html"] == sorted(FILES)
    assert traces == [
        "traces/m/all/two.json",
        *(f"traces/m/grows/three_LAST={number}_.json" for number in (3, 4, 5)),
    ]
    assert valid(Path("out/gate/result.json").read_text(encoding="utf-8"))["exit_code"] == 0
    assert main(["replay", "out/gate/traces/m/all/two.json"]) == 0


def test_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline is written once, found beside the specs, and complains of what is missing or differs, not of news."""
    lay(tmp_path)
    assert gate(capsys, "--write-baseline")[0] == 0
    assert gate(capsys)[0] == 0
    put(tmp_path, "specs/new.oomspec", 'spec for "../models/m.oom";\nnever n : x == 9;\ncheck c : n expect holds;\n')
    code, _, errors = gate(capsys)
    assert (code, "not in the baseline" in errors) == (0, True)
    (tmp_path / "specs/more/other.oomspec").unlink()
    code, text, _ = gate(capsys)
    assert code == 1
    assert "other/c/low was not checked; the baseline has HOLDS" in re.sub(r"\s+", " ", text)
    assert gate(capsys, "-p", "m/*")[0] == 0  # only what ran is compared
    assert gate(capsys, "--no-baseline")[0] == 0
    assert valid(gate(capsys, "--format", "json")[1])["exit_code"] == 1


def test_quick_says_what_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Checks that a quick run leaves out are named."""
    lay(tmp_path)
    put(tmp_path, "specs/m.oomspec", SPEC + "check slow : small quick skip;\n")
    code, text, _ = gate(capsys, "--quick")
    assert code == 0
    assert "slow" in text
    assert valid(gate(capsys, "--quick", "--format", "json")[1])["entries"][0]["skipped"] == ["slow"]


def test_settings_count(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets of the environment and of the project hold for a gate too; the command line can lift them."""
    lay(tmp_path)
    monkeypatch.setenv("OOMCHECK_MAX_STATES", "3")
    assert gate(capsys)[0] == 3
    assert gate(capsys, "--max-states", "none")[0] == 0
    monkeypatch.delenv("OOMCHECK_MAX_STATES")
    put(tmp_path, "pyproject.toml", "[tool.oomcheck]\nmax-states = 3\n")
    assert gate(capsys)[0] == 3


def test_progress_line() -> None:
    """What is done, and what runs, by names that cannot steer the terminal."""
    assert progress_text(Standing(12, 26, ("a", "b\x1b[2J"))) == "12/26 specs, running: a, b\\x1b[2J"
    assert progress_text(Standing(26, 26, ())) == "26/26 specs"


# ---------------------------------------------------------------- processes of their own

#: Whoever edits the tool while the tests run must not decide what is cached.
SAME_TOOL = 'from oomcheck.gate import cache\ncache.fingerprint = lambda environ: ("the tool",)\n'

GATE = """
import sys
from oomcheck.cli.main import main
code = main(["gate", "--engine", "reference", *sys.argv[1:]])
"""

HEAVY = ("z3", "lark", "networkx", "jinja2", "oomcheck.check", "oomcheck.lang.parsing", "multiprocessing.process")


def environ(folder: Path) -> dict[str, str]:
    """The environment of a process whose cache is below `folder`."""
    return {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(RESULT.parents[1])}


def test_a_warm_run_loads_little(tmp_path: Path) -> None:
    """Where all is cached, neither the parser nor an engine nor a solver is loaded."""
    lay(tmp_path)
    script = SAME_TOOL + GATE + 'print("loaded", code, *sys.modules)'
    for found in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ(tmp_path)
        )
        loaded = done.stdout.splitlines()[-1].split()[1:]
        assert loaded[0] == "0"
        assert ("oomcheck.check" in loaded) is found
    assert sorted(set(loaded) & set(HEAVY)) == []


def test_interrupt(tmp_path: Path) -> None:
    """Ctrl-C ends a gate with what is known, as partial, exit code 130, and leaves no process behind."""
    put(tmp_path, "models/m.oom", ENDLESS)
    put(tmp_path, "models/n.oom", "model n;\nmarked int 0..3 x;\nthread t { x = 1; }\n")
    put(tmp_path, "specs/a.oomspec", 'spec for "../models/n.oom";\nnever n : x == 2;\ncheck c : n expect holds;\n')
    put(tmp_path, "specs/b.oomspec", 'spec for "../models/m.oom";\nnever n : x[0] == 9999;\n')
    flags = [str(tmp_path / "specs"), "-j", "1", "--format", "json"]
    command = [sys.executable, "-c", SAME_TOOL + GATE + "sys.exit(code)", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(tmp_path)) as child:
        kept = tmp_path / "cache/oomcheck/gate"
        while not (kept.is_dir() and any(kept.iterdir())):  # the first spec is done
            assert child.poll() is None
            time.sleep(0.02)
        assert any(flags[0] in line for line in commands())
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate()
    assert (child.returncode, errors) == (130, b"")
    value = valid(output.decode())
    assert value["partial"] == "interrupted"
    assert value["entries"][0]["report"]["results"][0]["verdict"] == "holds"
    assert [line for line in commands() if flags[0] in line] == []


def commands() -> list[str]:
    """The command lines of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(encoding="utf-8", errors="replace"))
    return found
