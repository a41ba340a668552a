"""Properties about runs as checks: verdict words, values, limits, warnings, with both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.result.exploration import Limits
from oomcheck.result.verdict import Bounded, Report, Word, exit_code, trace_of, word
from oomcheck.rows import Options

ENGINES = ("explicit", "reference")

MODEL = """
model m;
marked bool a = false;
marked bool b = false;
spinlock l;
waitqueue q;
timer late = fire;

softirq fire()
{
	b = true;
	wake_up(q);
}

thread x
{
	mod_timer(late, jiffies + 7);
	a = true;
	spin_lock(l) cost waits;
	delay(2 .. 3);
	spin_unlock(l);
}

thread y
{
	spin_lock(l) cost waits;
	spin_unlock(l);
	wait_event(q, b);
}
"""


def run(folder: Path, spec: str, engine: str = "explicit", limits: Limits | None = None, model: str = MODEL) -> Report:
    """The report on the model with a spec."""
    (folder / "m.oom").write_text(model, encoding="utf-8")
    (folder / "m.oomspec").write_text(f'spec for "m.oom";\n{spec}', encoding="utf-8")
    return check_files(folder / "m.oom", (folder / "m.oomspec",), Options(engine=engine, limits=limits or Limits()))


def words(report: Report) -> dict[str, Word]:
    """Verdict words by property."""
    return {result.prop: word(result.verdict) for result in report.results}


@pytest.mark.parametrize("engine", ENGINES)
def test_exact_values(tmp_path: Path, engine: str) -> None:
    """The worst times are those that the model says, with and without slack; each has a run that reaches it."""
    spec = """
bound free : sup time(a ~> dead(x));
bound fired : sup time(a ~> b);
bound waited : max waits;
within soon : a ~> dead(x) within 2;
check exact : free, fired timed slack 0;
check late : free timed slack 2 expect holds value 5;
check meet : waited timed slack 0 expect holds value 1;
check tight : soon timed slack 0 expect violated;
"""
    report = run(tmp_path, spec, engine)
    assert exit_code(report) == 0
    found = {result.identity: result for result in report.results}
    values = {identity: result.value for identity, result in found.items()}
    assert values == {"m/exact/free": 3, "m/exact/fired": 7, "m/late/free": 5, "m/meet/waited": 1, "m/tight/soon": 3}
    for identity in ("m/exact/free", "m/exact/fired", "m/late/free"):
        trace = trace_of(found[identity].verdict)
        assert isinstance(found[identity].verdict, Bounded)
        assert trace is not None
        assert trace.value == values[identity]
        assert trace.value is not None
        assert sum(step.ticks for step in trace.steps) >= trace.value


@pytest.mark.parametrize("engine", ENGINES)
def test_without_time_nothing_is_bounded(tmp_path: Path, engine: str) -> None:
    """A thread that may be late for ever has no worst case; the loop shows time that passes."""
    report = run(tmp_path, "bound free : sup time(a ~> dead(x));\ncheck c : free timed slack 0 expect holds;\n", engine)
    assert exit_code(report) == 0
    model = MODEL.replace("thread x\n", "thread x slack any\n")
    report = run(tmp_path, "bound free : sup time(a ~> dead(x));\ncheck c : free timed slack 0;\n", engine, model=model)
    (result,) = report.results
    assert word(result.verdict) is Word.VIOLATED
    assert result.unbounded
    assert result.value is None
    trace = trace_of(result.verdict)
    assert trace is not None
    assert trace.loop is not None
    assert all(step.ticks for step in trace.steps[trace.loop :])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_limit_leaves_no_value(tmp_path: Path, engine: str) -> None:
    """A graph that was cut can show that a limit is exceeded, but not by how much; what it does not show is UNKNOWN."""
    spec = (
        "bound never : sup time(a ~> false) <= 1;\nbound free : sup time(a ~> dead(x));\ncheck c : all timed slack 0;\n"
    )
    full = run(tmp_path, spec, engine)
    assert words(full) == {"never": Word.VIOLATED, "free": Word.HOLDS}
    states = full.results[0].states
    cut = run(tmp_path, spec, engine, Limits(max_states=states - 1))
    found = {result.prop: result for result in cut.results}
    assert word(found["free"].verdict) is Word.UNKNOWN
    assert found["free"].value is None
    assert found["never"].value is None
    assert word(found["never"].verdict) in (Word.VIOLATED, Word.UNKNOWN)
    assert exit_code(cut) != 0


@pytest.mark.parametrize("engine", ENGINES)
def test_fairness_and_its_lack(tmp_path: Path, engine: str) -> None:
    """Without fairness a busy neighbour keeps a thread from running, and the report warns."""
    model = "model m;\nmarked bool go = false;\nmarked bool n = false;\n"
    model += "thread busy { loop { n = !n; } }\nthread slow { go = true; }\n"
    spec = "leads_to done : true ~> go;\nleads_to fair_done : true ~> go fair weak(slow);\nltl negated : !(F go);\n"
    report = run(tmp_path, spec + "check c : all;\n", engine, model=model)
    assert words(report) == {"done": Word.VIOLATED, "fair_done": Word.HOLDS, "negated": Word.VIOLATED}
    assert [warning for warning in report.warnings if "`done`" in warning]
    assert not [warning for warning in report.warnings if "`fair_done`" in warning]


@pytest.mark.parametrize("engine", ENGINES)
def test_vacuous_runs(tmp_path: Path, engine: str) -> None:
    """No trigger, or no run that keeps what is assumed: nothing is established."""
    spec = "leads_to l : b and !b ~> a fair weak(all);\nbound s : sup time(b and !b ~> a);\n"
    report = run(tmp_path, spec + "check c : all timed slack 0;\n", engine)
    assert words(report) == {"l": Word.VACUOUS, "s": Word.VACUOUS}
    model = "model m;\nmarked bool n = false;\nthread busy slack 0 { loop { n = !n; } }\n"
    report = run(tmp_path, "ltl l : G F n;\ncheck c : l;\n", engine, model=model)
    assert words(report) == {"l": Word.VACUOUS, "zeno": Word.VIOLATED}


@pytest.mark.parametrize("engine", ENGINES)
def test_other_values_than_expected_fail(tmp_path: Path, engine: str) -> None:
    """`value` is strict: a better one fails as well."""
    spec = "bound free : sup time(a ~> dead(x));\ncheck c : free timed slack 0 expect holds value 4;\n"
    (result,) = run(tmp_path, spec, engine).results
    assert not result.ok
    assert result.note == "expected the worst value 4, found 3"


def test_costs_do_not_touch_the_states_of_others(tmp_path: Path) -> None:
    """A counter that no property of the check reads is no part of its model."""
    spec = "never both : a and b and !a;\nbound waited : max waits;\ncheck c : both, waited untimed;\n"
    with_cost = {r.prop: r.states for r in run(tmp_path, spec).results}
    without = run(tmp_path, "never both : a and b and !a;\n", model=MODEL.replace(" cost waits", ""))
    assert with_cost["both"] == next(r.states for r in without.results if r.prop == "both")
    assert with_cost["waited"] > with_cost["both"]
