"""Systems that lack something. In each of them transitions keep their index, so a run of one can be tried on the other.

Left out is, of
- a process: all its steps and the faults that it would run into. It stays where it starts, and a deadlock does not
  count it as somebody who waits. Fairness that only it owes is not asked for.
- an action: the transitions of that one statement of an environment.
- a pause (`delay`, `schedule_timeout`): its time; it ends in the instant in which it begins.
- the length of a pause: the time beyond its least length; it ends as soon as it may.
- the lateness of a thread: its slack; when it can run, no time passes before it does.
- a statement: what it writes that others can see (shared variables, kernel objects, ghosts). Its own locals, the
  values that it returns and the conditions that it waits for stay, and control goes on as before.
Without time, a process or an action that is left out only takes runs away: a state that is reached without it is
reached with it. A deadlock or a run for ever may need that it stands still, and what stands still lets time pass: then
the run without it need not be one of the whole system.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from oomcheck.ir.expr import FALSE, Index, Lit, and_, not_, or_
from oomcheck.ir.sorts import scalar_of
from oomcheck.ir.system import Fault, Role, StateVar, Transition, TransitionSystem, Update
from oomcheck.prop.property import Property
from oomcheck.prop.temporal import Liveness
from oomcheck.records import dataclass
from oomcheck.transform.clock import clocked

SEEN = frozenset({Role.SHARED, Role.OBJECT, Role.GHOST})  # what a statement does to others


@dataclass(frozen=True, slots=True)
class Question:
    """A system before its clock, if time is modelled, and the property to violate.

    `idle` says that time may pass where it changes nothing, as properties about runs need it.
    """

    base: TransitionSystem
    prop: Property
    timed: bool = False
    idle: bool = False

    @property
    def system(self) -> TransitionSystem:
        """The system to search."""
        return clocked(self.base, idle=self.idle) if self.timed else self.base

    def on(self, base: TransitionSystem) -> Question:
        """The same question about another system."""
        return replace(self, base=base)


def without_processes(question: Question, numbers: Collection[int]) -> Question:
    """Without some processes."""
    base = question.base
    own = frozenset(step.index for step in base.transitions if step.process in numbers)
    processes = tuple(replace(p, daemon=p.daemon or n in numbers) for n, p in enumerate(base.processes))
    faults = tuple(_never(fault) if fault.process in numbers else fault for fault in base.faults)
    left = replace(_without(base, own), processes=processes, faults=faults)
    return replace(question, base=left, prop=_owing(question.prop, own))


def without_steps(question: Question, indices: Collection[int]) -> Question:
    """Without some transitions."""
    return question.on(_without(question.base, indices))


def _without(base: TransitionSystem, indices: Collection[int]) -> TransitionSystem:
    steps = tuple(replace(s, guard=FALSE) if s.index in indices else s for s in base.transitions)
    return replace(base, transitions=steps)


def _never(fault: Fault) -> Fault:
    return replace(fault, guard=FALSE, halts=False)


def _owing(prop: Property, gone: frozenset[int]) -> Property:
    """The property without the fairness of what is gone."""
    if not isinstance(prop.temporal, Liveness):
        return prop
    left = tuple(item for item in prop.temporal.fairness if not item.steps <= gone)
    return replace(prop, temporal=replace(prop.temporal, fairness=left))


def without_effect(question: Question, indices: Collection[int]) -> Question:
    """Without what some transitions do to others."""
    roles = {variable.name: variable.role for variable in question.base.variables}

    def idle(step: Transition) -> Transition:
        kept = tuple(update for update in step.updates if roles[target_of(update)] not in SEEN)
        return replace(step, updates=kept, accesses=(), acquire=None)

    steps = tuple(idle(s) if s.index in indices else s for s in question.base.transitions)
    return question.on(replace(question.base, transitions=steps))


def target_of(update: Update) -> str:
    """The name of the variable that an update writes."""
    return update.target.array.name if isinstance(update.target, Index) else update.target.name


def without_pause(question: Question, process: int, location: int) -> Question:
    """A pause of `process` at `location` takes no time."""
    base = question.base
    counts = countdowns(base, process)

    def at_once(step: Transition) -> Transition:
        if step.process != process or step.target != location:
            return step
        return replace(step, updates=tuple(_zeroed(update, counts) for update in step.updates))

    variables = base.variables
    if base.initial[base.slot[base.processes[process].pc]] == location:  # it starts with the pause
        variables = tuple(replace(v, init=(0,) * len(v.init)) if v.name in counts else v for v in variables)
    return question.on(replace(base, variables=variables, transitions=tuple(map(at_once, base.transitions))))


def _zeroed(update: Update, counts: dict[str, StateVar]) -> Update:
    variable = counts.get(target_of(update))
    return update if variable is None else replace(update, value=Lit(0, scalar_of(variable.sort)))


def countdowns(base: TransitionSystem, process: int) -> dict[str, StateVar]:
    """The countdowns of the pauses of a process, by name."""
    return {v.name: v for v in base.variables if v.countdown and v.owner == process}


def with_least_length(question: Question, process: int, location: int) -> Question:
    """A pause of `process` at `location` ends as soon as it may."""
    base = question.base
    may_end = or_(*(step.guard for step in base.by_location.get((process, location), ())))
    owner = base.processes[process]
    places = tuple(
        replace(place, patience=and_(place.patience, not_(may_end))) if number == location else place
        for number, place in enumerate(owner.locations)
    )
    return question.on(_with_process(base, process, locations=places))


def without_lateness(question: Question, process: int) -> Question:
    """A thread that runs as soon as it can."""
    return question.on(_with_process(question.base, process, slack=0))


def _with_process(base: TransitionSystem, number: int, **fields: object) -> TransitionSystem:
    new = replace(base.processes[number], **fields)  # type: ignore[arg-type]
    return replace(base, processes=(*base.processes[:number], new, *base.processes[number + 1 :]))
