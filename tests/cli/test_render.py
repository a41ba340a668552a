"""`oomcheck render` as a command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.cli.main import main
from oomcheck.cli.render import FORMATS, SUFFIXES
from oomcheck.cli.sources import sources_of
from oomcheck.result.codec import dump_trace, load_trace
from oomcheck.result.trace import Trace
from tests.cli.samples import put, steps
from tests.report.traces import bound_trace, stuck_trace, uninit_trace

SAMPLES = {"finite": uninit_trace(), "bound": bound_trace(), "lasso": stuck_trace()}


def saved(folder: Path, trace: Trace) -> str:
    """A trace file."""
    return str(put(folder, "trace.json", dump_trace(trace)))


def rendered(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `render` prints."""
    capsys.readouterr()
    assert main(["render", *arguments]) == 0
    return capsys.readouterr().out


def _text(text: str) -> list[int]:
    marks = re.findall(r"^(?:[|] )? *([0-9]+)(?:-([0-9]+))?  ", text, re.MULTILINE)
    return [number for first, last in marks for number in range(int(first), int(last or first) + 1)]


def _json(text: str) -> list[int]:
    return [step["number"] for step in json.loads(text)["steps"]]


def _perfetto(text: str) -> list[int]:
    events = json.loads(text)["traceEvents"]
    return sorted(e["args"]["step"] for e in events if e["ph"] == "X" and "step" in e["args"])


def _itf(text: str) -> list[int]:
    return [state["#meta"]["index"] for state in json.loads(text)["states"]][1:]


def _dot(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'^  "([0-9]+)" \["label"=', text, re.MULTILINE)][1:]


def _mermaid(text: str) -> list[int]:
    shown = text.replace("#45;", "-")
    marks = re.findall(r": ([0-9]+)(?:-([0-9]+))? ", shown)
    return [number for first, last in marks for number in range(int(first), int(last or first) + 1)][1:]


def _sarif(text: str) -> list[int]:
    (run,) = json.loads(text)["runs"]
    flows = run["results"][0]["codeFlows"][0]["threadFlows"]
    orders = [place["executionOrder"] for flow in flows for place in flow["locations"] if "executionOrder" in place]
    return sorted(order for order in orders if order > 0)


