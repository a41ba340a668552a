"""What is true when along a trace: facts with their first and last state, formulas with a sign for each state."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.evidence import facts
from oomcheck.replaying import reopen
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import trace_of
from oomcheck.rows import Options
from tests.cli.samples import put

ROOT = Path(__file__).parents[1]
LEFT = re.compile(r", \d+ ticks? left$")
SPECS = sorted((ROOT / "specs" / "examples").glob("*.oomspec"))

LOCKED = """model locked;
mutex m;
waitqueue q;
marked bool go;
marked int 0..2 x;
thread a { mutex_lock(m); x = 1; mutex_unlock(m); go = true; wake_up(q); }
thread b { mutex_lock(m); x = 2; mutex_unlock(m); }
thread c { wait_event(q, go); }
"""


def trace_for(folder: Path, model: str, spec: str, name: str) -> Trace:
    """The trace of property `name`."""
    path = put(folder, "m.oom", model)
    report = check_files(path, (put(folder, "m.oomspec", f'spec for "m.oom";\n{spec}\n'),), Options())
    found = next(trace_of(result.verdict) for result in report.results if result.prop == name)
    assert found is not None
    return found


def test_locks_and_sleep(tmp_path: Path) -> None:
    """Who holds a lock, who is blocked for it and who sleeps, from the first to the last state in which it is so."""
    trace = trace_for(tmp_path, LOCKED, "cover p : x == 1 and holds(a, m) and waits(b, m);", "p")
    spans = {(one.view, one.process, one.text, one.first, one.last) for one in trace.lasting}
    last = len(trace.steps)
    took = next(step.number for step in trace.steps if step.text.startswith("mutex_lock"))
    assert spans == {("held", "a", "m", took, last), ("blocked", "b", "m", took, last)}


def test_sleep(tmp_path: Path) -> None:
    """A thread that nobody wakes sleeps to the end."""
    model = "model m;\nwaitqueue q;\nmarked bool go;\nthread a { go = true; }\nthread b { wait_event(q, go); }"
    trace = trace_for(tmp_path, model, "cover p : true;", "deadlock")
    asleep = [one for one in trace.lasting if one.view == "sleeping"]
    assert [(one.process, one.text, one.last) for one in asleep] == [("b", "q", len(trace.steps))]


def test_signs(tmp_path: Path) -> None:
    """The property, its conjuncts and the other properties of the check have a sign for each state."""
    spec = "invariant p : x < 2 and y == 0;\nnever q : x == 1;\ncheck c : p, q expect violated;"
    model = "model m;\nmarked int 0..3 x;\nmarked int 0..3 y;\nthread t { x = 1; x = 2; }"
    trace = trace_for(tmp_path, model, spec, "p")
    assert [(t.text, t.role, t.signs) for t in trace.truths] == [
        ("x < 2 and y == 0", "property", "110"),
        ("x < 2", "part", "110"),
        ("y == 0", "part", "111"),
        ("q", "other", "101"),
    ]


def test_never(tmp_path: Path) -> None:
    """What must never be is told as its denial, so that 0 is bad in every row about a property."""
    trace = trace_for(tmp_path, "model m;\nmarked int 0..3 x;\nthread t { x = 1; x = 2; }", "never p : x == 2;", "p")
    assert [(t.text, t.role, t.signs) for t in trace.truths] == [("not (x == 2)", "property", "110")]


def test_undefined(tmp_path: Path) -> None:
    """Where a formula has no meaning there is no truth."""
    model = "model m;\nstruct S { marked bool b; };\nS s;\nS *q = &s;\nthread t { q = NULL; }"
    trace = trace_for(tmp_path, model, "invariant p : !q->b;", "p")
    assert [t.signs for t in trace.truths] == ["1-"]


def test_lasso(tmp_path: Path) -> None:
    """A formula about runs and its conditions along stem and loop; the state after the loop is its first one again."""
    model = "model m;\nmarked int 0..3 x;\nthread t { x = 1; loop { x = 2; x = 3; } }"
    trace = trace_for(tmp_path, model, "leads_to p : x == 1 ~> x == 0 fair weak(t);", "p")
    assert trace.loop is not None
    whole = trace.truths[0]
    assert (whole.text, whole.role) == ("x == 1 ~> x == 0", "property")
    assert whole.signs[: trace.loop + 1].startswith("0")
    parts = {t.text: t.signs for t in trace.truths[1:]}
    values = ["0"]
    for step in trace.steps:
        values.append(next((c.new for c in step.changes if c.name == "x"), values[-1]))
    assert parts == {
        "x == 1": "".join("1" if v == "1" else "0" for v in values),
        "x == 0": "".join("1" if v == "0" else "0" for v in values),
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_spans_are_facts(spec: Path) -> None:
    """For each trace of the examples: the spans over a state are the facts that hold in it, and no others."""
    model = (spec.parent / spec.read_text(encoding="utf-8").split('"')[1]).resolve()
    report = check_files(model, (spec,), Options())
    for result in report.results:
        trace = trace_of(result.verdict)
        if trace is None:
            continue
        again = reopen(trace, model)
        for number, state in enumerate(again.run.states):
            told = {(s.process, s.text) for s in trace.lasting if s.first <= number <= s.last}
            assert told == {(fact.process, LEFT.sub("", fact.text)) for fact in facts(again.system, state)}
