"""Textbook cases in which fairness decides; the graph engine and the reference path both know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from oomcheck import reference
from oomcheck.analysis.lassos import Lasso, find_lasso
from oomcheck.ir.expr import FALSE, TRUE, Expr, Var, eq, not_
from oomcheck.ir.sorts import BOOL, IntSort
from oomcheck.ir.system import ProcessKind, TransitionSystem
from oomcheck.prop.buchi import translate
from oomcheck.prop.formula import Atom, Formula, Next, Not, always, eventually, leads_to
from oomcheck.prop.property import Kind, Property
from oomcheck.prop.temporal import Fairness, FairnessKind, Liveness
from oomcheck.pygen import graph as generated
from oomcheck.result.exploration import REST, Limits, Witness
from oomcheck.semantics.evident import check_run
from oomcheck.transform.enabled import some_ends
from tests import toys

Engine = Callable[[TransitionSystem, Formula, Sequence[Fairness]], Lasso | None]


def by_graph(system: TransitionSystem, formula: Formula, fairness: Sequence[Fairness]) -> Lasso | None:
    """The counterexample of the graph engine."""
    automaton = translate(Not(formula))
    ends = [some_ends(system, item.steps) for item in fairness]
    found = generated.survey(system, [*automaton.atoms, *ends], (), Limits())
    count = len(automaton.atoms)
    bits = range(count, count + len(ends))
    return find_lasso(found.graph, automaton, range(count), fairness, ends=bits)


def by_reference(system: TransitionSystem, formula: Formula, fairness: Sequence[Fairness]) -> Lasso | None:
    """The counterexample of the reference path."""
    return reference.find_lasso(system, translate(Not(formula)), fairness, Limits()).lasso


ENGINES: dict[str, Engine] = {"graph": by_graph, "reference": by_reference}


@pytest.fixture(params=ENGINES)
def violation(request: pytest.FixtureRequest) -> Engine:
    """The counterexample of each engine, checked."""
    engine = ENGINES[request.param]

    def checked(system: TransitionSystem, formula: Formula, fairness: Sequence[Fairness]) -> Lasso | None:
        found = engine(system, formula, fairness)
        if found is not None:
            prop = Property("p", Kind.LTL, temporal=Liveness(formula, tuple(fairness)))
            assert check_run(system, prop, Witness(found.stem, loop=found.loop)) == ""
        return found

    return checked


def word(lasso: Lasso | None) -> tuple[int, ...]:
    """The first steps of a run, long enough to tell two short ones apart."""
    assert lasso is not None
    return (*lasso.stem, *lasso.loop * 12)[:12]


def each(system: TransitionSystem, kind: FairnessKind) -> list[Fairness]:
    """Fairness of this kind to each process."""
    return [
        Fairness(process.name, kind, frozenset(step.index for step in system.transitions if step.process == number))
        for number, process in enumerate(system.processes)
    ]


def weak(system: TransitionSystem) -> list[Fairness]:
    """Weak fairness to all."""
    return each(system, FairnessKind.WEAK)


def strong(system: TransitionSystem) -> list[Fairness]:
    """Strong fairness to all."""
    return each(system, FairnessKind.STRONG)


def at(system: TransitionSystem, process: int, location: int) -> Formula:
    """A process stands there."""
    return Atom(system.at(process, location))


def semaphore() -> TransitionSystem:
    """Two threads take a semaphore, use it and release it, for ever; location 1 is the critical section."""
    free = Var("free", BOOL)
    steps = [
        step
        for me in (0, 1)
        for step in (
            toys.step(me, 0, 1, free, [(free, FALSE)]),
            toys.step(me, 1, 0, writes=[(free, TRUE)]),
        )
    ]
    return toys.system(
        "semaphore", [toys.variable("free", BOOL, 1)], [toys.process("a", 2), toys.process("b", 2)], steps
    )


def switch(done: Expr, kind: ProcessKind = ProcessKind.THREAD) -> TransitionSystem:
    """A process flips `p` for ever; another ends when `done` holds."""
    p = Var("p", BOOL)
    steps = [
        toys.step(0, 0, 0, p, [(p, FALSE)]),
        toys.step(0, 0, 0, not_(p), [(p, TRUE)]),
        toys.step(1, 0, 1, done),
    ]
    processes = [toys.process("flip", 1, kind=kind), toys.process("end", 2, done=1)]
    return toys.system("switch", [toys.variable("p", BOOL)], processes, steps)


class TestPeterson:
    """Who wants to enter the critical section does: given that everybody runs."""

    def test_starves_without_fairness(self, violation: Engine) -> None:
        """Without fairness a thread need never run, as long as the other one can."""
        toy = toys.peterson()
        assert violation(toy, leads_to(at(toy, 0, 0), at(toy, 0, 3)), []) is not None
        assert violation(toy, leads_to(at(toy, 0, 0), at(toy, 0, 3)), weak(toy)[1:]) is not None

    def test_weak_fairness_is_enough(self, violation: Engine) -> None:
        """Once a thread may enter, nobody takes that back."""
        toy = toys.peterson()
        assert violation(toy, leads_to(at(toy, 0, 0), at(toy, 0, 3)), weak(toy)) is None

    def test_the_algorithm_itself_forces_turns(self, violation: Engine) -> None:
        """Once a thread has raised its flag, the other one runs into it, so no fairness is needed."""
        toy = toys.peterson()
        assert violation(toy, leads_to(at(toy, 0, 1), at(toy, 0, 3)), []) is None
        broken = toys.peterson(broken=True)
        assert violation(broken, leads_to(at(broken, 0, 1), at(broken, 0, 3)), []) is not None


class TestSemaphore:
    """A semaphore without a queue: each time it is free, the same thread may get it."""

    def test_weak_fairness_starves(self, violation: Engine) -> None:
        """The waiting thread can move only now and then, so weak fairness owes it nothing."""
        toy = semaphore()
        assert word(violation(toy, always(eventually(at(toy, 1, 1))), weak(toy))) == (0, 1) * 6

    def test_strong_fairness_does_not(self, violation: Engine) -> None:
        """It can move again and again, so strong fairness does."""
        toy = semaphore()
        assert violation(toy, always(eventually(at(toy, 1, 1))), strong(toy)) is None

    def test_strong_fairness_for_the_starving_one_alone(self, violation: Engine) -> None:
        """The other one cannot stop in its section: then nobody could move but itself, and a run goes on."""
        toy = semaphore()
        assert violation(toy, always(eventually(at(toy, 1, 1))), strong(toy)[1:]) is None
        assert violation(toy, always(eventually(at(toy, 1, 1))), strong(toy)[:1]) is not None


class TestSwitch:
    """A step that is enabled again and again, but not always."""

    @pytest.mark.parametrize(
        ("kind", "holds"), [(FairnessKind.WEAK, False), (FairnessKind.STRONG, True), (FairnessKind.PROGRESS, True)]
    )
    def test_now_and_then(self, violation: Engine, kind: FairnessKind, holds: bool) -> None:
        """Weak fairness lets it be missed for ever, strong does not; progress is taken on trust."""
        toy = switch(Var("p", BOOL))
        fairness = each(toy, kind)[1:]
        assert (violation(toy, eventually(at(toy, 1, 1)), fairness) is None) == holds

    def test_always(self, violation: Engine) -> None:
        """Weak fairness suffices where it is always enabled."""
        toy = switch(TRUE)
        assert violation(toy, eventually(at(toy, 1, 1)), weak(toy)[1:]) is None
        assert word(violation(toy, eventually(at(toy, 1, 1)), weak(toy)[:1])) == (1, 0) * 6

    def test_progress_that_cannot_be(self, violation: Engine) -> None:
        """A run in which the thread moves again and again does not exist once it has ended: everything holds."""
        toy = switch(TRUE)
        assert violation(toy, Atom(FALSE), each(toy, FairnessKind.PROGRESS)[1:]) is None

    def test_fair_steps_not_threads(self, violation: Engine) -> None:
        """Fairness to the thread is kept by any of its steps; fairness to one step is not."""
        n = Var("n", IntSort(0, 2))
        steps = [toys.step(0, 0, 0, eq(n, toys.number(0)), [(n, toys.number(value))]) for value in (0, 1, 2)]
        toy = toys.system("choice", [toys.variable("n", n.sort)], [toys.process("t", 1)], steps)
        leaves = eventually(Atom(not_(eq(n, toys.number(0)))))
        assert word(violation(toy, leaves, weak(toy))) == (0,) * 12
        assert violation(toy, leaves, [Fairness("step", FairnessKind.WEAK, frozenset([1]))]) is None
        two = eventually(Atom(eq(n, toys.number(2))))
        assert violation(toy, two, [Fairness("step", FairnessKind.WEAK, frozenset([1, 2]))]) is not None


class TestRest:
    """Maximal runs that end."""

    def test_last_state_lasts(self, violation: Engine) -> None:
        """A thread that has ended stays there for ever; what comes next is the same state."""
        toy = toys.counter(2)
        last = at(toy, 0, 1)
        assert violation(toy, eventually(always(last)), weak(toy)) is None
        assert violation(toy, leads_to(last, Next(last)), []) is None
        assert violation(toy, always(eventually(Not(last))), []) == Lasso((0, 0, 1), (REST,))

    def test_runs_are_maximal(self, violation: Engine) -> None:
        """A lone thread that can move does, even without fairness."""
        toy = toys.counter(2)
        assert violation(toy, eventually(at(toy, 0, 1)), []) is None

    def test_environment_may_decline(self, violation: Engine) -> None:
        """Where only the environment can move, nothing need happen; fairness to it takes that back."""
        toy = switch(FALSE, ProcessKind.ENV)
        moves = eventually(Atom(Var("p", BOOL)))
        assert violation(toy, moves, []) == Lasso((), (REST,))
        assert violation(toy, moves, weak(toy)[1:]) == Lasso((), (REST,))
        assert violation(toy, moves, weak(toy)) is None

    def test_rest_is_final(self, violation: Engine) -> None:
        """A run does not rest for a while: after the next step of the environment the state differs at once."""
        toy = switch(FALSE, ProcessKind.ENV)
        p = Atom(Var("p", BOOL))
        alternates = leads_to(Not(p), Next(p))
        assert violation(toy, alternates, []) is not None
        assert violation(toy, alternates, weak(toy)) is None

    def test_fault_is_no_rest(self, violation: Engine) -> None:
        """What leads to a halting fault is no run, so a property that only it violates holds."""
        p = Var("p", BOOL)
        steps = [toys.step(0, 0, 1), toys.step(0, 0, 2)]
        faults = [toys.fault(0, 2, TRUE, "assume")]
        toy = toys.system("fault", [toys.variable("p", BOOL)], [toys.process("t", 3, done=1)], steps, faults)
        assert violation(toy, eventually(at(toy, 0, 1)), []) is None
        assert violation(toy, eventually(Atom(p)), []) == Lasso((0,), (REST,))


def test_deadlock_violates_progress_properties(violation: Engine) -> None:
    """Philosophers who all take the left fork first: rest in the deadlock is the counterexample."""
    toy = toys.philosophers(3)
    found = violation(toy, eventually(at(toy, 0, 3)), strong(toy))
    assert found is not None
    assert found.loop == (REST,)
    ordered = toys.philosophers(3, ordered=True)
    assert violation(ordered, eventually(at(ordered, 0, 3)), weak(ordered)) is None


class TestAssumptions:
    """A thread that stands before a false assumption owes a step that nobody can take."""

    @staticmethod
    def toy(fault: bool = True) -> TransitionSystem:
        """One thread flips `p` for ever; another may go one of two ways, and one ends at `assume false`."""
        p = Var("p", BOOL)
        steps = [
            toys.step(0, 0, 0, p, [(p, FALSE)]),
            toys.step(0, 0, 0, not_(p), [(p, TRUE)]),
            toys.step(1, 0, 1),
            toys.step(1, 0, 2),
        ]
        faults = [toys.fault(1, 2, TRUE, "assume")] if fault else []
        processes = [toys.process("flip", 1), toys.process("ends", 3, done=1)]
        return toys.system("assumed", [toys.variable("p", BOOL)], processes, steps, faults)

    def test_what_is_assumed_away_is_no_counterexample(self, violation: Engine) -> None:
        """The other thread goes on for ever, but a fair run would have to take the assumption."""
        assert violation(self.toy(), eventually(at(self.toy(), 1, 1)), weak(self.toy())) is None
        assert violation(self.toy(), eventually(at(self.toy(), 1, 1)), strong(self.toy())) is None
        assert violation(self.toy(fault=False), eventually(at(self.toy(), 1, 1)), weak(self.toy())) is not None

    def test_unfair_threads_need_not_come_to_it(self, violation: Engine) -> None:
        """Without fairness the thread may stand before its assumption for ever."""
        assert violation(self.toy(), eventually(at(self.toy(), 1, 1)), []) is not None
        assert violation(self.toy(), eventually(at(self.toy(), 1, 1)), weak(self.toy())[:1]) is not None
