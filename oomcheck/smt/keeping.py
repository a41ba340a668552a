"""Which conditions the steps of Horn clauses keep; what is assumed of a state is assumed of the others in a clause.

All of it is for search; whoever makes a proof of what comes out checks it on the system that was asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from time import monotonic

import z3

from oomcheck.ir.expr import Expr
from oomcheck.ir.sorts import scalar_of
from oomcheck.ir.system import Role
from oomcheck.ir.walk import variables
from oomcheck.smt.horn import Horn, Other, excluded, origin, settled
from oomcheck.smt.machine import Machine, value_of
from oomcheck.smt.outcome import Budget
from oomcheck.smt.terms import Term, literal

AT_ONCE = 24  # conditions that are assumed because one model breaks them
WORK = 6_000_000  # conditions looked at in models, after which `kept` gives up
CHECK = 50  # as many of them as a question to the solver counts for


class Substitution:
    """Constants replaced by terms, as `z3.substitute` does, which looks at all pairs each time."""

    def __init__(self, pairs: Sequence[tuple[Term, Term]]) -> None:
        self._held = tuple(pairs)
        self._old = (z3.Ast * len(pairs))(*(old.as_ast() for old, _ in pairs))
        self._new = (z3.Ast * len(pairs))(*(new.as_ast() for _, new in pairs))

    def __call__(self, term: Term) -> Term:
        """The term with all of them replaced at once."""
        found = z3.Z3_substitute(term.ctx_ref(), term.as_ast(), len(self._held), self._old, self._new)
        return type(term)(found, term.ctx)


class Keeping:
    """Conditions over the states of Horn clauses, by number."""

    def __init__(self, horn: Horn, conditions: Sequence[Expr], budget: Budget) -> None:
        self.horn = horn
        self._budget = budget
        self._machine = Machine(horn.system)
        self._truth = self._machine.current.truth
        self.conditions: list[Expr] = []
        self.terms: list[Term] = []
        self._start = Substitution(list(self._initial()))
        self.flags: list[z3.BoolRef] = []
        self._places: list[frozenset[tuple[str, int]]] = []
        self._reads: list[frozenset[str]] = []
        self._asked: dict[int, Asked] = {}
        self.work = 0  # conditions looked at in models
        for condition in conditions:
            self.add(condition)

    def add(self, condition: Expr) -> int:
        """One more condition; its number."""
        self.flags.append(z3.Bool(f"?fact{len(self.conditions)}"))
        self.conditions.append(condition)
        self.terms.append(self._truth(condition))
        self._places.append(excluded(self.horn.system, condition))
        self._reads.append(variables(condition))
        return len(self.conditions) - 1

    def solver(self) -> z3.Solver:
        """A solver with limits that knows about the parameters."""
        solver = z3.Solver()
        solver.set("random_seed", self._budget.seed)
        if self._budget.rlimit is not None:
            solver.set("rlimit", self._budget.rlimit)
        if self._budget.seconds is not None:
            solver.set("timeout", max(1, int(self._budget.seconds * 1000)))
        if self.horn.system.parametric:
            solver.add(self._machine.given())
        return solver

    def starts(self, number: int) -> bool:
        """Whether a condition holds initially."""
        start = z3.simplify(self._start(self.terms[number]))
        if z3.is_true(start) or z3.is_false(start):
            return z3.is_true(start)
        solver = self.solver()
        solver.add(z3.Not(start))
        return solver.check() == z3.unsat

    def _initial(self) -> Iterator[tuple[Term, Term]]:
        """Slots with their initial values."""
        for variable in self.horn.system.variables:
            if variable.role is not Role.PARAM and variable.name not in self.horn.inputs:
                for slot, value in enumerate(variable.init):
                    cell = self._machine.current[variable.name, slot]
                    yield cell, literal(value, scalar_of(variable.sort))

    def about(self, clause: int) -> Asked:
        """A transition, or at last the bad states, in a solver."""
        if clause not in self._asked:
            self._asked[clause] = Asked(self, clause)
        return self._asked[clause]

    def after(self, clause: int, numbers: Collection[int]) -> dict[int, z3.BoolRef]:
        """Conditions after a transition, in terms of the state before; without those that it keeps in any case."""
        step = self.horn.system.transitions[clause]
        pc = self.horn.system.processes[step.process].pc
        if z3.is_false(z3.simplify(self._machine.guard(step))):
            return {}
        effect = self._machine.effect(step)
        change = Substitution([(self._machine.current[cell], term) for cell, term in effect.items()])
        names = {name for name, _ in effect}
        found = {}
        for number in numbers:
            if names.isdisjoint(self._reads[number]) or settled(self._places[number], (pc, step.target)):
                continue
            term = change(self.terms[number])
            if not term.eq(self.terms[number]):
                term = z3.simplify(term)
                if not z3.is_true(term):
                    found[number] = term
        return found

    def relevant(self, clause: int, numbers: Collection[int]) -> list[int]:
        """Conditions that say something where a transition begins."""
        here = origin(self.horn.system, clause)
        return [number for number in numbers if not settled(self._places[number], here)]

    def places_in(self, model: z3.ModelRef) -> dict[str, int]:
        """Where the processes are."""
        cells = self._machine.current.cells
        names = [process.pc for process in self.horn.system.processes if process.pc in cells]
        return {name: value_of(model, cells[name][0]) for name in names}

    def speaks(self, number: int, here: Mapping[str, int]) -> bool:
        """Whether a condition does not hold just because of where the processes are."""
        return all(here[name] == value for name, value in self._places[number])

    def body(self, clause: int) -> Iterator[z3.BoolRef]:
        """What a clause says but for its conditions."""
        system = self.horn.system
        last = clause == len(system.transitions)
        yield self._truth(self.horn.bad) if last else self._machine.guard(system.transitions[clause])
        yield from map(self._truth, self.horn.parts[clause].conditions)

    def elsewhere(self, other: Other) -> Substitution:
        """How a condition is said of an other state."""
        cells = self._machine.current.cells
        return Substitution(
            [pair for name, there in other.items() for pair in zip(cells[name], cells[there.name], strict=True)]
        )


class Asked:
    """One clause in a solver, with conditions that may be assumed; only those that its models break are put in."""

    def __init__(self, keeping: Keeping, clause: int) -> None:
        self._keeping = keeping
        self._clause = clause
        self._others = [keeping.elsewhere(other) for other in keeping.horn.parts[clause].others]
        self._solver = keeping.solver()
        self._solver.add(*keeping.body(clause))
        self._said: dict[int, list[Term]] = {}  # of conditions, in this state and in the others
        self._admitted: set[int] = set()
        self._rounds = 0

    def core(self, goals: Mapping[int, z3.BoolRef], assumed: Collection[int]) -> frozenset[int] | set[int] | None:
        """Assumptions (frozen) from which all goals follow, or goals that fail; None if the solver does not know.

        Without goals the question is whether the clause can apply at all.
        """
        switches = []
        if goals:
            switches = [z3.Bool(f"?round{self._rounds}")]
            self._rounds += 1
            self._solver.add(z3.Implies(switches[0], z3.Or([z3.Not(goal) for goal in goals.values()])))
        numbers = self._keeping.relevant(self._clause, sorted(assumed))
        while True:
            present = [number for number in numbers if number in self._admitted]
            self._keeping.work += CHECK
            result = self._solver.check(*switches, *(self._keeping.flags[n] for n in present))
            if result == z3.unsat:
                named = {flag.decl().name() for flag in self._solver.unsat_core()}
                return frozenset(n for n in present if f"?fact{n}" in named)
            if result != z3.sat:
                return None
            model = self._solver.model()
            broken = list(islice(self._broken(model, numbers), AT_ONCE))
            if not broken:
                return {n for n, goal in goals.items() if z3.is_false(model.eval(goal, model_completion=True))}
            for number in broken:
                self._admitted.add(number)
                self._solver.add(*(z3.Implies(self._keeping.flags[number], term) for term in self._terms(number)))

    def _terms(self, number: int) -> list[Term]:
        """What a condition says, of this state and of the others."""
        if number not in self._said:
            term = self._keeping.terms[number]
            self._said[number] = [term, *(change(term) for change in self._others)]
        return self._said[number]

    def _broken(self, model: z3.ModelRef, numbers: Sequence[int]) -> Iterator[int]:
        """Conditions that are not assumed yet and fail in a model."""
        here = self._keeping.places_in(model)
        for number in numbers:
            if number in self._admitted or not self._keeping.speaks(number, here):
                continue
            self._keeping.work += 1
            if any(_fails(model, term) for term in self._terms(number)):
                yield number


def _fails(model: z3.ModelRef, term: Term) -> bool:
    """Whether a term is false in a model; as `ModelRef.eval`, which wraps each answer."""
    found = (z3.Ast * 1)()
    known = z3.Z3_model_eval(model.ctx.ref(), model.model, term.as_ast(), True, found)
    return bool(known) and z3.Z3_get_bool_value(model.ctx.ref(), found[0]) == z3.Z3_L_FALSE


def kept(horn: Horn, candidates: Sequence[Expr], budget: Budget) -> tuple[Expr, ...]:
    """Candidates that together hold initially and are kept by each step (Houdini), in their order.

    The largest such set as far as the solver answers; none of them if the seconds of the budget
    or the `WORK` run out before.
    """
    end = None if budget.seconds is None else monotonic() + budget.seconds
    keeping = Keeping(horn, candidates, budget)
    alive = {number for number in range(len(candidates)) if keeping.starts(number)}
    waiting = dict.fromkeys(range(len(horn.system.transitions)))
    used: dict[int, frozenset[int]] = {}
    while waiting:
        if keeping.work > WORK or (end is not None and monotonic() > end):
            return ()
        clause = next(iter(waiting))
        del waiting[clause]
        dropped, used[clause] = _settle(keeping, clause, alive)
        alive -= dropped
        waiting.update(dict.fromkeys(other for other, core in used.items() if core & dropped))
    return tuple(candidates[number] for number in sorted(alive))


def _settle(keeping: Keeping, clause: int, alive: set[int]) -> tuple[set[int], frozenset[int]]:
    """What a step does not keep, and what it needs to keep the rest."""
    goals = keeping.after(clause, sorted(alive))
    dropped: set[int] = set()
    if not goals:
        return dropped, frozenset()
    asked = keeping.about(clause)
    while goals:
        answer = asked.core(goals, alive - dropped)
        if isinstance(answer, frozenset):
            return dropped, answer
        dropped |= answer or set(goals)
        goals = {number: goal for number, goal in goals.items() if number not in dropped}
    return dropped, frozenset()


def closure(keeping: Keeping, assumed: Collection[int] | None = None) -> frozenset[int] | None:
    """Few of the conditions (by default of all) that exclude the bad states and are kept together; None: not enough."""
    every = frozenset(range(len(keeping.conditions)) if assumed is None else assumed)
    answer = keeping.about(len(keeping.horn.system.transitions)).core({}, every)
    if not isinstance(answer, frozenset):
        return None
    found: set[int] = set()
    new = set(answer)
    while new:
        found |= new
        needed = needs(keeping, new, every)
        if needed is None:
            return None
        new = needed - found
    return frozenset(found)


def needs(keeping: Keeping, goals: Collection[int], assumed: Collection[int]) -> set[int] | None:
    """What is needed of the assumed conditions for the goals to hold always; None if they need not hold."""
    if not all(keeping.starts(number) for number in goals):
        return None
    needed: set[int] = set()
    for clause in range(len(keeping.horn.system.transitions)):
        after = keeping.after(clause, sorted(goals))
        if after:
            core = keeping.about(clause).core(after, assumed)
            if not isinstance(core, frozenset):
                return None
            needed |= core
    return needed
