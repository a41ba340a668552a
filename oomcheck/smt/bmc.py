"""Bounded model checking: whether a bad state is reached in 0, 1, 2, ... steps.

Biere, Cimatti, Clarke, Zhu, "Symbolic model checking without BDDs" (1999). Of a finite system the questions are
about bits, and a solver for Booleans answers them; of a parametric one they are about integers and arrays, and may
stay open.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import TypeVar

import z3

from oomcheck.ir.expr import Expr
from oomcheck.ir.sorts import bounds, scalar_of
from oomcheck.ir.system import TransitionSystem
from oomcheck.prop.property import Kind, Property
from oomcheck.smt.outcome import Budget, Open, Question, Refutation, UpTo
from oomcheck.smt.unroll import NoAnswerError, Unrolling
from oomcheck.transform.instantiate import instantiated

Key = TypeVar("Key", bound=Hashable)
Answer = Refutation | UpTo | Open

#: The reason of an UpTo where no path has more steps, so that all reachable states were looked at.
NOTHING_DEEPER = "nothing is deeper"
#: Values of the parameters, counted from their least ones, that are tried before all values at once; and how deep, if
#: nothing else says so.
SMALL = 3
SMALL_DEPTH = 40


def bmc(question: Question, budget: Budget, start: int = -1) -> Answer:
    """The first bad state, by the fewest steps; bad states within `start` steps are known not to exist.

    Without a depth in the budget it goes on until a limit ends it or nothing is deeper. Lemmas are not used.
    """
    return bmc_many(question.system, {0: question.bad}, budget, start)[0]


def bmc_many(
    system: TransitionSystem, bads: Mapping[Key, Expr], budget: Budget, start: int = -1
) -> Mapping[Key, Answer]:
    """`bmc` for several conditions on one unrolling; it ends when each of them is reached.

    Of a parametric system the least values of the parameters are tried first, for half of the budget, so the path at
    those values is preferred to a shorter one at greater values.
    """
    if not system.parametric:
        return _unrolled(system, bads, budget, start)
    found: dict[Key, Answer] = {}
    begin = time.monotonic()
    for values in _small(system):
        left = {key: bad for key, bad in bads.items() if key not in found}
        instance, instances = _instantiated(system, left, values)
        answers = _unrolled(instance, instances, _share(budget), start)
        found |= {
            key: replace(answer, values=values) for key, answer in answers.items() if isinstance(answer, Refutation)
        }
    left = {key: bad for key, bad in bads.items() if key not in found}
    seconds = None if budget.seconds is None else budget.seconds - (time.monotonic() - begin)
    rest = replace(budget, seconds=seconds, rlimit=None if budget.rlimit is None else budget.rlimit // 2)
    found |= _unrolled(system, left, rest, start)
    return {key: found[key] for key in bads}


def _small(system: TransitionSystem) -> Iterator[Mapping[str, int]]:
    for more in range(SMALL):
        yield {v.name: bounds(scalar_of(v.sort))[0] + more for v in system.parametric}


def _share(budget: Budget) -> Budget:
    """What one set of values may cost."""
    return replace(
        budget,
        depth=SMALL_DEPTH if budget.depth is None else budget.depth,
        seconds=None if budget.seconds is None else budget.seconds / (2 * SMALL),
        rlimit=None if budget.rlimit is None else budget.rlimit // (2 * SMALL),
    )


def _instantiated(
    system: TransitionSystem, bads: Mapping[Key, Expr], values: Mapping[str, int]
) -> tuple[TransitionSystem, Mapping[Key, Expr]]:
    properties = [Property(str(number), Kind.NEVER, bad) for number, bad in enumerate(bads.values())]
    instance, found = instantiated(system, values, properties)
    return instance, {key: prop.formula for key, prop in zip(bads, found, strict=True)}


def _unrolled(system: TransitionSystem, bads: Mapping[Key, Expr], budget: Budget, start: int) -> Mapping[Key, Answer]:
    """`bmc_many` on the system as it is."""
    if not bads:
        return {}
    found: dict[Key, Answer] = {}
    done = start
    reason, is_open = "", False
    try:
        unrolling = Unrolling(system, bads, budget)
        for depth in count():
            if depth > start:
                budget.tell(f"bounded search, bound {depth}")
                for key, path in unrolling.reached(depth):
                    found[key] = path
                done = depth
            else:
                unrolling.exclude(depth)
            if not unrolling.left:
                break
            if depth == budget.depth:
                reason = f"depth limit {depth}"
            elif unrolling.escapes(depth):
                reason, is_open = "a value may leave its declared range", True
            elif not unrolling.deepen():
                reason = NOTHING_DEEPER
            if reason:
                break
    except NoAnswerError as stop:
        reason, is_open = stop.reason, not stop.limit
    except z3.Z3Exception as problem:
        reason, is_open = f"Z3: {problem}", True
    except MemoryError:
        reason, is_open = "out of memory", True
    rest: Answer = Open(reason, done) if is_open or done < 0 else UpTo(done, reason)
    return {key: found.get(key, rest) for key in bads}
