"""Traces: each kind of witness gets one that replays, reads well and tells the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from oomcheck.api import load
from oomcheck.check import check_files
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.evidence import EvidenceError, Subject, build_trace
from oomcheck.prop.property import SANITIZERS, Kind, Property, sanitizer
from oomcheck.pygen.search import explore
from oomcheck.replaying import replay_trace
from oomcheck.report.lanes import LaneOptions, render_trace
from oomcheck.result.codec import dump_trace, load_trace
from oomcheck.result.exploration import Exploration, Limits, LockEdge, Witness
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import trace_of
from oomcheck.rows import Options
from tests.cli.samples import CLASH, put

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "corpus"
SUBJECT = Subject("m.oom", "s/c/p", "violated", 1, "explicit")

HEAD = "model m;\nmarked int 0..3 x;\nmarked int 0..3 y;\n"
KINDS = {
    "invariant": (HEAD + "thread t { x = 1; x = 2; }", "invariant p : x < 2 and y == 0;", "x < 2 and y == 0 is false"),
    "lemma": (HEAD + "thread t { x = 1; x = 2; }", "lemma p : x < 2;", "x < 2 is false"),
    "never": (HEAD + "thread t { x = 1; x = 2; }", "never p : x == 2;", "x == 2 is true"),
    "initially": (HEAD + "thread t { x = 1; }", "never p : x == 0;", "x == 0 is true"),
    "cover": (HEAD + "thread t[2] { x = 1; y = 1; }", "cover p : y == 1 and x == 1;", "y == 1 and x == 1"),
    "undefined": (
        HEAD + "struct S { marked bool b; };\nS s;\nS *q = &s;\nthread t { q = NULL; }",
        "invariant p : !q->b;",
        "the property reads through NULL or outside of an array here",
    ),
    "rest": (
        HEAD + "thread t { x = 1; await x == 2; }",
        "deadlock_free p except x == 0;",
        "nobody can move: t waits for x == 2 (line 4)",
    ),
}


def violated(model: Path, spec: str = "") -> dict[str, Trace]:
    """The traces of a check, by property."""
    specs = (put(model.parent, "m.oomspec", f'spec for "{model.name}";\n{spec}\n'),) if spec else ()
    report = check_files(model, specs, Options())
    return {result.prop: trace for result in report.results if (trace := trace_of(result.verdict)) is not None}


def assert_good(trace: Trace, model: Path) -> None:
    """It survives its file format, replays, fits the page and is numbered from one."""
    assert load_trace(dump_trace(trace), "t.json") == trace
    replayed = replay_trace(trace, model)
    assert len(replayed.states) == len(trace.steps) + 1
    assert replayed.shown[0] == trace.initial
    assert [step.number for step in trace.steps] == list(range(1, len(trace.steps) + 1))
    for width in (75, 40):
        assert max(map(len, render_trace(trace, LaneOptions(width=width)).splitlines())) <= width
    assert trace.ending.message
    assert {step.process for step in trace.steps} <= set(trace.processes)


@pytest.mark.parametrize("kind", KINDS)
def test_properties(tmp_path: Path, kind: str) -> None:
    """Each kind of property has a trace whose end says what is the matter."""
    text, spec, message = KINDS[kind]
    model = put(tmp_path, "m.oom", text)
    trace = violated(model, spec)["p"]
    assert_good(trace, model)
    assert trace.ending.message == message
    assert (len(trace.steps) == 0) is (kind == "initially")
    if kind == "invariant":
        assert trace.ending.parts == (("x < 2", False), ("y == 0", True))


@pytest.mark.parametrize("name", [name for name in SANITIZERS if name != "unreachable"])
def test_sanitizers(tmp_path: Path, name: str) -> None:
    """Each sanitizer: the traces of the smallest models that trip it; the replay looks at the end too."""
    found = 0
    for path in sorted((CORPUS / name).glob("*.oom"))[:8]:
        model = put(tmp_path, path.name, path.read_text(encoding="utf-8"))
        trace = violated(model).get(name)
        if trace is not None:
            assert_good(trace, model)
            assert replay_trace(trace, model).end_checked
            found += 1
    assert found


def test_lock_orders(tmp_path: Path) -> None:
    """A circle of locks tells all its edges."""
    model = put(tmp_path, "clash.oom", CLASH)
    traces = violated(model)
    for name in ("race", "deadlock", "lockdep"):
        assert_good(traces[name], model)
    assert traces["lockdep"].ending.message in (
        "locks are taken in two orders: one takes b while it holds a; two takes a while it holds b",
        "locks are taken in two orders: two takes a while it holds b; one takes b while it holds a",
    )
    assert traces["race"].ending.message.startswith("data race on x: one writes it (line 10) while two writes it (line")
    assert {(fact.view, fact.process, fact.text) for fact in traces["deadlock"].facts} == {
        ("held", "one", "a"),
        ("held", "two", "b"),
        ("waits", "one", "b"),
        ("waits", "two", "a"),
    }


def switches(processes: Sequence[int]) -> int:
    """How often the running thread changes."""
    return sum(a != b for a, b in pairwise(processes))


@pytest.mark.parametrize(
    "path",
    [
        *sorted((CORPUS / "deadlock").glob("*.oom")),
        *sorted((CORPUS / "race").glob("*.oom")),
        ROOT / "models/examples/phils.oom",
        ROOT / "models/examples/exit_vs_reaper.oom",
    ],
    ids=lambda path: path.stem,
)
def test_no_more_switches(path: Path) -> None:
    """The trace that is shown has at most the thread switches of the path that was found, and as many steps."""
    system = load(path).system
    props = [sanitizer(name) for name in SANITIZERS]
    found = explore(system, props, Limits(max_states=20_000))
    for name, witness in found.witnesses.items():
        trace = build_trace(system, sanitizer(name), witness, SUBJECT)
        assert len(trace.steps) == len(witness.steps)
        assert trace.switches <= switches([system.transitions[step].process for step in witness.steps])


WAITS = [
    ("mutex_lock(a); await x == 3;", "await mutex_is_locked(a); mutex_lock(a);", "two waits for a, held by one"),
    ("spin_lock(l); await x == 3;", "await spin_is_locked(l); spin_lock(l);", "two waits for l, held by one"),
    ("down_read(s); await x == 3;", "await rwsem_is_locked(s); down_write(s);", "two waits for s (write), held by one"),
    ("down_write(s); await x == 3;", "await rwsem_is_locked(s); down_read(s);", "two waits for s (read), held by one"),
    ("await x == 3 and y == 1;", "skip;", "one waits for x == 3 and y == 1 (line 9)"),
    ("here: await x == 3;", "skip;", "one waits for x == 3 (line 9)"),
    ("wait_event(q, x == 3);", "skip;", "one is stuck in wait_event(q, x == 3) (line 9)"),
    ("wait_for_completion(c);", "skip;", "one is stuck in wait_for_completion(c) (line 9)"),
    ("set_current_state(TASK_KILLABLE); schedule();", "skip;", "one is stuck in schedule() (line 9)"),
    ("freezer_freeze(f); get_signal();", "skip;", "one is stuck in get_signal() (line 9)"),
    ("x = 1; await false;", "skip;", "one can never go on"),
]


@pytest.mark.parametrize(("one", "two", "told"), WAITS)
def test_deadlocks_say_why(tmp_path: Path, one: str, two: str, told: str) -> None:
    """Each stuck thread is told with what it waits for, and who holds that."""
    text = f"""model m;