NUMBERS = {
    "text": _text,
    "json": _json,
    "perfetto": _perfetto,
    "itf": _itf,
    "dot": _dot,
    "mermaid": _mermaid,
    "sarif": _sarif,
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("form", NUMBERS)
def test_step_numbers(form: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every format has the same steps under the same numbers."""
    trace = SAMPLES[name]
    numbers = NUMBERS[form](rendered(capsys, saved(tmp_path, trace), "--to", form))
    assert numbers[: len(trace.steps)] == [step.number for step in trace.steps]


def test_text_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --to the trace is text, with the flags of `check` for its looks."""
    path = saved(tmp_path, uninit_trace())
    assert rendered(capsys, path) == rendered(capsys, path, "--to", "text")
    assert "replay: oomcheck replay" in rendered(capsys, path)
    assert "cgroup_freezing=true" in rendered(capsys, path, "--states", "full")
    lines = rendered(capsys, path, "--width", "60", "--ascii", "--lanes", "all").splitlines()
    assert max(map(len, lines[:-2])) <= 60


def test_json_is_the_trace_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--to json writes the file again, in the layout of `check -o`."""
    path = saved(tmp_path, stuck_trace())
    assert rendered(capsys, path, "--to", "json") == dump_trace(stuck_trace())


@pytest.mark.parametrize(("suffix", "form"), [*SUFFIXES.items(), (".txt", "text")])
def test_the_name_says_the_format(suffix: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The end of the name after -o chooses the format; --to wins."""
    path = saved(tmp_path, uninit_trace())
    target = tmp_path / "sub" / f"out{suffix}"
    assert rendered(capsys, path, "-o", str(target)) == ""
    if form != "text":
        assert target.read_text(encoding="utf-8") == rendered(capsys, path, "--to", form)
    rendered(capsys, path, "-o", str(target), "--to", "json")
    assert target.read_text(encoding="utf-8") == dump_trace(uninit_trace())


def test_standard_input(tmp_path: Path) -> None:
    """`-` reads the trace from a pipe; there is no file to replay then."""
    command = [sys.executable, "-m", "oomcheck.cli.main", "render", "-"]
    done = subprocess.run(
        command, input=dump_trace(uninit_trace()), capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.startswith("oom_freezer/v5_uninit/no_uninit: VIOLATED")
    assert "oomcheck replay" not in done.stdout


def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Trace, str]:
    """The trace of a real violation, and its file."""
    arguments = steps(folder, "check it : small with LAST = 5;\n")
    main([*arguments, "-p", "it/small", "-o", str(folder / "out")])
    capsys.readouterr()
    (path,) = (folder / "out").rglob("*.json")
    return load_trace(path.read_text(encoding="utf-8"), "trace"), str(path)


def test_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The texts of the model and the spec, by the paths that the steps have."""
    trace, _ = check(tmp_path, capsys)
    found = sources_of(trace, tmp_path / "steps.oom")
    assert set(found) == {str(tmp_path / "steps.oom"), str(tmp_path / "steps.oomspec")}
    assert {step.file for step in trace.steps} <= set(found)
    assert found[trace.model] == (tmp_path / "steps.oom").read_text(encoding="utf-8")


def test_sources_of_a_model_that_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy elsewhere has the same texts under the paths of the trace."""
    trace, _ = check(tmp_path, capsys)
    copy = put(tmp_path, "elsewhere/steps.oom", (tmp_path / "steps.oom").read_text(encoding="utf-8"))
    assert trace.model in sources_of(trace, copy)


def test_no_sources_of_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that changed is not shown: its lines are others."""
    trace, path = check(tmp_path, capsys)
    with (tmp_path / "steps.oom").open("a", encoding="utf-8") as file:
        file.write("// changed\n")
    assert sources_of(trace, tmp_path / "steps.oom") == {}
    assert main(["render", path, "--to", "html", "-o", str(tmp_path / "t.html")]) == 0
    assert "changed since the trace was written" in capsys.readouterr().err


def test_other_files_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that names another file as its spec gets nothing of it, and no message about it."""
    trace, _ = check(tmp_path, capsys)
    secret = put(tmp_path, "secret.txt", "the secret")
    found = sources_of(replace(trace, spec=str(secret)), tmp_path / "steps.oom")
    assert set(found) == {str(tmp_path / "steps.oom")}


def test_html_shows_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has the source if the model is at hand; else a notice says why not."""
    _, path = check(tmp_path, capsys)
    assert "LAST = 3 in 1 .. 9" in rendered(capsys, path, "--to", "html")
    (tmp_path / "steps.oom").unlink()
    assert main(["render", path, "--to", "html"]) == 0
    told = capsys.readouterr()
    assert "LAST = 3 in 1 .. 9" not in told.out
    assert "notice: the page shows statements only" in told.err
    assert "cannot read" in told.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.json"], "cannot read nowhere.json"),
        (["TRACE", "--to", "pdf"], "invalid choice: 'pdf'"),
        (["TRACE", "--width", "7"], "--width is at least 40, found 7"),
        (["TRACE", "--to", "html", "--model", "nowhere.oom"], "cannot read nowhere.oom"),
        (["BAD"], "is no trace"),
        (["TRACE", "-o", "/dev/null/x"], "cannot write"),
    ],
)
def test_wrong_input(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 and a message, never a traceback."""
    real = {"TRACE": saved(tmp_path, uninit_trace()), "BAD": str(put(tmp_path, "bad.json", "{}"))}
    assert main(["render", *(real.get(word, word) for word in arguments)]) == 2
    told = capsys.readouterr()
    assert (told.out, message in told.err) == ("", True)


def test_every_format_has_a_test() -> None:
    """A new format needs its numbers here; a page is for people."""
    assert set(NUMBERS) | {"html"} == set(FORMATS)
