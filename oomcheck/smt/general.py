"""Stronger conditions than those of a proof: clauses with parts left out, and clauses said of more places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oomcheck.ir.expr import Expr, or_
from oomcheck.ir.sorts import bounds, scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.semantics.evaluate import evaluate
from oomcheck.smt.merging import Clause, Counters, Places
from oomcheck.smt.units import extents, for_all_units
from oomcheck.smt.walks import reached
from oomcheck.transform.instantiate import instantiated

STATES = 400  # looked at, of each instance
SIZES = 3  # instances of a parametric system
LONG = 4  # parts of a clause from which each is left out
MOST = 4_000  # stronger conditions


def stronger(
    system: TransitionSystem, counters: Counters, clauses: Sequence[Clause], facts: Iterable[Clause], seed: int
) -> list[Clause]:
    """Clauses that hold in all states that walks come to, each of them stronger than one that is given, or as strong.

    `facts` are clauses known to hold, of which such are taken as well that say the same of other places.
    """
    bodies = {clause.body: clause.rest for clause in clauses}
    same = [fact for fact in facts if fact.body in bodies]
    found = dict.fromkeys((*same, *_shorter(counters, clauses)))
    failing = Failing(system, counters, seed)
    return [clause for clause in found if failing.passes(clause)][:MOST]


def _shorter(counters: Counters, clauses: Sequence[Clause]) -> Iterator[Clause]:
    for clause in clauses:
        for rest in _bodies(clause.rest):
            yield Clause((), rest)
            for number in range(len(clause.places)):
                yield Clause(clause.places[:number] + clause.places[number + 1 :], rest)
            if rest != clause.rest:
                yield Clause(clause.places, rest)
    for clause in clauses:
        for number, (name, _) in enumerate(clause.places):
            others: Places = clause.places[:number] + clause.places[number + 1 :]
            for place in range(counters.count[name]):
                yield Clause(tuple(sorted((*others, (name, frozenset((place,)))))), clause.rest)


def _bodies(rest: tuple[Expr, ...]) -> Iterator[tuple[Expr, ...]]:
    """A disjunction without one of its parts, and as it is; the shortest first."""
    if 2 < len(rest) <= LONG:
        yield from ((part,) for part in rest)
    if 1 < len(rest) <= LONG:
        yield from (rest[:number] + rest[number + 1 :] for number in range(len(rest)))
    yield rest


class Failing:
    """Where on walks the bodies of clauses fail."""

    def __init__(self, system: TransitionSystem, counters: Counters, seed: int) -> None:
        self._system = system
        self._names = list(counters.count)
        self._known: dict[frozenset[Expr], set[tuple[int, ...]]] = {}
        self._instances = []
        for values in _sizes(system):
            small = instantiated(system, values)[0] if values else system
            self._instances.append((values, small, reached(small, seed, STATES)))

    def passes(self, clause: Clause) -> bool:
        """Whether a clause holds in all states that were looked at. One that says nothing does not."""
        if clause.body not in self._known:
            self._known[clause.body] = set(self._places(or_(*clause.rest)))
        wanted = [(self._names.index(name), places) for name, places in clause.places]
        return not any(all(at[column] in places for column, places in wanted) for at in self._known[clause.body])

    def _places(self, body: Expr) -> Iterator[tuple[int, ...]]:
        """Where the processes are when a condition about one unit fails for some."""
        whole = for_all_units(self._system, body)
        for values, small, states in self._instances:
            asked = whole
            if values:
                (prop,) = instantiated(self._system, values, (Property("asked", Kind.INVARIANT, whole),))[1]
                asked = prop.formula
            columns = [small.slot[name] for name in self._names]
            for state in states:
                if not evaluate(asked, state, small.slot):
                    yield tuple(state[column] for column in columns)


def _sizes(system: TransitionSystem) -> Iterator[dict[str, int]]:
    """Small values of all parameters."""
    if not extents(system) and not system.parametric:
        yield {}
        return
    for more in range(SIZES):
        yield {v.name: bounds(scalar_of(v.sort))[0] + more for v in system.parametric}
