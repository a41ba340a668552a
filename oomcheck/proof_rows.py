"""Rows that are settled by proof: what the engines found, as verdicts with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, assert_never

from oomcheck.diag.diagnostic import error
from oomcheck.evidence import Subject, build_trace
from oomcheck.explicit import Explicit
from oomcheck.families import count
from oomcheck.ir.expr import and_
from oomcheck.ir.system import ASSUME
from oomcheck.portfolio import SIZES, Searched, open_ended
from oomcheck.proofs import Asked, Bounded, Established, Known, Reached, Settled, Threads, Undecided
from oomcheck.prop.property import Kind, Property
from oomcheck.readings import Group, Readings, key_of
from oomcheck.records import dataclass
from oomcheck.result.exploration import Exploration, Limits, Progress, Witness
from oomcheck.result.naming import safe_name
from oomcheck.result.trace import Trace
from oomcheck.result.verdict import (
    Contradiction,
    Covered,
    HoldsUpTo,
    Invariant,
    Proved,
    Result,
    Unknown,
    Unreachable,
    Vacuous,
    Verdict,
    Violated,
    Word,
)
from oomcheck.rows import Options, Row
from oomcheck.runs import about_runs, search_runs
from oomcheck.smt.certificate import About, write_certificate
from oomcheck.smt.targets import Lemma, Method
from oomcheck.transform.counting.counted import Refused
from oomcheck.transform.instantiate import instantiated
from oomcheck.vacuity import leaves_behaviour
from oomcheck.verdicts import judge
from oomcheck.version import VERSION

ENOUGH: Final = 200_000  # states of a search beside a proof


@dataclass(frozen=True, slots=True)
class Sought:
    """What the rows of a command are settled with."""

    model: str
    rows: Sequence[Row]
    readings: Readings
    explicit: Explicit
    options: Options


def asked_of(
    group: Group, rows: Sequence[Row], method: Method, limits: Limits | None = None, rlimit: int | None = None
) -> Asked | Refused:
    """What proof engines are asked about the rows of a group, or why its threads cannot be counted."""
    limits = limits or Limits()
    if group.family is not None:
        found = count(group.family)
        if isinstance(found, Refused):
            return found
        threads = Threads(group.family.parameter, group.family.least, found.counted.spawn)
        return Asked(found.system, found.system, (found.prop,), found.lemmas, method, limits, rlimit, threads)
    system, runs = group.system(about_runs=False), group.system(about_runs=True)
    lemmas = tuple(Lemma(name, and_(p.defined, p.formula)) for name, p in group.lemmas.items())
    return Asked(system, runs, tuple(_chosen(group, rows).values()), lemmas, method, limits, rlimit)


def _chosen(group: Group, rows: Sequence[Row]) -> dict[str, Property]:
    """The properties of its rows, by name."""
    found = [group.typed[key_of(rows[n])] for n in group.rows]
    return {prop.name: prop for prop in found}


def prove_rows(group: Group, sought: Sought, limits: Limits, wants_stop: Callable[[], str]) -> dict[int, Result]:
    """The results of a group's rows, by number; small instances are searched too, unless an engine is named."""
    return _Group(group, sought, limits, wants_stop).results()


