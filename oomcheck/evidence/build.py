"""From what a search found to a trace that people can read; every trace is replayed first."""

from __future__ import annotations

from dataclasses import replace

from oomcheck.evidence.endings import state_ending
from oomcheck.evidence.runs import amount_of, promises, run_ending
from oomcheck.evidence.shown import facts, hidden, step_text, values
from oomcheck.evidence.timeline import lasting, truths
from oomcheck.ir.sorts import show
from oomcheck.ir.system import ProcessKind, State, Transition, TransitionSystem
from oomcheck.lang.mode import UNTIMED, Mode
from oomcheck.prop.property import Property
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST, Witness
from oomcheck.result.trace import Change, Step, Trace
from oomcheck.semantics.commute import fewest_switches
from oomcheck.semantics.evaluate import slots_read
from oomcheck.semantics.evident import is_about_runs
from oomcheck.semantics.paths import replay
from oomcheck.semantics.replay import Mismatch, check_witness
from oomcheck.semantics.runs import Run, run_of

#: Kinds of processes that no trace is about.
BACKGROUND = frozenset({ProcessKind.ENV, ProcessKind.SOFTIRQ, ProcessKind.CLOCK})


class EvidenceError(Exception):
    """Evidence that fails its re-check: a defect of the tool, never a verdict (exit code 4)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a trace is about, for its header. `mode` is how the model was read, `value` the extreme value it reaches.

    `shortest` says that the search goes through states in the order of their distance. `others` are properties whose
    truth along the trace is of interest too. `spec` and `spec_digest` tell the spec of the property.
    """

    model: str
    identity: str
    verdict: str
    states: int
    engine: str
    mode: Mode = UNTIMED
    value: int | None = None
    shortest: bool = True
    others: tuple[Property, ...] = ()
    spec: str = ""
    spec_digest: str = ""


def build_trace(system: TransitionSystem, prop: Property, witness: Witness, subject: Subject) -> Trace:
    """The trace of a witness, with as few thread switches as its order of steps allows.

    `system` is the one that was searched: for a timed property about runs the clocked one in which time may also
    pass where nothing changes. Raises EvidenceError if the witness does not decide the property, or reaches
    another value than the subject claims.
    """
    problem = check_witness(system, prop, witness, subject.value)
    if problem:
        raise EvidenceError(f"{subject.identity}: {problem}")
    better = _readable(system, prop, witness, subject.value)
    run = run_of(system, better)
    if isinstance(run, str):
        raise EvidenceError(f"{subject.identity}: {run}")
    return _Writer(system, prop, better, subject, run).trace()


def _readable(system: TransitionSystem, prop: Property, witness: Witness, claimed: int | None) -> Witness:
    """The witness with the fewest switches among those reorderings that are witnesses too."""
    last = None if witness.fault is None else system.faults[witness.fault].process
    stem = replace(witness, steps=fewest_switches(system, witness.steps, last))
    options = [stem]
    if witness.loop and witness.loop != (REST,):
        states = replay(system, witness.steps)
        assert not isinstance(states, Mismatch), "the witness was checked"
        loop = fewest_switches(system, witness.loop, start=states[-1])
        options = [replace(stem, loop=loop), stem, replace(witness, loop=loop)]
    return next((o for o in options if o != witness and not check_witness(system, prop, o, claimed)), witness)


class _Writer:
    def __init__(self, system: TransitionSystem, prop: Property, witness: Witness, subject: Subject, run: Run) -> None:
        self._system = system
        self._prop = prop
        self._witness = witness
        self._subject = subject
        self._run = run

    def trace(self) -> Trace:
        """The whole trace."""
        system, subject, prop, run = self._system, self._subject, self._prop, self._run
        about_runs = is_about_runs(prop)
        value, unit = amount_of(system, prop, run)
        last = run.states[-1]
        return Trace(
            model=subject.model,
            digest=system.digest,
            params=system.params,
            chosen=system.chosen,
            identity=subject.identity,
            prop=prop.name,
            kind=prop.kind.value,
            verdict=subject.verdict,
            sentence=prop.sentence,
            processes=tuple(p.name for p in system.processes),
            environment=tuple(p.name for p in system.processes if p.kind in BACKGROUND),
            initial=values(system, run.states[0]),
            steps=tuple(self._step(number, step) for number, step in enumerate(run.steps, start=1)),
            ending=run_ending(system, prop, run) if about_runs else state_ending(system, prop, self._witness, last),
            facts=facts(system, last),
            states=subject.states,
            shortest=not about_runs and subject.shortest,
            engine=subject.engine,
            loop=run.loop,
            promises=promises(system, prop, run),
            timed=system.timed,
            hz=system.hz if system.timed else 0,
            value=value,
            unit=unit,
            slack=subject.mode.slack if system.timed else None,
            costs=tuple(sorted(subject.mode.costs)),
            lasting=lasting(system, run.states),
            truths=truths(system, prop, self._witness, run, subject.others),
            spec=subject.spec,
            spec_digest=subject.spec_digest,
        )

    def _step(self, number: int, transition: Transition) -> Step:
        system = self._system
        before, after = self._run.states[number - 1], self._run.states[number]
        action = transition.action
        changes = tuple(
            Change(
                system.slot_names[slot],
                show(system.slot_sorts[slot], old),
                show(system.slot_sorts[slot], new),
                hidden(system, slot),
            )
            for slot, (old, new) in enumerate(zip(before, after, strict=True))
            if old != new
        )
        span = action.span
        return Step(
            number,
            system.processes[transition.process].name,
            transition.index,
            step_text(system, action, before),
            span.path if span else "",
            span.line if span else 0,
            action.source,
            changes,
            self._reads(transition, before),
            transition.ticks,
            transition.costs,
        )

    def _reads(self, transition: Transition, before: State) -> tuple[tuple[str, str], ...]:
        """Shared values that the guard looked at, where the text does not tell what was read."""
        if transition.action.result is not None or transition.ticks:
            return ()
        system = self._system
        slots = slots_read(transition.guard, before, system.slot)
        return tuple(
            (system.slot_names[slot], show(system.slot_sorts[slot], before[slot]))
            for slot in slots
            if not hidden(system, slot)
        )
