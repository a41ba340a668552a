"""Lassos as states: a run that repeats itself comes back to a state that was saved on the way.

Biere, Artho and Schuppan, Liveness checking as safety checking (2002); with fairness, Schuppan and Biere, Efficient
reduction of finite state model checking to reachability analysis (2004). The state is saved by a step of an observer,
not by a second copy of each transition, so a path is as long as stem and loop together, with one step more for the
save and one for each change of the automaton's choice; see `transform.reader`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from oomcheck.analysis.lassos import Lasso
from oomcheck.ir.expr import FALSE, TRUE, Expr, Index, Lit, Place, Var, and_, eq, not_, or_
from oomcheck.ir.sorts import BOOL, ArraySort, EnumSort, IntSort, width
from oomcheck.ir.system import (
    Action,
    Location,
    Process,
    ProcessKind,
    Role,
    StateVar,
    Transition,
    TransitionSystem,
    Update,
)
from oomcheck.prop.automaton import Automaton
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import Fairness, FairnessKind
from oomcheck.records import dataclass
from oomcheck.result.exploration import REST
from oomcheck.transform.after import written
from oomcheck.transform.enabled import some_enabled, some_ends
from oomcheck.transform.reader import Reader, reader
from oomcheck.transform.slice import sliced
from oomcheck.transform.stutter import stuttering

OBSERVER = "@observer"  # no name of a model has an @
SAVED = Var("@saved", BOOL)


@dataclass(frozen=True, slots=True)
class LassoQuestion:
    """A state where `bad` holds can be reached in `system` exactly if there is a run as asked for.

    Transitions of the system asked about keep their indices, below `original`; its variables keep their names, but
    those without influence are left out, and so are faults and locks. An inductive invariant without bad states speaks
    of two states: until one is saved, it covers what the system reaches together with the automaton; afterwards it
    relates the copy to each state that a run reaches from there, with what was done meanwhile, and no state to itself
    with all that a loop must do. So it is a proof that every run gets on, not a set of states of the system.
    """

    system: TransitionSystem
    bad: Expr
    original: int
    rests: frozenset[int]
    save: int

    def lift(self, steps: Sequence[int]) -> Lasso:
        """The lasso behind a path to a bad state, in the steps of the original.

        One round of the loop brings back all that has influence. Variables that were left out may need more rounds.
        """
        start = steps.index(self.save)
        stem, loop = (tuple(s for s in part if s < self.original) for part in (steps[:start], steps[start:]))
        return Lasso(stem, (REST,) if self.rests & set(steps[start:]) else loop)


def lasso_question(
    system: TransitionSystem,
    automaton: Automaton,
    fairness: Sequence[Fairness],
    allowed: Collection[int] | None = None,
) -> LassoQuestion:
    """Whether some run is accepted by `automaton` and keeps all of `fairness`.

    A run may end in rest, unless `allowed` says which transitions the loop may take: those and nothing else.
    The system is finite, and time has been made a step.
    """
    assert not system.parametric, "where there are infinitely many states, a run need not come back to one"
    owed = [or_(some_enabled(system, item.steps), some_ends(system, item.steps)) for item in fairness]
    seen = [Property("seen", Kind.NEVER, formula) for formula in (*automaton.atoms, *owed)]
    small = sliced(system, seen).system
    original = _free(small)
    if allowed is None and all(item.kind is not FairnessKind.PROGRESS for item in fairness):
        small = stuttering(small).system  # at rest nothing is taken again and again
    reading = reader(automaton)
    goals, fair = _goals(reading, fairness, owed)
    copies = [_Copy(variable) for variable in _compared(small, reading)]
    save = _free(small)
    loop = {step.index for step in small.transitions} if allowed is None else set(allowed)
    steps = [_watched(step, reading, goals, step.index in loop) for step in small.transitions]
    steps += _observations(len(small.processes), save, reading, copies)
    bits = [_ghost(bit) for bit in (SAVED, *(goal.bit for goal in goals))]
    extended = _observed(small, [*reading.variables, *bits, *(copy.variable for copy in copies)], steps)
    bad = and_(SAVED, *fair, *(part for copy in copies for part in copy.equal()))
    return LassoQuestion(extended, bad, original, frozenset(range(original, save)), save)


def _free(system: TransitionSystem) -> int:
    """The first index that no transition has."""
    return max((step.index for step in system.transitions), default=-1) + 1


def _ghost(bit: Var) -> StateVar:
    return StateVar(bit.name, bit.sort, (0,), Role.GHOST, (bit.name,), quiet=True)


def _observed(system: TransitionSystem, variables: Sequence[StateVar], steps: Sequence[Transition]) -> TransitionSystem:
    """The system with its observer, the last process. Nobody looks at faults and locks here."""
    sort = EnumSort(OBSERVER, (OBSERVER,))
    counter = StateVar(OBSERVER, sort, (0,), Role.PC, (OBSERVER,), owner=len(system.processes), quiet=True)
    process = Process(OBSERVER, ProcessKind.CLOCK, OBSERVER, OBSERVER, (Location(OBSERVER),), None, daemon=True)
    return replace(
        system,
        variables=(*system.variables, *variables, counter),
        processes=(*system.processes, process),
        transitions=tuple(steps),
        faults=(),
        locks=(),
    )


# ---------------------------------------------------------------- what a loop has to do


@dataclass(frozen=True, slots=True)
class _Goal:
    """Something that a step of the loop may do, and a bit to note it.

    A step does it that is one of `steps`, or that leaves a state where `condition` holds.
    """

    bit: Var
    steps: frozenset[int]
    condition: Expr

    def update(self, step: int) -> tuple[Update, ...]:
        """How a step tells."""
        met = and_(SAVED, TRUE if step in self.steps else self.condition)
        return () if met == FALSE else (Update(self.bit, or_(self.bit, met)),)


def _goals(reading: Reader, fairness: Sequence[Fairness], owed: Sequence[Expr]) -> tuple[list[_Goal], list[Expr]]:
    """What is noted of a loop, and the conditions on that which make it accepted and fair."""
    goals: list[_Goal] = []

    def noted(steps: frozenset[int], condition: Expr) -> Expr:
        goals.append(_Goal(Var(f"@done.{len(goals)}", BOOL), steps, condition))
        return goals[-1].bit

    kept = [noted(frozenset(), goal) for goal in reading.goals]
    for item, due in zip(fairness, owed, strict=True):
        match item.kind:
            case FairnessKind.WEAK:
                kept.append(noted(item.steps, not_(due)))
            case FairnessKind.PROGRESS:
                kept.append(noted(item.steps, FALSE))
            case FairnessKind.STRONG:
                kept.append(or_(noted(item.steps, FALSE), not_(noted(frozenset(), due))))
    if not any(isinstance(part, Var) for part in kept):
        kept.append(noted(frozenset(), TRUE))  # a loop has steps
    return goals, kept


def _watched(step: Transition, reading: Reader, goals: Sequence[_Goal], repeats: bool) -> Transition:
    """A step that the automaton reads and that tells the goals; within the loop only if it may be repeated."""
    within = reading.repeats if repeats else FALSE
    reads = reading.reads if within == reading.reads else or_(within, and_(not_(SAVED), reading.reads))
    told = (update for goal in goals for update in goal.update(step.index))
    return replace(step, guard=and_(step.guard, reads), updates=(*step.updates, *reading.updates, *told))


# ---------------------------------------------------------------- where a loop ends


@dataclass(frozen=True, slots=True)
class _Copy:
    """A variable to which the loop has to come back, and what it was at the start of the loop."""

    original: StateVar

    @property
    def variable(self) -> StateVar:
        """The copy."""
        old = self.original
        names = tuple(f"@saved.{name}" for name in old.names)
        return StateVar(f"@saved.{old.name}", old.sort, old.init, Role.GHOST, names, quiet=True)

    def pairs(self) -> Iterator[tuple[Place, Place]]:
        """Each slot of the copy, with the slot that it is of."""
        copy, old = self.variable.var, self.original.var
        if not isinstance(old.sort, ArraySort):
            yield copy, old
            return
        for element in range(width(old.sort)):
            position = Lit(element, IntSort(0, element))
            yield Index(copy, position), Index(old, position)

    def updates(self) -> Iterator[Update]:
        """What saving does."""
        return (Update(place, value) for place, value in self.pairs())

    def equal(self) -> Iterator[Expr]:
        """That all slots are as they were."""
        return (eq(place, value) for place, value in self.pairs())


def _compared(system: TransitionSystem, reading: Reader) -> list[StateVar]:
    """Variables that can change, and so may differ where a loop ends."""
    changing = {system.processes[step.process].pc for step in system.transitions if step.origin != step.target}
    for step in system.transitions:
        changing |= written(step.updates)
    own = [variable for variable in system.variables if variable.name in changing]
    return own if reading.state is None else [*own, reading.state]


def _observations(me: int, save: int, reading: Reader, copies: Sequence[_Copy]) -> Iterator[Transition]:
    """Steps of the observer, which change nothing of the system: it saves the state once, and chooses."""
    saving = (Update(SAVED, TRUE), *(update for copy in copies for update in copy.updates()))
    may_save = and_(not_(SAVED), reading.may_repeat)
    yield Transition(save, me, 0, 0, may_save, saving, (Action("the state is saved"),))
    if reading.choice is not None:
        for number in range(reading.choices):
            value = Lit(number, IntSort(0, number))
            differs, action = not_(eq(reading.choice, value)), Action(f"choice {number}")
            yield Transition(save + 1 + number, me, 0, 0, differs, (Update(reading.choice, value),), (action,))
