"""Whole explanations: the run that is shown, the sentences, and what is never claimed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.explaining.explain import TOO_LONG, explain, question_of
from oomcheck.explaining.explanation import Need, Sort, Switches
from oomcheck.explaining.searching import Searcher
from oomcheck.ir.system import ProcessKind
from oomcheck.replaying import reopen, replay_trace
from oomcheck.result.exploration import Limits, Witness
from oomcheck.semantics.runs import run_of
from tests.explaining.samples import (
    FREEZE,
    LOST_UPDATE,
    LOST_UPDATE_SPEC,
    LOST_WAKE_UP,
    TIMED,
    explained,
    searcher,
    trace_in,
)

#: The given trace is shortest; a longer one switches less.
DETOUR = """model m;
marked int 0..9 x = 0;
marked int 0..9 y = 0;
thread a { await x == 1; y = 1; await x == 2; y = 2; }
thread b { x = 1; await y == 1; x = 2; }
thread c { if (x == 0) { x = x; x = x; x = x; x = x; x = x; x = 2; y = 2; } }
"""

LOCKS = """model m;
mutex a;
mutex b;
thread one { mutex_lock(a); mutex_lock(b); mutex_unlock(b); mutex_unlock(a); }
thread two { mutex_lock(b); mutex_lock(a); mutex_unlock(a); mutex_unlock(b); }
"""

SPIN = """model m;
marked bool go = false;
marked bool done = false;
thread loser { await go; done = true; }
thread spinner { loop { go = true; go = false; } }
"""


def sentences(folder: Path, model: str, spec: str = "", select: str = "") -> list[str]:
    """The paragraph, without the folder of the test."""
    return [text.replace(f"{folder}/", "") for text in explained(folder, model, spec, select).paragraph]


def test_lost_update(tmp_path: Path) -> None:
    """Who loads, who stores in between, what has been true since when, and what would have helped."""
    assert sentences(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost") == [
        "First a runs `users is 0` (step 1, mm/oom_kill.c:a).",
        "Then b runs `users = x + 1` (step 3, kernel/exit.c:b; users becomes 1).",
        "`b at end` and `users == 1` have been true since b ran `users = x + 1` (step 3, kernel/exit.c:b).",
        "`a at end` has been true since a ran `users = x + 1` (step 4, mm/oom_kill.c:a).",
        "Had step 3 come before step 1, no run would have violated lost; all runs were searched. "
        "The model allows either order.",
    ]


def test_lost_wake_up(tmp_path: Path) -> None:
    """The window of the sleeper, and who waits for ever."""
    assert sentences(tmp_path, LOST_WAKE_UP, "", "deadlock") == [
        "First sleeper runs `ready is false` (step 1, m.oom:4).",
        "Then waker runs `ready = true` (step 2, m.oom:5; ready becomes true) and `asleep = false` (step 3, m.oom:5).",
        "Then sleeper runs `asleep = true` (step 4, m.oom:4; asleep becomes true).",
        "What is wrong: nobody can move: sleeper waits for !asleep (line 4).",
        "The race window: sleeper between its steps 1 and 4; steps 2 to 3 of waker must fall into it.",
        "Had step 2 come before step 1, or step 4 before step 3, no run would have violated deadlock; "
        "all runs were searched. The model allows each of these orders.",
    ]


def test_forced(tmp_path: Path) -> None:
    """An order that the model forces is no matter of luck; the failing step is named with its place."""
    assert sentences(tmp_path, FREEZE, "", "assert") == [
        "First user runs `frozen = true` (step 1, kernel/cgroup/legacy_freezer.c:freezer_write; frozen becomes true).",
        "Then t runs `await frozen` (step 2, m.oom:7).",
        "The next step of t, `assert !frozen` (kernel/freezer.c:t), fails: assertion failed: !frozen.",
        "The model itself forces step 2 after step 1.",
    ]


def test_circle(tmp_path: Path) -> None:
    """A deadlock of locks: who waits for what that the other one holds."""
    found = sentences(tmp_path, LOCKS, "", "deadlock")
    assert "The circle: one waits for b, which two holds; two waits for a, which one holds." in found


def test_lock_orders(tmp_path: Path) -> None:
    """A circle of lock orders takes several runs to show: it is shown as it was found, and no run is the plainest."""
    found = explained(tmp_path, LOCKS, "", "lockdep")
    assert found.trace == trace_in(tmp_path, LOCKS, "", "lockdep")
    assert not found.switches.least
    assert {item.process: item.need for item in found.items if item.sort.value == "thread"} == {
        "one": Need.NEEDED,
        "two": Need.NEEDED,
    }


def test_loop(tmp_path: Path) -> None:
    """Of a run for ever: what never comes, and what repeats; orders are not looked at."""
    found = explained(tmp_path, SPIN, "leads_to served : go ~> done fair weak(all);", "served")
    assert found.orders == ()
    assert found.paragraph[-1] == "From there on steps 1 to 2 repeat for ever; only spinner moves in them."
    assert {item.process: item.need for item in found.items if item.sort.value == "thread"} == {
        "loser": Need.NOT_NEEDED,
        "spinner": Need.NEEDED,
    }


def test_rest(tmp_path: Path) -> None:
    """Of a run that ends at rest: that nothing moves any more."""
    model = "model m;\nmarked bool a = false;\nmarked bool b = false;\nthread t { a = true; await b; }\n"
    found = explained(tmp_path, model, "leads_to answered : a ~> b fair weak(all);", "answered")
    assert "After step 1 nothing moves any more." in found.paragraph


def test_bound(tmp_path: Path) -> None:
    """Of a worst time: where most of it passes, and which delay it takes."""
    model = """model m;
