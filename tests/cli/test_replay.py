"""`replay`: a saved trace is what happens, or the command says what does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oomcheck.cli.main import main
from tests.cli.samples import CLASH, put, steps

Trace = dict[str, Any]


def saved(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> Path:
    """The trace of a sanitizer of model `clash`."""
    model = put(folder, "clash.oom", CLASH)
    main(["check", str(model), "-o", str(folder / "out"), "-q"])
    capsys.readouterr()
    return folder / "out" / "clash" / "default" / f"{name}.json"


@pytest.mark.parametrize("name", ["race", "deadlock", "lockdep"])
def test_sanitizers(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """The trace is shown, and its end was looked at."""
    path = saved(tmp_path, name, capsys)
    assert main(["replay", str(path)]) == 0
    text = capsys.readouterr().out
    assert f"clash/default/{name}: VIOLATED" in text
    assert text.splitlines()[-1].endswith("and the end is as claimed")


def test_properties(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the spec at hand the end is judged; without it that is left to `check`."""
    main([*steps(tmp_path), "-p", "smaller", "-o", str(tmp_path / "out")])
    capsys.readouterr()
    path, spec = tmp_path / "out/steps/default/smaller.json", tmp_path / "steps.oomspec"
    assert main(["replay", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("and the end is as claimed")
    moved = spec.rename(tmp_path / "moved.oomspec")
    assert main(["replay", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("the end is for `check` to judge by smaller")
    assert main(["replay", str(path), "--spec", str(moved)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("and the end is as claimed")


def test_changed_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace of an older spec is refused; so is a spec that is missing where it is said to lie."""
    main([*steps(tmp_path), "-p", "smaller", "-o", str(tmp_path / "out")])
    path, spec = tmp_path / "out/steps/default/smaller.json", tmp_path / "steps.oomspec"
    spec.write_text(spec.read_text(encoding="utf-8").replace("x < 2", "x < 1"), encoding="utf-8")
    capsys.readouterr()
    assert main(["replay", str(path)]) == 2
    assert "error[E0501]: the spec" in capsys.readouterr().err
    assert main(["replay", str(path), "--spec", str(tmp_path / "none.oomspec")]) == 2
    assert "error[E0001]" in capsys.readouterr().err


def test_claimed_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is said to violate a property that it does not is refused."""
    main([*steps(tmp_path), "-p", "smaller", "-o", str(tmp_path / "out")])
    path = tmp_path / "out/steps/default/smaller.json"
    trace = json.loads(path.read_text(encoding="utf-8"))
    trace["property"] = "small"
    del trace["truths"]
    path.write_text(json.dumps(trace), encoding="utf-8")
    capsys.readouterr()
    assert main(["replay", str(path)]) == 2
    assert "error[E0503]: the end is not as the trace tells" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--width", "40"], ["--ascii"], ["--states", "full"], ["--lanes", "all"]])
def test_width(tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]) -> None:
    """No line of a trace is wider than asked."""
    assert main(["replay", str(saved(tmp_path, "race", capsys)), *flags]) == 0
    trace = capsys.readouterr().out.splitlines()[:-1]
    assert max(map(len, trace)) <= (40 if "--width" in flags else 75)


def test_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--step N shows the whole state after N steps; beyond the end it is an error."""
    path = saved(tmp_path, "race", capsys)
    count = len(json.loads(path.read_text(encoding="utf-8"))["steps"])
    for number in range(count + 1):
        assert main(["replay", str(path), "--step", str(number)]) == 0
        head, *rest = capsys.readouterr().out.splitlines()
        assert head == f"state after step {number} of {count}"
        assert "  x = 0" in rest
    for number in (-1, count + 1):
        assert main(["replay", str(path), "--step", str(number)]) == 2
        assert f"--step is 0 .. {count}" in capsys.readouterr().err


def test_model_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--model names where the model lies now; a missing one is an error."""
    path = saved(tmp_path, "race", capsys)
    moved = put(tmp_path, "elsewhere/clash.oom", CLASH)
    (tmp_path / "clash.oom").unlink()
    assert main(["replay", str(path)]) == 2
    assert "E0001" in capsys.readouterr().err
    assert main(["replay", str(path), "--model", str(moved)]) == 0


def test_changed_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace of an older text is refused, even if only a comment changed."""
    path = saved(tmp_path, "race", capsys)
    put(tmp_path, "clash.oom", CLASH + "// changed\n")
    assert main(["replay", str(path)]) == 2
    assert "error[E0501]" in capsys.readouterr().err


def test_changed_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The digest covers what the model imports."""
    library = put(tmp_path, "lib/x.oom", "library x;\nint 0..3 x;\n")
    model = put(tmp_path, "m.oom", 'model m;\nimport "lib/x.oom";\nthread t[2] { x = 1; }\n')
    main(["check", str(model), "-o", str(tmp_path / "out")])
    path = tmp_path / "out/m/default/race.json"
    assert main(["replay", str(path)]) == 0
    put(tmp_path, "lib/x.oom", library.read_text(encoding="utf-8").replace("0..3", "0..4"))
    capsys.readouterr()
    assert main(["replay", str(path)]) == 2
    assert "error[E0501]" in capsys.readouterr().err


def _choice(trace: Trace) -> None:
    trace["steps"][0]["choice"] = 10**6


def _twice(trace: Trace) -> None:
    trace["steps"].append({**trace["steps"][-1], "number": len(trace["steps"]) + 1})
    del trace["truths"]  # one sign for each state


def _text(trace: Trace) -> None:
    trace["steps"][0]["text"] = "nothing at all"


def _process(trace: Trace) -> None:
    trace["steps"][0]["process"] = "two" if trace["steps"][0]["process"] == "one" else "one"


def _change(trace: Trace) -> None:
    trace["steps"][0]["changes"] = []


def _place(trace: Trace) -> None:
    trace["steps"][0]["source"] = "mm/mmap.c:exit_mmap"


def _line(trace: Trace) -> None:
    trace["steps"][0]["line"] += 1


def _shorter(trace: Trace) -> None:
    trace["steps"].pop()
    del trace["truths"], trace["lasting"]  # they reach to the last state


def _initial(trace: Trace) -> None:
    trace["initial"] = []


def _facts(trace: Trace) -> None:
    trace["facts"] = []


def _prop(trace: Trace) -> None:
    trace["property"] = "uninit"


def _lasting(trace: Trace) -> None:
    trace["lasting"][0]["last"] = trace["lasting"][0]["first"]


def _unlasting(trace: Trace) -> None:
    trace["lasting"].pop()


def _truths(trace: Trace) -> None:
    trace["truths"][0]["signs"] = trace["truths"][0]["signs"].replace("0", "1")


def _verdict(trace: Trace) -> None:
    trace["verdict"] = "holds"


def _cover(trace: Trace) -> None:
    trace["verdict"] = "covered"


@pytest.mark.parametrize(
    "tamper",
    [
        _choice,
        _twice,
        _text,
        _process,
        _change,
        _place,
        _line,
        _shorter,
        _initial,
        _facts,
        _prop,
        _lasting,
        _unlasting,
        _truths,
        _verdict,
        _cover,
    ],
)
def test_tampered(tmp_path: Path, capsys: pytest.CaptureFixture[str], tamper: Callable[[Trace], None]) -> None:
    """Whatever a trace tells must be what happens: E0503."""
    path = saved(tmp_path, "deadlock", capsys)
    trace = json.loads(path.read_text(encoding="utf-8"))
    tamper(trace)
    path.write_text(json.dumps(trace), encoding="utf-8")
    assert main(["replay", str(path)]) == 2
    assert "error[E0503]" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{}", "[1]", "null", '{"schema": "oomcheck.trace/2"}', "\x00", "model m;"])
def test_not_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Other files are refused with exit code 2."""
    assert main(["replay", str(put(tmp_path, "t.json", text))]) == 2
    assert capsys.readouterr().err.startswith(("error[E0502]", "error[E0002]"))
