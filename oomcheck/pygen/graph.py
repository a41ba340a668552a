"""The graph of a system's reachable states, built with generated code: the reference graph, made fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from oomcheck.analysis.graph import GraphBuilder
from oomcheck.ir.expr import Expr, not_
from oomcheck.ir.system import ProcessKind, State, TransitionSystem
from oomcheck.prop.property import Property
from oomcheck.pygen.expressions import Emitter, compile_conditions, load
from oomcheck.pygen.steps import compile_steps, in_index_order
from oomcheck.pygen.watch import slots_below, written_slots
from oomcheck.pygen.watches import Watches
from oomcheck.result.exploration import Limits
from oomcheck.semantics.budget import POLL, Budget, Report, StopCheck, depth_limit, state_limit
from oomcheck.semantics.findings import Findings
from oomcheck.semantics.graph import Survey
from oomcheck.semantics.sought import halted

#: The mask of a state, given that of the state before the step.
Masking = Callable[[State, int], int]


def survey(
    system: TransitionSystem,
    conditions: Sequence[Expr],
    properties: Sequence[Property],
    limits: Limits,
    should_stop: StopCheck | None = None,
    progress: Report | None = None,
) -> Survey:
    """The same as `semantics.graph.survey`, with the same result."""
    return _Survey(system, conditions, properties, limits, Budget(limits, should_stop, progress)).run()


class _Survey:
    """One search; see `run`."""

    def __init__(
        self,
        system: TransitionSystem,
        conditions: Sequence[Expr],
        properties: Sequence[Property],
        limits: Limits,
        budget: Budget,
    ) -> None:
        self._system = system
        self._limits = limits
        self._budget = budget
        self._findings = Findings(properties, lambda number: ())
        self._watches = Watches(system, properties, self._findings)
        self._masks = _Masks(system, conditions)
        self._table = [(slot, steps) for slot, steps in compile_steps(system) if any(steps)]
        self._is_sorted = in_index_order(system)
        kinds = [process.kind for process in system.processes]
        self._moving = frozenset(s.index for s in system.transitions if kinds[s.process] is not ProcessKind.ENV)
        self._goes_on = compile_conditions([not_(halted(system))], system.slot)[0]
        self._builder = GraphBuilder()
        self._states: list[State] = []
        self._known: dict[State, int] = {}
        self._is_cut = False  # whether a state at the depth limit was given up

    def run(self) -> Survey:
        """Search in the order of the reference."""
        builder, budget = self._builder, self._budget
        self._add(self._system.initial, -1, -1)
        number, stopped = 0, ""
        while number < len(self._states) and not stopped:
            if number % POLL == 0:
                count = len(self._states)
                stopped = budget.spent(count, builder.edges, count - number, builder.depth[-1])
                if stopped:
                    break
            stopped = self._expand(number)
            number += 1
        if self._is_cut and not stopped:
            stopped = depth_limit(self._limits)
        graph, found = builder.finish(), self._findings
        covers = {step.index: step.covers for step in self._system.transitions}
        found.covered.update(point for index in set(graph.step) for point in covers[index])
        return Survey(graph, found.exploration(graph.states, graph.edges, builder.depth[-1], stopped, budget.seconds))

    def _expand(self, number: int) -> str:
        """Follow the steps of a state; the reason why it had to be given up, or ""."""
        state, known = self._states[number], self._known
        self._note(state, number)
        indices, following = self._moves(state)
        targets = [known.get(after, -1) for after in following]
        if -1 in targets:
            fresh = dict.fromkeys(after for after in following if after not in known)
            if self._builder.depth[number] == self._limits.depth:
                self._is_cut = True
                self._builder.close((), ())
                return ""
            if self._limits.max_states is not None and len(known) + len(fresh) > self._limits.max_states:
                self._builder.close((), ())
                return state_limit(self._limits)
            for index, after in zip(indices, following, strict=True):
                if after not in known:
                    self._add(after, number, index)
            targets = [known[after] for after in following]
        self._builder.close(targets, indices)
        if self._moving.isdisjoint(indices):
            self._builder.rests[number] = bool(self._goes_on(state))
        return ""

    def _add(self, state: State, parent: int, step: int) -> None:
        before = self._builder.mask_of(parent) if parent >= 0 else 0
        number = self._builder.add(parent, step, self._masks.after[step](state, before))
        self._known[state] = number
        self._states.append(state)

    def _moves(self, state: State) -> tuple[list[int], list[State]]:
        """Enabled transitions in index order, and where they lead."""
        indices: list[int] = []
        following: list[State] = []
        for slot, steps in self._table:
            expand = steps[state[slot]]
            if expand is not None:
                expand(state, indices.append, following.append)
        if not self._is_sorted:
            order = sorted(range(len(indices)), key=indices.__getitem__)
            indices, following = [indices[k] for k in order], [following[k] for k in order]
        return indices, following

    def _note(self, state: State, number: int) -> None:
        step = self._builder.found_by[number]
        watch = self._watches.after[step]
        if watch is not None:
            alarms: list[int] = []
            watch(state, alarms.append)
            if alarms:
                self._watches.note(alarms, number, step)


class _Masks:
    """Which conditions hold in a state, as bits; only those that a step can change are looked at again.

    `after[index]` serves the states that a transition finds, `after[-1]` the initial one; each is compiled when it
    is first called.
    """

    def __init__(self, system: TransitionSystem, conditions: Sequence[Expr]) -> None:
        self._slots = system.slot
        self._conditions = [(condition, slots_below(condition, system.slot)) for condition in conditions]
        self._system = system
        self._steps = {step.index: step for step in system.transitions}
        self.after: list[Masking] = [self._compile_later(index) for index in range(max(self._steps, default=-1) + 2)]

    def _compile_later(self, index: int) -> Masking:
        def first(state: State, before: int) -> int:
            # the initial state has the last index, which is no transition
            self.after[index] = self._compile(index)
            return self.after[index](state, before)

        return first

    def _compile(self, index: int) -> Masking:
        step = self._steps.get(index)
        written = None if step is None else written_slots(self._system, step)
        emitter, parts, kept = Emitter(self._slots), [], -1
        for bit, (condition, slots) in enumerate(self._conditions):
            if written is None or slots & written:
                kept &= ~(1 << bit)
                parts.append(f"({1 << bit} if {emitter.condition(condition)} else 0)")
        lines = [f" m |= {part}\n" for part in parts]
        text = f"def mask(s, m):\n m &= {kept}\n" if step is not None else "def mask(s, m):\n m = 0\n"
        source = "".join(emitter.helpers) + text + "".join(lines) + " return m\n"
        return cast("Masking", load(source)["mask"])
