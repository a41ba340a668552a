"""The corpus: smallest models that state their expectation in leading comments.

A directive is one comment line of a model, parsed here and never evaluated:

    // expect: holds [states N] [transitions N] [depth N] [with NAME=VALUE, ...]
    // expect: violated SANITIZER [depth N] [with NAME=VALUE, ...]

The lines with the same parameters together say which sanitizers are violated; all others must not be. The depth of a
violation is the length of its trace. A spec of the same name beside the model says the rest with its own `check ...
expect`: then every row must be as expected. Each trace is replayed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from oomcheck.check import check_files
from oomcheck.ir.system import TransitionSystem
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import lower
from oomcheck.prop.property import SANITIZERS, sanitizer
from oomcheck.replaying import replay_trace
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Result, Word, trace_of, word
from oomcheck.rows import Options
from oomcheck.semantics.checks import deadlocked, lock_edges, race
from oomcheck.semantics.replay import Mismatch, replay
from oomcheck.semantics.successors import enabled, faults

CORPUS = Path(__file__).parent / "corpus"
MODELS = sorted(path for path in CORPUS.rglob("*.oom") if path.parent.name != "lib")
DIRECTIVE = re.compile(
    r"// expect: (?P<word>holds|violated (?P<name>\w+))(?P<counts>( (states|transitions|depth) \d+)*)"
    r"( with (?P<params>\w+=-?\w+(, \w+=-?\w+)*))?"
)
#: Sanitizers of which some violation ends the behaviour, so that nothing positive is known about the others.
HALTING = frozenset({"null", "lifetime", "range", "refcount", "lockdep"})

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One directive: the violated sanitizer ("" for holds), counts, and parameters."""

    violated: str
    counts: tuple[tuple[str, int], ...]
    params: Params


def parse(line: str) -> Expectation:
    """The meaning of a directive; a `ValueError` if it has none."""
    found = DIRECTIVE.fullmatch(line)
    if not found or found["name"] not in (None, *SANITIZERS):
        raise ValueError(f"not an expectation: {line}")
    counts = found["counts"].split()
    params = found["params"].split(", ") if found["params"] else []
    return Expectation(
        found["name"] or "",
        tuple((name, int(number)) for name, number in zip(counts[::2], counts[1::2], strict=True)),
        tuple((name, value) for name, _, value in (param.partition("=") for param in params)),
    )


def expectations(path: Path) -> tuple[Expectation, ...]:
    """The directives among the comment lines that lead a model."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//"):
            break
        if re.match(r"//\s*expect\b", line, re.IGNORECASE):
            found.append(parse(line))
    return tuple(found)


def title(path: Path) -> str:
    """How a case is called."""
    return path.relative_to(CORPUS).as_posix()


def cases() -> Iterator[object]:
    """Each model with each of the parameter settings that it speaks about."""
    for path in MODELS:
        for params in dict.fromkeys(expectation.params for expectation in expectations(path)):
            setting = ",".join(f"{parameter}={value}" for parameter, value in params)
            yield pytest.param(path, params, id=f"{title(path)}[{setting}]" if setting else title(path))


def assert_counts(expected: Expectation, result: Result, trace: Trace | None) -> None:
    """The counts of a directive: of the search, or the length of the trace."""
    found = {"states": result.states, "transitions": result.transitions, "depth": result.depth}
    if trace is not None:
        found = {"depth": len(trace.steps)}
    assert {count: found.get(count) for count, _ in expected.counts} == dict(expected.counts)


def assert_replays(path: Path, result: Result) -> None:
    """The trace of a result, if any, is a path of the model as parsed afresh, and its end shows the violation."""
    trace = trace_of(result.verdict)
    if trace is None:
        return
    if trace.timed or trace.costs or trace.loop is not None:  # these need the reading of the check
        assert replay_trace(trace, path).end_checked or trace.prop not in SANITIZERS
        return
    system = lower(load_model(path, dict(trace.params))).system
    assert system.digest == trace.digest
    states = replay(system, [step.choice for step in trace.steps])
    assert not isinstance(states, Mismatch), str(states)
    by_index = {transition.index: transition for transition in system.transitions}
    for step in trace.steps:
        assert system.processes[by_index[step.choice].process].name == step.process
    if trace.prop in SANITIZERS:
        assert shows(system, trace.prop, states[-1])


def shows(system: TransitionSystem, prop: str, state: tuple[int, ...]) -> bool:
    """Whether `state` violates the sanitizer (for lock orders: adds to the order)."""
    moves = enabled(system, state)
    if any(fault.sanitizer == prop for fault in faults(system, state)):
        return True
    match prop:
        case "race":
            return race(system, state, moves) is not None
        case "deadlock":
            return deadlocked(system, sanitizer(prop), state, moves)
        case "lockdep":
            return any(True for _ in lock_edges(system, state, moves))
        case _:
            return False


@pytest.mark.parametrize(("path", "params"), list(cases()))
def test_model_is_as_it_says(path: Path, params: Params) -> None:
    """Exactly the named sanitizers are violated, with the counts named."""
    expected = [expectation for expectation in expectations(path) if expectation.params == params]
    results = {result.prop: result for result in check_files(path, (), Options(params=dict(params))).results}
    violated = {expectation.violated for expectation in expected if expectation.violated}
    assert {prop for prop, result in results.items() if word(result.verdict) is Word.VIOLATED} == violated
    others = {word(result.verdict) for prop, result in results.items() if prop not in violated}
    assert others <= ({Word.HOLDS, Word.UNKNOWN} if violated & HALTING else {Word.HOLDS})
    for expectation in expected:
        result = results[expectation.violated or "deadlock"]
        assert_counts(expectation, result, trace_of(result.verdict))
    for result in results.values():
        assert_replays(path, result)


@pytest.mark.parametrize("path", [p for p in MODELS if p.with_suffix(".oomspec").exists()], ids=title)
def test_spec_is_met(path: Path) -> None:
    """Every row of the spec beside a model has the expected verdict."""
    results = check_files(path, (path.with_suffix(".oomspec"),), Options()).results
    assert [(result.identity, word(result.verdict), result.note) for result in results if not result.ok] == []
    for result in results:
        assert_replays(path, result)


@pytest.mark.parametrize("path", MODELS, ids=title)
def test_model_states_an_expectation(path: Path) -> None:
    """No file of the corpus is without a directive or a spec."""
    assert expectations(path) or path.with_suffix(".oomspec").exists()


@pytest.mark.parametrize("folder", [name for name in SANITIZERS if name != "unreachable"])
def test_each_sanitizer_has_both_sides(folder: str) -> None:
    """Each folder of a sanitizer holds models that trip it and near misses that do not."""
    found = [expectation for path in MODELS if path.parent.name == folder for expectation in expectations(path)]
    assert any(expectation.violated == folder for expectation in found)
    assert any(not expectation.violated for expectation in found)


def test_dead_code_has_both_sides() -> None:
    """`unreachable` fails only where a spec names it; its folder expects both."""
    specs = "".join(path.read_text(encoding="utf-8") for path in (CORPUS / "unreachable").glob("*.oomspec"))
    assert "unreachable expect violated" in specs
    assert "unreachable expect holds" in specs


@pytest.mark.parametrize(
    "line",
    [
        "// expect: hold",
        "// expect: violated",
        "// expect: violated nothing",
        "// expect: holds states",
        "// expect: holds states 3 with",
        "// expect: holds with N",
        "//expect: holds",
    ],
)
def test_misspelt_directives_are_errors(line: str) -> None:
    """A directive that is not understood is never ignored."""
    with pytest.raises(ValueError, match="not an expectation"):
        parse(line)