mutex a; mutex b;
spinlock l;
rwsem s;
waitqueue q;
completion c;
freezer f legacy;
marked int 0..3 x; marked int 0..3 y;
thread one {{ {one} }}
thread two {{ {two} }}
thread last {{ await x == 2; }}
"""
    model = put(tmp_path, "m.oom", text)
    trace = violated(model)["deadlock"]
    assert_good(trace, model)
    assert trace.ending.message.startswith("nobody can move: ")
    assert told in trace.ending.message
    assert "last waits for x == 2 (line 11)" in trace.ending.message


def test_many_stuck_threads(tmp_path: Path) -> None:
    """The message stays short; threads that may rest are not in it."""
    text = HEAD + "thread t[9] { await x == 1; }\nkthread d daemon { await x == 2; }\nenv e { await x == 3; }"
    message = violated(put(tmp_path, "m.oom", text))["deadlock"].ending.message
    assert message.count("waits for x == 1") == 4
    assert message.endswith("; 5 more threads are stuck")


def found_in(model: Path, names: Sequence[str]) -> Exploration:
    """What the search finds about these sanitizers."""
    return explore(load(model).system, [sanitizer(name) for name in names], Limits())


def test_lies_are_found(tmp_path: Path) -> None:
    """A witness that does not decide its property is an internal error, whatever is wrong with it."""
    model = put(tmp_path, "clash.oom", CLASH)
    system = load(model).system
    good = found_in(model, ("race", "deadlock", "lockdep")).witnesses
    fine = Property("fine", Kind.INVARIANT)
    lies = [
        ("race", replace(good["race"], steps=good["race"].steps[:-1])),
        ("race", replace(good["race"], racing=(0, 1))),
        ("race", replace(good["race"], racing=None)),
        ("deadlock", replace(good["deadlock"], steps=())),
        ("deadlock", good["race"]),
        ("lockdep", replace(good["lockdep"], paths=())),
        ("lockdep", replace(good["lockdep"], cycle=(LockEdge(0, 0, 1), LockEdge(0, 1, 0)))),
        ("lockdep", replace(good["lockdep"], cycle=good["lockdep"].cycle[:1])),
        ("uninit", Witness((), fault=0)),
        ("uninit", Witness((), fault=10**6)),
        ("assert", Witness(())),
        ("race", Witness((10**6,))),
        ("race", Witness((-1,))),
    ]
    for name, witness in lies:
        with pytest.raises(EvidenceError, match="s/c/p"):
            build_trace(system, sanitizer(name), witness, SUBJECT)
    with pytest.raises(EvidenceError):
        build_trace(system, fine, Witness(good["race"].steps), SUBJECT)
    for name, witness in good.items():
        assert build_trace(system, sanitizer(name), witness, SUBJECT).steps


def test_stale_and_tampered(tmp_path: Path) -> None:
    """Replay refuses a changed model, a step that is none, and a story that is not what happens."""
    model = put(tmp_path, "m.oom", KINDS["invariant"][0])
    trace = violated(model, KINDS["invariant"][1])["p"]
    step = trace.steps[0]
    for code, bad in [
        ("E0501", replace(trace, digest="sha256:0")),
        ("E0503", replace(trace, steps=(replace(step, choice=99), *trace.steps[1:]))),
        ("E0503", replace(trace, steps=(replace(step, changes=()), *trace.steps[1:]))),
        ("E0503", replace(trace, initial=())),
        ("E0004", replace(trace, params=(("N", "1"),))),
    ]:
        with pytest.raises(OomcheckError) as caught:
            replay_trace(bad, model)
        assert caught.value.diagnostics[0].code == code
    assert replay_trace(trace, model).end_checked
    assert not replay_trace(replace(trace, spec=""), model).end_checked


def test_parameters_of_a_trace(tmp_path: Path) -> None:
    """A trace is replayed at its own parameters, by name."""
    text = "model m;\nparam enum E { A, B } = A;\nparam bool F = false;\nmarked int 0..3 x;\n"
    model = put(tmp_path, "m.oom", text + "thread t { if (E == B and F) x = 3; }")
    trace = violated(model, "never p : x == 3;\ncheck c : p with E = B, F = true expect violated;")["p"]
    assert trace.params == (("E", "B"), ("F", "true"))
    assert_good(trace, model)
