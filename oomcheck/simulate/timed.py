"""Model and specs in, distributions of times and costs out, and what timed runs ran into."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from oomcheck.diag.diagnostic import error
from oomcheck.diag.span import Source
from oomcheck.evidence import Subject, build_trace
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.lang.build_spec import build_spec
from oomcheck.lang.costs import counters
from oomcheck.lang.elaborate import load_model
from oomcheck.lang.lower import Lowered, lower
from oomcheck.lang.mode import Mode
from oomcheck.lang.parsing import parse_tree
from oomcheck.lang.spec import typed_properties
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import CostBound, Response
from oomcheck.result.exploration import Witness
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import Word
from oomcheck.simulate.experiment import Experiment, Measured
from oomcheck.simulate.lookout import Tally
from oomcheck.simulate.session import ENGINE, Query, Report, Sighting, places, read_properties, select
from oomcheck.simulate.walk import Plan, Told
from oomcheck.transform.clock import clocked

ARROW = "~>"
MAX_TICKS = 10_000  # of an example that is shown; each tick is a step of its trace


def simulate_files(
    query: Query,
    plan: Plan,
    slack: int | None = None,
    measures: Sequence[str] = (),
    should_stop: Callable[[], str] | None = None,
    progress: Told | None = None,
) -> Report:
    """Simulate a model in time. Threads that do not say how late they may be are late by up to `slack`, None: never.

    `measures` are globs over the names of measures (E0006 if one matches none); one with `P ~> Q` in it is a measure
    of its own, the time from P to Q.
    """
    elaborated = load_model(query.model, query.params, query.include)
    mode = Mode(True, slack, frozenset(counters(elaborated.model)))
    lowered = lower(elaborated, mode)
    own = [_own_measure(text, lowered) for text in measures if ARROW in text]
    asked, about_runs = select(query, read_properties(query, lowered))
    bounds = [prop for prop in about_runs if isinstance(prop.temporal, Response | CostBound)]
    system = lowered.system
    experiment = Experiment(system, asked, [*own, *bounds])
    found = experiment.make(plan, should_stop, progress)
    statements, unseen = places(system, found.taken)
    return Report(
        str(query.model),
        system.params,
        system.chosen,
        plan,
        found.runs,
        found.steps,
        found.cut,
        tuple(_sightings(system, [*asked, *bounds], found.tallies, query, mode)),
        statements,
        unseen,
        tuple(prop.name for prop in about_runs if prop not in bounds),
        found.stopped,
        True,
        system.hz,
        tuple(_chosen(experiment.measures(), measures, {prop.name for prop in own})),
        tuple(_never_late(system)),
        found.halted,
    )


def _chosen(known: Sequence[Measured], asked: Sequence[str], own: Collection[str]) -> Iterator[Measured]:
    """The measures that were asked for, by glob or as `own` ones; all if none was."""
    globs = [text for text in asked if ARROW not in text]
    for glob in globs:
        if not any(_matches(measure.name, glob) for measure in known):
            names = ", ".join(measure.name for measure in known)
            raise error("E0006", f"`--measure {glob}` matches nothing", None, f"the measures: {names}")
    for measure in known:
        if not asked or measure.name in own or any(_matches(measure.name, glob) for glob in globs):
            yield measure


def _matches(name: str, glob: str) -> bool:
    return name == glob or fnmatch.fnmatchcase(name, glob)


def _own_measure(text: str, lowered: Lowered) -> Property:
    """The time between two conditions, as the language writes it in `sup time(P ~> Q)`."""
    source = Source("--measure", f'spec for ""; bound measure : sup time({text});')
    spec = build_spec(parse_tree(source, "spec"), source)
    if len(spec.properties) != 1 or spec.checks or spec.defines:
        raise error("E0003", f"`--measure {text}` is not of the form P ~> Q")
    return replace(typed_properties(spec, lowered)["measure"], name=" ".join(text.split()))


def _never_late(system: TransitionSystem) -> Iterator[str]:
    """Threads whose lateness has no bound, so that there is none to draw from."""
    for process in system.processes:
        if process.kind in (ProcessKind.THREAD, ProcessKind.KTHREAD) and process.slack is None:
            yield process.name


def _sightings(
    system: TransitionSystem, properties: Sequence[Property], tallies: Mapping[str, Tally], query: Query, mode: Mode
) -> Iterator[Sighting]:
    for prop in properties:
        tally = tallies.get(prop.name)
        if tally is not None:
            trace = None if tally.witness is None else _example(system, prop, tally.witness, query, mode)
            yield Sighting(prop.name, prop.kind, prop.sentence, tally.runs, tally.run, trace)


def _example(system: TransitionSystem, prop: Property, witness: Witness, query: Query, mode: Mode) -> Trace | None:
    """The witness as a trace of the clocked system, tick by tick; None of one with very many ticks."""
    paths = (witness.steps, *witness.paths)
    if any(-sum(step for step in path if step < 0) > MAX_TICKS for path in paths):
        return None
    tick = len(system.transitions)
    exact = replace(
        witness, steps=_ticked(witness.steps, tick), paths=tuple(_ticked(path, tick) for path in witness.paths)
    )
    title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
    identity = f"{query.model.stem}/sim/{prop.name}"
    subject = Subject(str(query.model), identity, title.value, len(exact.steps) + 1, ENGINE, mode)
    return replace(build_trace(clocked(system), prop, exact, subject), shortest=False)


def _ticked(path: Sequence[int], tick: int) -> tuple[int, ...]:
    """A path with one step for each tick of its jumps in time."""
    return tuple(one for step in path for one in ((step,) if step >= 0 else (tick,) * -step))
