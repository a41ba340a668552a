"""Which conditions the steps of a system keep, one transition at a time.

A condition after a step is asked as its weakest precondition, so there is one frame and no store to an array.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import z3

from oomcheck.ir.expr import TRUE, Apply, Expr, Index, Lit, Quantified, Quantifier, Var, and_, binary, ite, not_, or_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import ArraySort, bounds, scalar_of
from oomcheck.ir.system import Transition, TransitionSystem
from oomcheck.ir.walk import Rewriting, variables
from oomcheck.records import dataclass
from oomcheck.smt.ground import INT, ground, index_terms, opened, quantified, renamed, skolem
from oomcheck.smt.machine import Frame
from oomcheck.smt.outcome import Budget
from oomcheck.smt.terms import Reader, Term, sort_of
from oomcheck.transform.after import after, updates_of, written

#: The one constant for what breaks a quantified goal: goals are asked one after the other, or one of several.
WITNESS = Var("!goal", INT)


@dataclass(frozen=True, slots=True)
class Kept:
    """All goals hold after the step, by these assumptions (their numbers)."""

    core: frozenset[int]


@dataclass(frozen=True, slots=True)
class Broken:
    """Goals that fail after some step that the assumptions allow; `model` is its state before."""

    goals: tuple[int, ...]
    model: z3.ModelRef


@dataclass(frozen=True, slots=True)
class Unclear:
    """The solver does not know."""

    reason: str


Answer = Kept | Broken | Unclear


class Consecution:
    """Conditions over the states of a system, numbered, and what the steps do to them.

    Each condition may be assumed and may be a goal. Truth values of quantified conditions are approximated from
    above where they are assumed (instances), so `Kept` is sure and `Broken` may be wrong; `exact` asks with the
    quantifiers themselves.
    """

    def __init__(self, system: TransitionSystem, conditions: Sequence[Expr], budget: Budget) -> None:
        self.system = system
        self.conditions = tuple(renamed(c, f"@{number}_") for number, c in enumerate(conditions))
        self.frame = Frame(system)
        self._cells: dict[str, tuple[Term, ...]] = dict(self.frame.cells)
        self.reader = Reader(self._cells)
        self.solver = z3.Solver()
        configure(self.solver, budget)
        self._clauses = [_literals(c) for c in self.conditions]
        self._reads = [[variables(part) for part in clause] for clause in self._clauses]
        self._quantified = [n for n, c in enumerate(self.conditions) if quantified(c)]
        self.assumed = [z3.Bool(f"?{number}") for number in range(len(self.conditions))]
        self._asts = [literal.as_ast() for literal in self.assumed]
        self._number = {literal.get_id(): number for number, literal in enumerate(self.assumed)}
        for parameter in system.parametric:
            self.solver.add(self.frame.cells[parameter.name][0] >= bounds(scalar_of(parameter.sort))[0])
        hard = set(self._quantified)
        for number, condition in enumerate(self.conditions):
            if number not in hard:
                self.solver.add(z3.Implies(self.assumed[number], self.reader.truth(condition)))
        self._by_name: dict[str, list[int]] = {}
        for number, reads in enumerate(self._reads):
            for name in frozenset().union(*reads):
                self._by_name.setdefault(name, []).append(number)
        self._instances: dict[tuple[int, Expr], z3.BoolRef] = {}
        self._fresh = 0

    # ------------------------------------------------------------ what a step does

    def touched(self, step: Transition) -> list[int]:
        """Conditions that read something that the step writes."""
        names = written(updates_of(self.system, step))
        return sorted({number for name in names for number in self._by_name.get(name, ())})

    def afterwards(self, step: Transition, numbers: Iterable[int]) -> dict[int, Expr]:
        """Conditions in terms of the state before the step, with constants for the units that break them.

        Those that hold after it in any case are left out.
        """
        updates = updates_of(self.system, step)
        names = written(updates)
        pc = self.system.processes[step.process].pc
        known: dict[int, Expr] = {}
        found = {}
        for number in numbers:
            parts = []
            for part, reads in zip(self._clauses[number], self._reads[number], strict=True):
                if _elsewhere(part, pc, step.target):
                    break
                if id(part) not in known:
                    known[id(part)] = after(part, updates) if names & reads else part
                parts.append(known[id(part)])
            else:
                goal = or_(*parts)
                if goal != TRUE:
                    found[number] = goal
        return found

    def broken(self, goal: Expr) -> Expr:
        """That a goal fails."""
        return opened(not_(goal), lambda _: WITNESS) if quantified(goal) else not_(goal)

    # ------------------------------------------------------------ questions

    def ask(
        self, step: Transition, goals: dict[int, Expr], assumed: Collection[int], extra: Sequence[z3.BoolRef] = ()
    ) -> Answer:
        """Whether all goals (as `afterwards` gives them) hold after the step from a state where `assumed` hold."""
        return Asking(self, step, goals).answer(assumed, goals, extra)

    def approximates(self, step: Transition, goals: dict[int, Expr], assumed: Collection[int]) -> bool:
        """Whether `ask` leaves a quantifier out, so that what it finds may be wrong."""
        exprs = [self.system.full_guard(step), *goals.values()]
        return any(n in assumed for n in self._quantified) or any(map(quantified, exprs))

    def ask_fully(
        self, step: Transition, goals: dict[int, Expr], assumed: Collection[int], seconds: float | None
    ) -> Answer:
        """`ask` with the quantifiers themselves, within some seconds if no limit is set."""
        if seconds is not None:
            self.solver.set("timeout", int(seconds * 1000))
        try:
            return Asking(self, step, goals, full=True).answer(assumed, goals)
        finally:
            if seconds is not None:
                self.solver.set("timeout", 2**32 - 1)

    def declare(self, expr: Expr) -> Expr:
        """Make constants for the names that `ground` made up."""
        for name in sorted(variables(expr)):
            if name not in self._cells:
                self._cells[name] = (z3.Const(name, sort_of(Var(name, INT))),)
        return expr

    def instances(self, step: Transition, terms: Sequence[Expr], assumed: Collection[int]) -> Iterable[z3.BoolRef]:
        """Instances of the quantified conditions that say something where a step begins, each under its assumption."""
        pc = self.system.processes[step.process].pc
        for number in self._quantified:
            if number not in assumed or any(_elsewhere(part, pc, step.origin) for part in self._clauses[number]):
                continue
            if _is_universal(self._clauses[number]):
                for term in terms:
                    yield self._instance(number, term)
            else:
                yield self._fact(number, terms)

    def _instance(self, number: int, term: Expr) -> z3.BoolRef:
        """One instance, made once."""
        key = number, term
        if key not in self._instances:
            self._instances[key] = self._fact(number, (term,))
        return self._instances[key]

    def _fact(self, number: int, terms: Sequence[Expr]) -> z3.BoolRef:
        fact = self.declare(ground(self.conditions[number], terms, skolem(f"{number}_")))
        return z3.Implies(self.assumed[number], self.reader.truth(fact))

    def whole(self, assumed: Collection[int]) -> Iterable[z3.BoolRef]:
        """The quantified conditions themselves, each under its assumption."""
        for number in self._quantified:
            if number in assumed:
                yield z3.Implies(self.assumed[number], self.reader.truth(self.conditions[number]))

    def numbers(self, core: Iterable[z3.BoolRef]) -> frozenset[int]:
        """The conditions whose assumptions are in an unsatisfiable core."""
        return frozenset(self._number[literal.get_id()] for literal in core if literal.get_id() in self._number)

    def check(self, switches: Sequence[z3.BoolRef], assumed: Collection[int]) -> z3.CheckSatResult:
        """The solver under these assumptions; as `Solver.check`, which looks at each of thousands again."""
        literals = [*(switch.as_ast() for switch in switches), *(self._asts[number] for number in assumed)]
        array = (z3.Ast * len(literals))(*literals)
        context = self.solver.ctx.ref()
        return z3.CheckSatResult(z3.Z3_solver_check_assumptions(context, self.solver.solver, len(literals), array))

    def fresh(self) -> z3.BoolRef:
        """A new switch."""
        self._fresh += 1
        return z3.Bool(f"?switch{self._fresh}")


class Asking:
    """One transition in the solver: its guard, and goals after it."""

    def __init__(self, all_: Consecution, step: Transition, goals: dict[int, Expr], full: bool = False) -> None:
        self._all = all_
        self._full = full
        self._step = step
        self._guard = all_.system.full_guard(step)
        self._broken = {number: all_.broken(goal) for number, goal in goals.items()}

    def answer(self, assumed: Collection[int], goals: Collection[int], extra: Sequence[z3.BoolRef] = ()) -> Answer:
        """Whether all of these goals hold."""
        self.open(assumed)
        try:
            return self.check(assumed, goals, extra)
        finally:
            self.close()

    def open(self, assumed: Collection[int]) -> None:
        """Put the transition into the solver."""
        every, solver = self._all, self._all.solver
        solver.push()
        terms: tuple[Expr, ...] = ()
        facts = [renamed(self._guard, "@g"), *self._broken.values()]
        if every._quantified or any(map(quantified, facts)):
            facts = [every.declare(opened(fact, skolem("g"))) for fact in facts]
            terms = tuple(dict.fromkeys((WITNESS, *index_terms(facts))))
            every.declare(WITNESS)
            solver.add(*every.instances(self._step, terms, assumed))
            if self._full:
                solver.add(*every.whole(assumed))
            else:
                facts = [every.declare(ground(fact, terms, skolem("h"))) for fact in facts]
        solver.add(every.reader.truth(facts[0]))
        self.fails = {n: every.reader.truth(fact) for n, fact in zip(self._broken, facts[1:], strict=True)}

    def close(self) -> None:
        """Take it out again."""
        self._all.solver.pop()

    def check(self, assumed: Collection[int], goals: Collection[int], extra: Sequence[z3.BoolRef] = ()) -> Answer:
        """Whether all of these goals hold; the transition is in the solver."""
        every, solver = self._all, self._all.solver
        switch = every.fresh()
        solver.add(z3.Implies(switch, z3.Or([self.fails[number] for number in goals])))
        result = every.check((switch, *extra), assumed)
        if result == z3.unsat:
            return Kept(every.numbers(solver.unsat_core()))
        if result != z3.sat:
            return Unclear(solver.reason_unknown())
        model = solver.model()
        failing = [n for n in goals if z3.is_true(model.eval(self.fails[n], model_completion=True))]
        return Broken(tuple(failing), model) if failing else Unclear("the solver's model does not fit")


def configure(solver: z3.Solver, budget: Budget) -> None:
    """Seed and limits of each check."""
    solver.set("random_seed", budget.seed)
    if budget.seconds is not None:
        solver.set("timeout", max(1, int(budget.seconds * 1000)))
    if budget.rlimit is not None:
        solver.set("rlimit", budget.rlimit)


def _literals(condition: Expr) -> tuple[Expr, ...]:
    return condition.args if isinstance(condition, Apply) and condition.op is Op.OR else (condition,)


def _is_universal(clause: Sequence[Expr]) -> bool:
    """Whether a clause has one quantifier, `forall` at the top of a part: then each instance stands for itself."""
    (whole, *others) = [part for part in clause if quantified(part)]
    return (
        not others and isinstance(whole, Quantified) and whole.kind is Quantifier.FORALL and not quantified(whole.body)
    )


def _elsewhere(part: Expr, pc: str, target: int) -> bool:
    """A part of a clause that says that a process is not where the step leads; so it is true elsewhere."""
    match part:
        case Apply(op=Op.NE, args=(Var(name=name), Lit(value=value))):
            return name == pc and value != target
    return False


# ---------------------------------------------------------------- the initial state


def at_start(system: TransitionSystem, expr: Expr) -> Expr:
    """An expression in the initial state; what is left open are parameters."""
    values = {v.name: v for v in system.variables}

    def leaf(node: Lit | Var | Index) -> Expr:
        match node:
            case Var(name=name) if name in values and values[name] not in system.parametric:
                return Lit(values[name].init[0], scalar_of(values[name].sort))
            case Index(array=array, index=position):
                return _first_element(array, values[array.name].init, position)
        return node

    return Rewriting(leaf)(expr)


def _first_element(array: Var, init: tuple[int, ...], position: Expr) -> Expr:
    sort = array.sort
    assert isinstance(sort, ArraySort)
    size = Lit(sort.size, INT)
    found: Expr = Lit(0, sort.element)
    if sort.extent:
        place = binary(Op.MOD, position, size) if sort.size > 1 else Lit(0, INT)
        length = binary(Op.MUL, Var(sort.extent, INT), size)
        inside = and_(binary(Op.LE, Lit(0, INT), position), binary(Op.LT, position, length))
    else:
        place, inside = position, TRUE
    for part, value in enumerate(init):
        here = binary(Op.EQ, place, Lit(part, INT))
        found = ite(and_(inside, here), Lit(value, sort.element), found)
    return found


def holds_initially(system: TransitionSystem, condition: Expr, budget: Budget) -> bool | None:
    """Whether a condition holds in the initial state, whatever the parameters; None: the solver does not know."""
    start = at_start(system, renamed(condition, "@i"))
    if isinstance(start, Lit):
        return bool(start.value)
    frame = Frame(system)
    cells: dict[str, tuple[Term, ...]] = dict(frame.cells)
    solver = z3.Solver()
    configure(solver, budget)
    solver.add(*(cells[v.name][0] >= bounds(scalar_of(v.sort))[0] for v in system.parametric))
    failing = opened(not_(start), skolem("s"))
    for name in sorted(variables(failing) - cells.keys()):
        cells[name] = (z3.Int(name),)
    solver.add(Reader(cells).truth(failing))
    result = solver.check()
    return None if result == z3.unknown else bool(result == z3.unsat)


def excludes(system: TransitionSystem, conditions: Sequence[Expr], bad: Expr, budget: Budget) -> bool:
    """Whether conditions are seen to exclude the bad states, by instances of their quantifiers."""
    cells: dict[str, tuple[Term, ...]] = dict(Frame(system).cells)
    wrong = opened(renamed(bad, "@b"), skolem("b"))
    terms = index_terms([wrong])
    facts = [ground(renamed(c, f"@{n}_"), terms, skolem(f"{n}_")) for n, c in enumerate(conditions)]
    facts.append(ground(wrong, terms, skolem("w")))
    for name in sorted(frozenset().union(*map(variables, facts)) - cells.keys()):
        cells[name] = (z3.Const(name, sort_of(Var(name, INT))),)
    solver = z3.Solver()
    configure(solver, budget)
    solver.add(*(cells[v.name][0] >= bounds(scalar_of(v.sort))[0] for v in system.parametric))
    solver.add(*map(Reader(cells).truth, facts))
    return bool(solver.check() == z3.unsat)