marked bool a = false;
marked bool b = false;
thread t { a = true; delay(2 .. 5); b = true; }
"""
    spec = "bound slow : sup time(a ~> b);\ncheck c : slow timed slack 0;"
    found = explained(tmp_path, model, spec, "slow")
    text = found.paragraph[-1].replace(f"{tmp_path}/", "")
    assert text == "Most of the time passes in steps 2 to 6: 5 ticks, after t ran `a = true` (step 1, m.oom:4)."
    assert found.paragraph[1] == "The worst case: 5 ticks: a after step 1, without b up to step 6."
    needed = {item.sort.value for item in found.of(Need.NEEDED)}
    assert needed >= {"delay", "length"}


def test_cost(tmp_path: Path) -> None:
    """Of a worst cost: which steps raise it."""
    model = """model m;
mutex l;
thread t { mutex_lock(l) cost waits; mutex_unlock(l); }
thread u { mutex_lock(l); mutex_unlock(l); }
"""
    found = explained(tmp_path, model, "bound few : max waits;\ncheck c : few untimed;", "few")
    assert found.paragraph[-1].startswith("Most of waits is spent: 1 in `mutex_lock(l)")
    assert {item.process: item.need for item in found.items if item.sort.value == "thread"} == {
        "t": Need.NEEDED,
        "u": Need.NEEDED,
    }


def test_fewer_switches(tmp_path: Path) -> None:
    """The run shown has the fewest switches of all, though it is longer than the one that was given."""
    found = explained(tmp_path, DETOUR, "never bad : x == 2 and y == 2;", "bad")
    assert found.switches == Switches(0, 13, 3, 7, least=True, shortest=True)
    assert {step.process for step in found.trace.steps} == {"c"}
    assert not found.trace.shortest


def test_threads_that_are_enough(tmp_path: Path) -> None:
    """What moves in the run shown; a thread that helps a switch less is left out if the run is no worse."""
    found = explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost")
    assert sorted(found.enough) == ["a", "b"]


def test_limits(tmp_path: Path) -> None:
    """Without time nothing is claimed: the trace is the one given, and everything that takes a search is open."""
    found = explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost", Limits(timeout=1e-9))
    assert found.partial == "time limit 1e-09 s"
    assert found.switches.reason == TOO_LONG
    assert not found.switches.least
    assert found.of(Need.NEEDED) == ()
    assert {item.reason for item in found.of(Need.UNDECIDED)} == {"time limit 1e-09 s"}
    assert found.paragraph[0] == "Which orders of steps are needed is not known (time limit 1e-09 s)."
    assert "no run" not in " ".join(found.paragraph)


def test_spec_is_gone(tmp_path: Path) -> None:
    """A property whose spec is not at hand cannot be explained."""
    trace = trace_in(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost")
    (tmp_path / "m.oomspec").unlink()
    again = reopen(trace, tmp_path / "m.oom")
    with pytest.raises(OomcheckError, match="E0003"):
        explain(trace, again, searcher())


def test_question_of_a_bound(tmp_path: Path) -> None:
    """A bound that holds is asked as one that is just too low."""
    model = "model m;\nmarked bool a = false;\nthread t { delay(4); a = true; }\n"
    spec = "bound slow : sup time(!a ~> a);\ncheck c : slow timed slack 0;"
    trace = trace_in(tmp_path, model, spec, "slow")
    asked = question_of(trace, reopen(trace, tmp_path / "m.oom"))
    assert asked.prop.temporal is not None
    assert getattr(asked.prop.temporal, "limit", None) == 3
    assert asked.system.processes[-1].kind is ProcessKind.CLOCK


def test_forged_worst_value(tmp_path: Path) -> None:
    """A trace that calls a smaller value the worst one is explained as it is: no worse run takes its place."""
    model = """model m;
