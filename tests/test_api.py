"""The Python interface, as its documentation shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import oomcheck
from oomcheck.result.exploration import Limits
from oomcheck.rows import Options
from tests.cli.samples import CLASH, STEPS, put, steps

ROOT = Path(__file__).parents[1]


def test_snippet_of_the_package() -> None:
    """The lines in the documentation of the package run, and print what they say."""
    assert oomcheck.__doc__ is not None
    code = oomcheck.__doc__.partition("\n")[2]
    quick = re.sub(r'spec="[^"]*"', 'spec="specs/traversal.oomspec"', code.replace("oom_v6_17", "traversal"))
    files = re.findall(r'"((?:models|specs)/[^"]*)"', code)
    assert files
    assert all((ROOT / name).exists() for name in files)
    done = subprocess.run([sys.executable, "-c", quick], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^traversal/\S+ (HOLDS|VIOLATED|COVERED)$", done.stdout, re.M)


def test_parameters_of_the_snippet() -> None:
    """Its model takes the parameters that it gives."""
    assert oomcheck.__doc__ is not None
    found = re.search(r'load\("([^"]*)", (\w+)=(\d+)\)', oomcheck.__doc__)
    assert found is not None
    given: dict[str, Any] = {found[2]: int(found[3])}
    model = oomcheck.load(ROOT / found[1], **given)
    assert model.params[found[2]] == found[3]


def test_exports() -> None:
    """Everything that is promised is there and has a documentation."""
    for name in oomcheck.__all__:
        assert getattr(oomcheck, name) is not None
        if name != "__version__" and name != "Verdict":
            assert getattr(oomcheck, name).__doc__


def test_import_is_light() -> None:
    """Importing the package loads neither the solver nor the graph library of the API."""
    code = "import sys, oomcheck.cli.main; print([m for m in ('z3', 'hypothesis', 'pytest') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_load(tmp_path: Path) -> None:
    """Parameters as numbers, words or booleans; what is wrong raises with all diagnostics."""
    text = "model m;\nparam int N = 1 in 1 .. 3;\nparam bool B = false;\nparam enum E { X, Y } = X;\n"
    text += "thread t[N] { skip; }\n"
    path = put(tmp_path, "m.oom", text)
    assert oomcheck.load(path).params == {"N": "1", "B": "false", "E": "X"}
    model = oomcheck.load(str(path), N=2, B=True, E="Y")
    assert model.params == {"N": "2", "B": "true", "E": "Y"}
    assert (model.path, len(model.system.processes)) == (str(path), 2)
    mistakes: list[dict[str, Any]] = [{"N": 9}, {"N": "x"}, {"E": "Z"}, {"M": 1}]
    for wrong in mistakes:
        with pytest.raises(oomcheck.OomcheckError) as caught:
            oomcheck.load(path, **wrong)
        assert caught.value.diagnostics[0].code in ("E0004", "E0005")
    with pytest.raises(oomcheck.OomcheckError):
        oomcheck.load(tmp_path / "gone.oom")


def test_include(tmp_path: Path) -> None:
    """Imports may come from another folder that is named."""
    put(tmp_path, "lib/x.oom", "library x;\nmarked bool x;\n")
    path = put(tmp_path, "models/m.oom", 'model m;\nimport "x.oom";\nthread t { x = true; }\n')
    assert oomcheck.load(path, include=[tmp_path / "lib"]).system.variables
    assert oomcheck.check(path, options=Options(include=(tmp_path / "lib",))).results


def test_check(tmp_path: Path) -> None:
    """Verdict objects; one spec, several, or none; options are kept and parameters added to them."""
    _, model, spec = steps(tmp_path)
    other = put(tmp_path, "other.oomspec", 'spec for "steps.oom";\nnever x1 : x == 1;\n')
    report = oomcheck.check(model, spec)
    found = {result.prop: oomcheck.word(result.verdict) for result in report.results}
    assert (found["small"], found["smaller"], found["two"]) == (
        oomcheck.Word.HOLDS,
        oomcheck.Word.VIOLATED,
        oomcheck.Word.COVERED,
    )
    assert oomcheck.exit_code(report) == 1
    assert {r.identity.split("/")[0] for r in oomcheck.check(model, [spec, other]).results} == {"steps", "other"}
    assert oomcheck.exit_code(oomcheck.check(model)) == 0
    limited = Options(limits=Limits(max_states=2), params={"LAST": 5})
    results = oomcheck.check(model, options=limited).results
    assert {oomcheck.word(r.verdict) for r in results} == {oomcheck.Word.UNKNOWN}
    assert results[0].params == (("LAST", "5"),)
    assert oomcheck.check(model, options=limited, LAST=7).results[0].params == (("LAST", "7"),)
    assert limited.params == {"LAST": 5}


def test_trace(tmp_path: Path) -> None:
    """A trace tells the model, the run and the end."""
    _, model, spec = steps(tmp_path)
    report = oomcheck.check(model, spec, options=Options(select=("smaller",)))
    trace = oomcheck.trace_of(report.results[0].verdict)
    assert isinstance(trace, oomcheck.Trace)
    assert (trace.model, trace.prop, trace.kind, trace.verdict) == (model, "smaller", "invariant", "violated")
    assert trace.digest == oomcheck.load(model).system.digest
    assert trace.initial[0] == ("x", "0")
    assert [(s.number, s.process, s.line, s.source) for s in trace.steps] == [
        (1, "t", 6, "mm/mmap.c:exit_mmap"),
        (2, "t", 6, "mm/mmap.c:exit_mmap"),
    ]
    assert ("x", "1", "2") in [(c.name, c.old, c.new) for c in trace.steps[1].changes]
    assert (trace.switches, trace.shortest, trace.states) == (0, True, report.results[0].states)
    assert trace.ending.message == "x < 2 is false"
    assert oomcheck.trace_of(oomcheck.check(model).results[0].verdict) is None


def test_state_graph(tmp_path: Path) -> None:
    """Nodes are the reachable states, edges the steps: the counts of a check."""
    model = oomcheck.load(put(tmp_path, "steps.oom", STEPS))
    graph = model.state_graph()
    result = oomcheck.check(model.path).results[0]
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (result.states, result.transitions) == (5, 4)
    assert model.system.initial in graph
    assert {(d["process"], d["text"][:5]) for _, _, d in graph.edges(data=True)} == {("t", "x = i"), ("t", "x = 0")}
    assert model.state_graph(max_states=5).number_of_nodes() == 5
    with pytest.raises(oomcheck.OomcheckError) as caught:
        model.state_graph(max_states=4)
    assert caught.value.diagnostics[0].code == "E0303"


def test_lock_graph(tmp_path: Path) -> None:
    """An edge for each pair of locks that is taken in that order, with who does it."""
    model = oomcheck.load(put(tmp_path, "clash.oom", CLASH))
    graph = model.lock_graph()
    assert set(graph.nodes) == {"a", "b"}
    assert {(a, b): d["processes"] for a, b, d in graph.edges(data=True)} == {("a", "b"): {"one"}, ("b", "a"): {"two"}}
    nested = CLASH.replace("mutex_lock(b);\n\tmutex_lock(a);", "mutex_lock(a);\n\tmutex_lock(b);")
    graph = oomcheck.load(put(tmp_path, "nested.oom", nested)).lock_graph()
    assert {(a, b): d["processes"] for a, b, d in graph.edges(data=True)} == {("a", "b"): {"one", "two"}}
    lonely = oomcheck.load(
        put(tmp_path, "l.oom", "model l;\nspinlock s;\nthread t { spin_lock(s); spin_unlock(s); }\n")
    )
    assert (list(lonely.lock_graph().nodes), list(lonely.lock_graph().edges)) == (["s"], [])
