"""Both sides checked, and the schedule that is chosen for both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oomcheck.comparing.compare import compare, owner, run_on_both
from oomcheck.comparing.course import Reason
from oomcheck.comparing.pairs import Relation
from oomcheck.comparing.sides import Side, check_side, read_side, read_specs
from oomcheck.diag.diagnostic import OomcheckError
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import trace_of, word
from oomcheck.rows import Options
from tests.cli.samples import put
from tests.comparing.samples import FIX, FIX_SPEC, compared

REFERENCE = Options(engine="reference")

TIMED = """model timed;
const HZ = 10;
marked int 0..9 x;
thread one slack 0 { delay(2 .. 3); x = 1; }
"""

SPIN = """model spin;
marked bool stop;
marked bool done;
marked int 0..1 x;
thread one { while (!stop) x = 1 - x; done = true; }
"""


def settings(folder: Path) -> tuple[Side, Side]:
    """One model without and with its fix."""
    model = put(folder, "fix.oom", FIX)
    return read_side("A", model, {}, ()), read_side("B", model, {"FIX": "true"}, ())


def words(found: tuple[tuple[str, Relation], ...] | list[tuple[str, Relation]]) -> list[tuple[str, str]]:
    """Identities with their relations as words."""
    return [(identity, relation.value) for identity, relation in found]


def test_settings_of_one_model(tmp_path: Path) -> None:
    """Verdicts of a spec at two settings; the schedule is that of the first row that differs."""
    a, b = settings(tmp_path)
    specs = read_specs([put(tmp_path, "fix.oomspec", FIX_SPEC)], (a, b))
    found = compare(a, b, specs, REFERENCE, None, with_texts=False)
    assert words([(p.identity, p.relation) for p in found.pairs])[:2] == [
        ("fix/both/seen", "different"),
        ("fix/both/goes", "same"),
    ]
    assert found.schedule is not None
    assert found.schedule.trace.identity == "fix/both/seen"
    divergence = found.schedule.course.divergence
    assert divergence is not None
    assert (divergence.reason, divergence.number) == (Reason.BLOCKED, 2)
    assert divergence.why == ("waits for m, held by one",)


def test_sanitizers_alone(tmp_path: Path) -> None:
    """Without a spec the sanitizers are compared, whatever the models are called."""
    a = "model a;\nint 0..3 x;\nthread one { x = 1; }\nthread two { x = 2; }\n"
    found = compared(tmp_path, a, a.replace("int", "marked int"))
    assert words([(p.identity, p.relation) for p in found.pairs])[:2] == [
        ("model/default/race", "different"),
        ("model/default/uninit", "same"),
    ]
    assert found.schedule is not None
    assert found.schedule.decides is False


def test_sanitizers_of_checks_are_rows_on_both_sides(tmp_path: Path) -> None:
    """A sanitizer that fails on one side and was not asked for has its verdict on the other one, too."""
    a = "model a;\nint 0..3 x;\nthread one { x = 1; }\nthread two { x = 2; }\n"
    found = compared(tmp_path, a, a.replace("int", "marked int"), "never bad : x == 3;\ncheck it : bad;\n")
    (race,) = [pair for pair in found.pairs if pair.identity == "a/it/race"]
    assert race.a is not None
    assert race.b is not None
    assert (word(race.a.verdict).value, word(race.b.verdict).value) == ("violated", "holds")


def test_the_schedule_of_b(tmp_path: Path) -> None:
    """Where only B has a trace, its steps are taken on A."""
    a, b = settings(tmp_path)
    specs = read_specs([put(tmp_path, "fix.oomspec", FIX_SPEC)], (a, b))
    found = compare(replace(b, letter="A"), replace(a, letter="B"), specs, REFERENCE, None, with_texts=False)
    assert found.schedule is not None
    assert (found.schedule.own.letter, found.schedule.other.letter) == ("B", "A")


def test_nothing_differs(tmp_path: Path) -> None:
    """A model is like itself, and there is no schedule to show."""
    found = compared(tmp_path, FIX, FIX)
    assert {pair.relation for pair in found.pairs} == {Relation.SAME}
    assert found.schedule is None


def test_a_given_trace(tmp_path: Path) -> None:
    """A trace belongs to the side with its model and parameters, and what its check set is set on the other side."""
    a, b = settings(tmp_path)
    spec = put(tmp_path, "fix.oomspec", FIX_SPEC + "check fixed : goes with FIX = true;\n")
    specs = read_specs([spec], (a, b))
    by_id = {result.identity: result for result in check_side(a, specs, REFERENCE).results}
    seen, fixed = trace(by_id["fix/both/seen"].verdict), trace(by_id["fix/fixed/goes"].verdict)
    assert owner(seen, a, b) == (a, b)
    assert owner(fixed, a, b) == (b, a)
    other = replace(a, letter="B")
    course = run_on_both(fixed, a, other, specs, None).course
    assert course.divergence is None
    assert [one.text for one in course.followed] == [step.text for step in fixed.steps]


def trace(verdict: object) -> Trace:
    """The trace of a verdict that has one."""
    found = trace_of(verdict)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_trace_of_neither(tmp_path: Path) -> None:
    """E0501 for a trace whose model is none of the two."""
    a, b = settings(tmp_path)
    specs = read_specs([put(tmp_path, "fix.oomspec", FIX_SPEC)], (a, b))
    result = next(r for r in check_side(a, specs, REFERENCE).results if r.identity == "fix/both/seen")
    with pytest.raises(OomcheckError) as failure:
        owner(replace(trace(result.verdict), digest="sha256:0"), a, b)
    assert [d.code for d in failure.value.diagnostics] == ["E0501"]


def test_a_forged_trace(tmp_path: Path) -> None:
    """E0503 for steps that the model does not have."""
    a, b = settings(tmp_path)
    specs = read_specs([put(tmp_path, "fix.oomspec", FIX_SPEC)], (a, b))
    result = next(r for r in check_side(a, specs, REFERENCE).results if r.identity == "fix/both/seen")
    told = trace(result.verdict)
    forged = replace(told, steps=(replace(told.steps[0], choice=999), *told.steps[1:]))
    with pytest.raises(OomcheckError) as failure:
        run_on_both(forged, a, b, specs, None)
    assert [d.code for d in failure.value.diagnostics] == ["E0503"]


def test_a_spec_for_neither(tmp_path: Path) -> None:
    """E0402 for a spec that is about another model."""
    a, b = settings(tmp_path)
    put(tmp_path, "other.oom", FIX)
    spec = put(tmp_path, "other.oomspec", FIX_SPEC.replace("fix.oom", "other.oom"))
    with pytest.raises(OomcheckError) as failure:
        read_specs([spec], (a, b))
    assert [d.code for d in failure.value.diagnostics] == ["E0402"]


def test_errors_name_the_side(tmp_path: Path) -> None:
    """A spec that fits A may not fit B; the message says where it was read."""
    with pytest.raises(OomcheckError) as failure:
        compared(tmp_path, FIX, FIX.replace("y", "z"), "never seen : y == 1;\ncheck it : seen;\n")
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.code == "E0201"
    assert diagnostic.notes[-1] == f"while reading for B: {tmp_path}/b.oom"


def test_places_of_expectations_are_not_asked(tmp_path: Path) -> None:
    """A check may expect a violation at a function that only one side has."""
    spec = 'never seen : y == 1;\ncheck it : seen expect violated at "mm/mmap.c:two";\n'
    found = compared(tmp_path, FIX, FIX.replace("mm/mmap.c:two", "mm/mmap.c:renamed"), spec)
    assert found.pairs[0].relation is Relation.SAME


def test_time(tmp_path: Path) -> None:
    """In a timed schedule time is a thread that must be able to pass on the other side."""
    spec = "bound late : sup time(x == 0 ~> x == 1);\ncheck it : late timed slack 0;\n"
    found = compared(tmp_path, TIMED, TIMED.replace("2 .. 3", "2 .. 2"), spec)
    assert (found.pairs[0].identity, found.pairs[0].relation) == ("a/it/late", Relation.DIFFERENT)
    assert found.schedule is not None
    divergence = found.schedule.course.divergence
    assert divergence is not None
    assert (divergence.process, divergence.own) == ("time", "a tick passes")
    assert divergence.reason is Reason.BLOCKED
    assert divergence.number == 3


def test_worst_values(tmp_path: Path) -> None:
    """The trace of a bound reaches its value on the other side, too, or it does not."""
    spec = "bound late : sup time(x == 0 ~> x == 1);\ncheck it : late timed slack 0;\n"
    longer, never = TIMED.replace("x = 1;", "x = 2; x = 1;"), TIMED.replace("0..9 x;", "0..9 x = 2;")
    for model, decides in ((TIMED, True), (longer, True), (never, False)):
        found = compared(tmp_path, TIMED, model, spec)
        told = trace(found.reports[0].results[0].verdict)
        again = run_on_both(told, found.a, found.b, read_specs([tmp_path / "a.oomspec"], (found.a, found.b)), None)
        assert (again.course.divergence, again.decides) == (None, decides)


def test_loops(tmp_path: Path) -> None:
    """A lasso is taken once round; on the other side it is one if it comes back to the same state."""
    spec = "leads_to ends : true ~> done fair weak(all);\ncheck it : ends;\n"
    found = compared(tmp_path, SPIN, SPIN + "thread two { stop = true; }\n", spec)
    assert found.pairs[0].relation is Relation.DIFFERENT
    assert found.schedule is not None
    assert found.schedule.trace.loop is not None
    assert found.schedule.course.divergence is None
    assert found.schedule.decides is False