class _Group:
    def __init__(self, group: Group, sought: Sought, limits: Limits, wants_stop: Callable[[], str]) -> None:
        self._group = group
        self._sought = sought
        self._limits = limits
        self._wants_stop = wants_stop
        self._instances: dict[str, Group] = {}

    def results(self) -> dict[int, Result]:
        """Settle the properties, then judge each row."""
        group, sought = self._group, self._sought
        engine = sought.options.engine
        method = Method.AUTO if engine == "auto" else Method(engine)
        asked = asked_of(group, sought.rows, method, self._limits, sought.options.rlimit)
        if isinstance(asked, Refused):
            refused = Settled(Undecided(f"threads cannot be counted: {asked.reason}"), method)
            return {number: self._result(number, refused, None, True) for number in group.rows}
        sizes = (SIZES if group.open else 1) if method is Method.AUTO else 0
        found = open_ended(asked, self._search, self._wants_stop, sizes, self._tell)
        behaviour = self._behaviour()
        results = {}
        for number in group.rows:
            prop = group.typed[key_of(sought.rows[number])]
            results[number] = self._result(number, found.settled[prop.name], found.seen.get(prop.name), behaviour)
        return results

    def _tell(self, phase: str, seconds: float) -> None:
        if self._sought.options.progress is not None:
            self._sought.options.progress(Progress(0, 0, 0, 0, seconds, phase=phase))

    # ------------------------------------------------------------ searches

    def _search(self, values: Mapping[str, int], names: Sequence[str]) -> Exploration:
        """A search for witnesses, which ends when all are found or there were enough states."""
        one = self._group
        if values:
            one = self._instances[str(values)] = self._sought.readings.at(one, self._sought.rows, values)
        chosen = _chosen(one, self._sought.rows)
        limits = replace(self._limits, max_states=min(self._limits.max_states or ENOUGH, ENOUGH), depth=None)
        states = [chosen[name] for name in names if not about_runs(chosen[name])]
        runs = [chosen[name] for name in names if about_runs(chosen[name])]
        explicit = self._sought.explicit
        found = explicit.explore(one.system(about_runs=False), states, limits, self._wants_stop)
        if not runs:
            return found
        more = search_runs(one.system(about_runs=True), runs, limits, self._wants_stop, None, explicit)
        bad = {name: f.witness for name, f in more.findings.items() if f.witness is not None and f.violates}
        return replace(found, witnesses={**found.witnesses, **bad})

    def _behaviour(self) -> bool | None:
        """Whether assumptions leave any behaviour; with open parameters, at their least values."""
        system = self._group.system(about_runs=False)
        if all(fault.sanitizer != ASSUME for fault in system.faults):
            return True
        if self._group.family is not None:
            least = {self._group.family.parameter: self._group.family.least}
            system = self._sought.readings.at(self._group, self._sought.rows, least).system(about_runs=False)
        elif self._group.open:
            system = instantiated(system, {v.name: v.init[0] for v in system.parametric})[0]
        return leaves_behaviour(system, should_stop=self._wants_stop)

    # ------------------------------------------------------------ results

    def _result(self, number: int, settled: Settled, seen: Searched | None, behaviour: bool | None) -> Result:
        row, group = self._sought.rows[number], self._group
        if seen is not None and seen.values:
            group = self._instances[str(seen.values)]
        prop, known = group.typed[key_of(row)], settled.known
        trace, engine = None, settled.method.value
        if seen is not None:
            engine = "explicit"
            trace = self._trace(row, group, seen.exploration.witnesses[prop.name], engine, seen.exploration)
        elif isinstance(known, Reached) and known.witness is not None:
            trace = self._trace(row, group, known.witness, engine, None)
        verdict = proof_verdict(prop, known, trace, behaviour)
        if isinstance(verdict, Proved | Unreachable) and isinstance(known, Established):
            verdict = replace(verdict, invariant=self._kept(row, prop, known))
        ok, note = judge(row, verdict)
        counts = (0, 0) if seen is None else (seen.exploration.states, seen.exploration.transitions)
        depth = verdict.depth if isinstance(verdict, HoldsUpTo) else len(trace.steps) if trace is not None else 0
        return Result(
            row.identity,
            row.prop,
            prop.kind.value,
            verdict,
            ok,
            engine,
            False,
            *counts,
            depth,
            settled.seconds,
            prop.sentence,
            row.check.expect if row.named else "",
            row.check.because if row.named else "",
            note,
            trace.ending.source if trace is not None else "",
            group.lowered.system.params,
            group.mode.title,
            span=row.check.span,
        )

    def _trace(self, row: Row, group: Group, witness: Witness, engine: str, found: Exploration | None) -> Trace:
        """The trace of a witness, which is replayed on the way."""
        prop = group.typed[key_of(row)]
        title = Word.COVERED if prop.kind is Kind.COVER else Word.VIOLATED
        states, shortest = (0, engine == "bmc") if found is None else (found.states, found.shortest)
        others, model = group.others(row), self._sought.model
        subject = Subject(
            model, row.identity, title.value, states, engine, group.mode, None, shortest, others, *row.spec_file
        )
        return build_trace(group.system(about_runs(prop)), replace(prop, name=row.prop), witness, subject)

    def _kept(self, row: Row, prop: Property, known: Established) -> Invariant:
        """The invariant of a proof, with the folder of its certificate if one is wanted."""
        folder = self._sought.options.certificates
        if folder is None or not known.certifiable:
            return known.invariant
        path = folder / safe_name(row.identity)
        about = About(self._sought.model, row.identity, prop.text, VERSION)
        try:
            write_certificate(path, known.question, known.proof, about, known.report)
        except OSError as failure:
            raise error("E0007", f"cannot write below `{path}`: {failure.strerror}") from failure
        return replace(known.invariant, folder=str(path))


def proof_verdict(prop: Property, known: Known, trace: Trace | None, behaviour: bool | None) -> Verdict:
    """The verdict on a property; `trace` is of a state that decides it, `behaviour` whether assumptions leave any."""
    if trace is not None:
        if isinstance(known, Established):
            return Contradiction(trace, known.invariant)
        if prop.kind is Kind.COVER:
            return Vacuous("assume leaves no behaviour") if behaviour is False else Covered(trace)
        return Violated(trace)
    match known:
        case Established(invariant=invariant):
            return _positive(prop, known, behaviour, invariant)
        case Bounded(depth=depth, reason=reason):
            if prop.kind is Kind.COVER:
                return Unknown(f"not reached within {depth} steps" + (f": {reason}" if reason else ""))
            return HoldsUpTo(depth, reason)
        case Undecided(reason=reason, induction=induction):
            return Unknown(reason, induction)
        case Reached(values=values):
            at = ", ".join(f"{name}={value}" for name, value in values.items())
            return Unknown(f"a counterexample at {at} could not be found again by search")
        case _:
            assert_never(known)


def _positive(prop: Property, known: Established, behaviour: bool | None, invariant: Invariant) -> Verdict:
    """A proof counts unless it holds for no reason."""
    if behaviour is None:
        return Unknown("not settled whether the assumptions leave any behaviour")
    if not behaviour:
        return Vacuous("assume leaves no behaviour")
    if prop.kind is Kind.COVER:
        return Unreachable(invariant)
    if known.vacuous:
        return Vacuous(known.vacuous)
    if known.lacking:
        return Vacuous(f"`{prop.antecedents[known.lacking[0]].text}` never holds")
    if known.open_parts:
        return Unknown(f"proved, but not settled whether `{prop.antecedents[known.open_parts[0]].text}` ever holds")
    return Proved(invariant)