mutex l;
marked bool c = false;
thread t { for (i in 1 .. 2) { mutex_lock(l) cost waits; mutex_unlock(l); } }
thread u { loop { mutex_lock(l); mutex_unlock(l); } }
thread stray[2] { loop c = true; }
"""
    trace = trace_in(tmp_path, model, "bound few : max waits;\ncheck c : few untimed;", "few")
    assert trace.value == 2
    again = reopen(trace, tmp_path / "m.oom")
    steps, processes = again.system.transitions, again.system.processes
    first = next(n for n, index in enumerate(again.witness.steps) if steps[index].costs)
    detour = [step.index for step in steps if processes[step.process].name.startswith("stray")] * 9
    start = [step for step in again.witness.steps[: first + 1] if step not in detour]
    short = Witness((*detour, *start))
    run = run_of(again.system, short)
    assert not isinstance(run, str)
    found = explain(replace(trace, value=1), replace(again, witness=short, run=run), searcher())
    assert (found.trace.value, len(found.trace.steps)) == (1, len(short.steps))
    threads = {item.process: item.need for item in found.items if item.sort is Sort.THREAD}
    assert threads["stray[0]"] is Need.NOT_NEEDED


def test_time_is_no_switch(tmp_path: Path) -> None:
    """Ticks between the steps of a thread switch to nobody; what is shown agrees with what is counted."""
    spec = "never late_seen : seen;\ncheck c : late_seen timed slack 0;"
    found = explained(tmp_path, TIMED, spec, "late_seen")
    assert (found.switches.switches, found.switches.least) == (1, True)
    assert found.trace.switches == 1
    assert any(step.ticks for step in found.trace.steps)


def test_long_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The orders of a very long run are not looked at, and nothing is said of them."""
    monkeypatch.setattr("oomcheck.explaining.explain.MOST_STEPS", 3)
    found = explained(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost")
    assert (len(found.trace.steps), found.orders) == (4, ())
    assert [text for text in found.paragraph if "order" in text or "Had" in text] == []


#: A run without a switch to the second assertion passes by a state where the first one fails already.
TWO_ASSERTIONS = """model m;
marked int 0..1 v = 0;
marked int 0..1 w = 0;
marked int 0..1 x = 0;
marked int 0..1 y = 0;
marked int 0..1 z = 0;
thread a { await x == 1; y = 1; }
thread b { x = 1; await y == 1; z = 1; }
thread c { v = v; v = v; v = v; v = v; w = 1; z = 1; }
thread d { assert z != 1; }
thread e { assert w != 1; }
"""


@pytest.mark.parametrize(
    ("model", "spec", "select"),
    [
        (LOST_UPDATE, LOST_UPDATE_SPEC, "lost"),
        (LOST_WAKE_UP, "", "deadlock"),
        (FREEZE, "", "assert"),
        (DETOUR, "never bad : x == 2 and y == 2;", "bad"),
        (TIMED, "never late_seen : seen;\ncheck c : late_seen timed slack 0;", "late_seen"),
        (SPIN, "leads_to served : go ~> done fair weak(all);", "served"),
        (TWO_ASSERTIONS, "", "assert"),
    ],
)
def test_shown_traces_replay(tmp_path: Path, model: str, spec: str, select: str) -> None:
    """The run that is shown is a trace like any other: it replays, and its end is as claimed."""
    found = explained(tmp_path, model, spec, select)
    assert replay_trace(found.trace, tmp_path / "m.oom").end_checked


def test_passing_by_another_fault(tmp_path: Path) -> None:
    """A run may pass by another fault of the same sanitizer; the trace tells of it."""
    found = explained(tmp_path, TWO_ASSERTIONS, "", "assert")
    assert found.enough == ("c",)
    assert found.switches == Switches(0, 10, 2, 5, least=True, shortest=True)
    assert "0" in found.trace.truths[0].signs[:-1]


def test_numbers_of_steps(tmp_path: Path) -> None:
    """All numbers are those of the trace that is shown, which ends with the thread that fails."""
    model = """model m;
marked bool x = false;
marked bool y = false;
thread a { x = true; assert !y; }
thread b { y = true; }
"""
    found = explained(tmp_path, model, "", "assert")
    assert [step.process for step in found.trace.steps] == ["b", "a"]
    assert {item.process: item.step for item in found.items if item.sort is Sort.THREAD} == {"a": 2, "b": 1}


def test_time_that_is_just_over(tmp_path: Path) -> None:
    """An explanation is partial if something was left open for it, not because the clock went on afterwards."""
    trace = trace_in(tmp_path, LOST_UPDATE, LOST_UPDATE_SPEC, "lost")
    asked = searcher()
    found = explain(trace, reopen(trace, tmp_path / "m.oom"), asked)
    assert found.partial == ""
    reasons = iter([""] * 10_000)
    late = Searcher(None, Limits(), lambda: next(reasons))
    explain(trace, reopen(trace, tmp_path / "m.oom"), late)
    polls = 10_000 - len(list(reasons))
    reasons = iter([""] * (polls - 1) + ["interrupted"] * 10)
    assert explain(trace, reopen(trace, tmp_path / "m.oom"), late).partial == ""
    reasons = iter([""] * 5 + ["interrupted"] * 10_000)
    assert explain(trace, reopen(trace, tmp_path / "m.oom"), late).partial == "interrupted"


def test_fewer_threads_for_more_switches(tmp_path: Path) -> None:
    """A thread that spares a switch stays in the run, though it is not needed."""
    model = """model m;
marked bool p = false;
marked bool y = false;
marked int 0..2 x = 0;
marked int 0..2 z = 0;
thread h { p = true; }
thread a { x = 1; await p; y = true; }
thread b { if (x == 1) p = true; await y; z = 2; }
"""
    found = explained(tmp_path, model, "never bad : z == 2;", "bad")
    assert (found.enough, found.switches.switches) == (("h", "a", "b"), 2)
    assert {item.process: item.need for item in found.items if item.sort is Sort.THREAD} == {
        "h": Need.NOT_NEEDED,
        "a": Need.NEEDED,
        "b": Need.NEEDED,
    }
