"""Systems for the tests of proofs, and a check of proofs that knows nothing of solvers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from oomcheck.ir.expr import TRUE, Expr, Index, Var, add, and_, binary, eq, exists, not_
from oomcheck.ir.ops import Op
from oomcheck.ir.sorts import BOOL, ArraySort, IntSort, bounds
from oomcheck.ir.system import Role, State, StateVar, Transition, TransitionSystem
from oomcheck.semantics.evaluate import evaluate
from oomcheck.semantics.successors import successors
from oomcheck.smt.outcome import Proof
from tests import toys
from tests.toys import number

N = Var("n", IntSort(0, 7))
SIZE = Var("N", IntSort(1, 2**31 - 1))
DONE = Var("done", ArraySort(BOOL, 1, "N"))
PLACE = Var("t.v", IntSort(0, 2**31 - 1))
UNIT = Var("k", IntSort(0, 2**31 - 1))


def jumps(edges: Iterable[tuple[int, int]]) -> TransitionSystem:
    """One thread moves a number, at first 0, along edges."""
    steps = [toys.step(0, 0, 0, eq(N, number(a)), [(N, number(b))]) for a, b in edges]
    return toys.system("jumps", [toys.variable("n", N.sort)], [toys.process("t", 1)], steps)


def evens() -> TransitionSystem:
    """One thread counts 0, 2, 4, .. for ever."""
    step = toys.step(0, 0, 0, writes=[(N, add(N, number(2)))])
    return toys.system("evens", [toys.variable("n", N.sort)], [toys.process("t", 1)], [step])


def walker(start: int = 0) -> TransitionSystem:
    """A thread goes through all N units from `start` on, marks each as done, and ends."""
    steps = [
        toys.step(0, 0, 0, binary(Op.LT, PLACE, SIZE), [(Index(DONE, PLACE), TRUE), (PLACE, add(PLACE, number(1)))]),
        toys.step(0, 0, 1, binary(Op.LE, SIZE, PLACE)),
    ]
    variables = [
        StateVar("N", SIZE.sort, (1,), Role.PARAM, ("N",)),
        StateVar("done", DONE.sort, (0,), Role.SHARED, ("done[#]",)),
        replace(toys.variable("t.v", PLACE.sort, start, Role.LOCAL), owner=0),
    ]
    return toys.system("walker", variables, [toys.process("t", 2, 1)], steps)


def left_out(toy: TransitionSystem) -> Expr:
    """The walker has ended and some unit is not done."""
    last = binary(Op.SUB, SIZE, number(1))
    return and_(toy.at(0, 1), exists(UNIT, number(0), last, not_(Index(DONE, UNIT))))


def reachable(system: TransitionSystem) -> Mapping[State, int]:
    """All reachable states, with the fewest steps to each."""
    found = {system.initial: 0}
    queue = [system.initial]
    for state in queue:
        for _, after in successors(system, state):
            if after not in found:
                found[after] = found[state] + 1
                queue.append(after)
    return found


def everything(system: TransitionSystem) -> Iterator[State]:
    """All states, reachable or not."""
    ranges = [range(bounds(sort)[0], bounds(sort)[1] + 1) for sort in system.slot_sorts]
    yield from product(*ranges)


def is_proof(system: TransitionSystem, bad: Expr, proof: Proof) -> bool:
    """Whether a proof is one, by looking at all states and at all paths of k steps."""

    def good(state: State) -> bool:
        return all(evaluate(fact, state, system.slot) for fact in (*proof.conjuncts, not_(bad)))

    def leads_on(path: tuple[State, ...]) -> bool:
        """Whether all paths that go on from this one stay good, up to k steps."""
        for _, after in successors(system, path[-1]):
            if proof.simple_path and after in path:
                continue
            if len(path) == proof.k:
                if not good(after):
                    return False
            elif good(after) and not leads_on((*path, after)):
                return False
        return True

    early = all(good(state) for state, depth in reachable(system).items() if depth < proof.k)
    return early and all(leads_on((state,)) for state in everything(system) if good(state))


def moves(system: TransitionSystem, numbers: Iterable[int]) -> list[Transition]:
    """Transitions by index."""
    return [system.transitions[number] for number in numbers]
