"""Z3 and the search agree on the models of historical races and of the patch series.

agreement.toml has a line for each row of their specs, and for each row of another spec that the tables of the lineage
cite: which engine of Z3 answers it, or why none does. The verdict of the search is the one that the spec expects, which
the gate and test_museum.py check, so that is what Z3 must say.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
import z3

from oomcheck.api import check
from oomcheck.check import planned
from oomcheck.gate.answers import Answer
from oomcheck.ir.expr import or_
from oomcheck.lang.elaborate import elaborate
from oomcheck.lang.load import Files, read_files, read_spec
from oomcheck.lang.lower import lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.spec import typed_properties
from oomcheck.lang.tree import SpecFile
from oomcheck.prop.property import ABOUT_RUNS, SANITIZERS, sanitizer
from oomcheck.result.exploration import Limits
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Result, Word, trace_of, word
from oomcheck.rows import Options
from oomcheck.smt.encoding import encoding
from oomcheck.smt.goals import Aim, goals, is_supported
from oomcheck.smt.template import template
from oomcheck.smt.terms import Term
from oomcheck.transform.clock import clocked
from oomcheck.ways import Ways
from tests.models.agreement import CITED, NAMES, rows, table
from tests.models.suites import model_of, spec_of

#: Whether to ask all of what an engine may answer, which takes hours: OOMCHECK_AGREEMENT=1.
ALL = bool(os.environ.get("OOMCHECK_AGREEMENT"))
#: Seconds for each question beside those of every run.
PATIENCE = 60
#: Seconds for each answer that is known to come. Without seconds a limit of solver steps would end some of them.
SLOW = 300

#: Specs that the reference engine answers in seconds.
SMALL = ("lineage/series_v7", "museum/munlock", "museum/thaw_guard", "museum/zero_pages")

#: What Z3 says where the search says the other.
SAME = {
    "holds": Word.PROVED,
    "proved": Word.PROVED,
    "violated": Word.VIOLATED,
    "covered": Word.COVERED,
    "unreachable": Word.UNREACHABLE,
}
OPPOSITE = {
    "holds": Word.VIOLATED,
    "proved": Word.VIOLATED,
    "violated": Word.PROVED,
    "covered": Word.UNREACHABLE,
    "unreachable": Word.COVERED,
}


def is_answer(row: str, answer: Answer) -> bool:
    """Whether a row is one of those that an answer names."""
    start, _, values = row.removesuffix("]").partition("[")
    return start == f"{answer.check}/{answer.prop}" and set(values.split(",")).issuperset(answer.values)


def asked(name: str, engine: str, rows: list[str], patience: float | None) -> list[Result]:
    """What an engine of Z3 says of rows of a spec."""
    spec = spec_of(name)
    depths = [table()[name][row].depth for row in rows]
    depth = max((depth for depth in depths if depth is not None), default=None)
    names = tuple(f"{spec.stem}/{row}" for row in rows)
    limits = Limits(depth=depth, timeout=patience)
    results = check(model_of(spec), spec, options=Options(engine=engine, select=names, limits=limits)).results
    found = [result for result in results if result.identity in names]
    assert {result.identity for result in found} == set(names)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_row_is_in_the_table(name: str) -> None:
    """No row of a spec is left out, of another one none that is cited, and none is there that is no longer one."""
    spec = spec_of(name)
    _, _, found = planned(model_of(spec), (spec,), Options(engine="explicit"))
    named = {row.identity.partition("/")[2]: row.check.expect in ("violated", "covered") for row in found if row.named}
    known = table().get(name, {})
    new = [
        f'"{row}" = "unasked {"bmc 80" if is_bad else "kind"}"'
        for row, is_bad in named.items()
        if row not in known and (name not in CITED or any(is_answer(row, one) for one in CITED[name]))
    ]
    assert new == []  # lines for the table, if nobody asks Z3
    assert [row for row in known if row not in named] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_quick_answers_agree(name: str) -> None:
    """Z3 says what is expected, each violation within the steps of the shortest one."""
    for engine, wanted in rows(name, "fast").items():
        found = asked(name, engine, wanted, None)
        wrong = [f"{r.identity}: {word(r.verdict).value} {r.note}" for r in found if not r.ok or not agrees(r)]
        assert wrong == []


@pytest.mark.skipif(not ALL, reason="takes hours: OOMCHECK_AGREEMENT=1")
@pytest.mark.parametrize("name", NAMES)
def test_the_slow_answers_agree(name: str) -> None:
    """The same for answers that take longer."""
    for engine, wanted in rows(name, "slow").items():
        for row in wanted:
            (found,) = asked(name, engine, [row], SLOW)
            assert found.ok, f"{found.identity}: {word(found.verdict).value} {found.note}"
            assert agrees(found)


@pytest.mark.skipif(not ALL, reason="takes hours: OOMCHECK_AGREEMENT=1")
@pytest.mark.parametrize("how", ["open", "unasked"])
@pytest.mark.parametrize("name", NAMES)
def test_no_other_answer_is_the_opposite(name: str, how: str) -> None:
    """Where no answer is known, none that comes contradicts the search."""
    for engine, wanted in rows(name, how).items():
        for row in wanted:
            (found,) = asked(name, engine, [row], PATIENCE)
            assert word(found.verdict) not in (OPPOSITE[found.expected], Word.ERROR), found.identity


@pytest.mark.parametrize("name", SMALL)
def test_the_reference_agrees(name: str) -> None:
    """The search that is written to be read says of each row what the compiled one says, without any reduction."""
    spec = spec_of(name)
    found = [
        {r.identity: (word(r.verdict), r.value) for r in check(model_of(spec), spec, options=options).results}
        for options in (Options(engine="reference", quick=True), Options(engine="explicit", quick=True))
    ]
    assert found[0] == found[1]


def agrees(found: Result) -> bool:
    """Whether a verdict of Z3 says what the spec expects, and not less."""
    return word(found.verdict) is SAME[found.expected]


# ---------------------------------------------------------------- runs of the search, taken by Z3


@pytest.mark.parametrize("name", NAMES if ALL else ["museum/mrelease"])
def test_z3_takes_the_runs_of_the_search(name: str) -> None:
    """Where Z3 does not find a violation by itself, its encoding takes each step of the one of the search."""
    wanted = rows(name, "follows").get("bmc", [])
    spec = spec_of(name)
    files = read_files(model_of(spec))
    names = tuple(f"{spec.stem}/{row}" for row in wanted)
    options = Options(engine="explicit", select=names, ways=Ways(threads=1))
    results = check(model_of(spec), spec, options=options).results if names else ()
    found = {result.identity: trace_of(result.verdict) for result in results if result.identity in names}
    assert set(found) == set(names)
    for identity, trace in found.items():
        assert trace is not None, identity
        assert len(trace.steps) == table()[name][identity.partition("/")[2]].depth
        assert refused(files, read_spec(spec)[0], trace) == "", identity


def refused(files: Files, spec: SpecFile, trace: Trace) -> str:
    """Why Z3 does not take a run, empty if it does: each step from its state, and the property or the loop at its end.

    Of a `within` the steps alone, as the bad state is one of a monitor; of lock orders one that can close a circle.
    """
    params = {name: value for name, value in trace.params if value != "?"}
    lowered = lower(elaborate(files, params), Mode(trace.timed, trace.slack, frozenset(trace.costs)))
    idle = trace.loop is not None or trace.kind in {kind.value for kind in ABOUT_RUNS}
    system = clocked(lowered.system, idle=idle) if trace.timed else lowered.system
    encoded = encoding(system)
    shape, number = template(encoded), {step.index: n for n, step in enumerate(system.transitions)}
    solver = z3.SolverFor("QF_FD")
    solver.add(shape.step)
    states = [_values(shape.start, shape.now)]
    for taken in trace.steps:
        here = [term == value for term, value in zip(shape.now, states[-1], strict=True)]
        solver.push()
        solver.add(*here, shape.fired[number[taken.choice]])
        if solver.check() != z3.sat:
            return f"step {taken.number}"
        model = solver.model()
        states.append([model.eval(term, model_completion=True) for term in shape.then])
        solver.pop()
    if trace.loop is not None:
        same = all(map(z3.eq, states[-1], states[trace.loop]))
        return "" if same else "the loop does not come back"
    if trace.prop in SANITIZERS:
        sought = sanitizer(trace.prop)
    else:
        sought = typed_properties(spec, lowered, {trace.prop})[trace.prop]
    if not is_supported(sought):
        return ""
    asked = goals(system, [sought])
    parts = (*asked.of(sought.name), *asked.of(sought.name, Aim.EDGE))
    bad = or_(*(goal.bad for goal in parts))
    last = z3.simplify(z3.substitute(encoded.holds(bad), *zip(shape.now, states[-1], strict=True)))
    return "" if z3.is_true(last) else "the last state is not bad"


def _values(condition: z3.BoolRef, terms: Sequence[Term]) -> list[Any]:
    """Values of terms in a model of a condition."""
    solver = z3.SolverFor("QF_FD")
    solver.add(condition)
    assert solver.check() == z3.sat
    model = solver.model()
    return [model.eval(term, model_completion=True) for term in terms]
